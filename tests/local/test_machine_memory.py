"""The memory that there is where a container has less than its machine, and the order in which processes end."""

import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local import machine_memory, settings
from tencentserverless.local.machine_memory import let_server_live_longer, read_memory_limit
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import scf_command

GIB = 1024**3
MIB = 1024**2
SMALL_BYTES = 200 * MIB  # more than the server and a few instances, less than all functions below
COUNT, EACH_MB = 40, 10
HUNGRY = """
held = []
def main_handler(event, context):
    for _ in range(event["mb"]):
        held.append(bytearray(b"x" * 1048576))
    return len(held)
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine of 16 GiB, whatever this one has."""
    monkeypatch.setattr(machine_memory, "_machine_bytes", lambda: 16 * GIB)


@pytest.fixture
def read(tmp_path):
    """Reads the limit of a process with this /proc/self/cgroup, where the groups have these files."""

    def read(groups, files):
        (tmp_path / "cgroup").write_text(groups)
        for name, content in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{content}\n")
        return read_memory_limit(tmp_path / "cgroup", tmp_path / "mount")

    return read


@pytest.mark.parametrize(
    ("groups", "files", "usable_bytes"),
    [
        ("0::/\n", {"memory.max": 2 * GIB}, 2 * GIB),
        ("0::/\n", {"memory.max": "max"}, 16 * GIB),
        ("0::/a/b\n", {"a/memory.max": GIB, "a/b/memory.max": "max"}, GIB),
        ("0::/a/b\n", {"a/memory.max": 3 * GIB, "a/b/memory.max": 2 * GIB}, 2 * GIB),
        ("0::/host/docker/7f\n", {"memory.max": GIB}, GIB),  # the path is the host's
        ("0::/../a\n", {"a/memory.max": GIB}, GIB),
        ("0::/\n", {"memory.max": 64 * GIB}, 16 * GIB),
        ("4:memory:/a\n0::/\n", {"memory/a/memory.limit_in_bytes": GIB}, GIB),
        ("4:cpu,memory:/docker/7f\n", {"memory/memory.limit_in_bytes": GIB}, GIB),
        ("4:memory:/a\n", {"memory/a/memory.limit_in_bytes": 9223372036854771712}, 16 * GIB),
        ("3:cpuset:/a\n", {"memory/a/memory.limit_in_bytes": GIB, "a/memory.max": GIB}, 16 * GIB),
        ("4:name=memory:/a\n", {"memory/a/memory.limit_in_bytes": GIB}, 16 * GIB),
        ("", {"memory.max": GIB}, 16 * GIB),
        ("nonsense\n::\n", {}, 16 * GIB),
    ],
)
def test_the_least_limit_of_the_own_group_and_those_around_it(read, groups, files, usable_bytes):
    assert read(groups, files).usable_bytes == usable_bytes


def test_a_system_that_tells_nothing_has_no_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_memory, "_machine_bytes", lambda: None)
    limit = read_memory_limit(tmp_path / "nothing", tmp_path)
    assert limit.usable_bytes is None
    assert not limit.is_memory_short()


@pytest.mark.parametrize(
    ("limit_bytes", "processes"), [(100 * MIB, 4), (GIB, 10), (4 * GIB, 42), (16 * GIB, 128), (64 * GIB, 128)]
)
def test_so_many_processes_fit_into_a_container(monkeypatch, read, limit_bytes, processes):
    limit = read("0::/\n", {"memory.max": limit_bytes})
    monkeypatch.setattr(settings, "read_memory_limit", lambda: limit)
    monkeypatch.setattr(settings, "count_instances", lambda: 1000)
    assert settings.Limits().all_instances == processes


V2 = ("0::/a\n", "a/memory.max", "a/memory.current", "a/memory.stat", "inactive_file")
V1 = (
    "4:memory:/a\n",
    "memory/a/memory.limit_in_bytes",
    "memory/a/memory.usage_in_bytes",
    "memory/a/memory.stat",
    "total_inactive_file",
)


@pytest.mark.parametrize(("groups", "limit", "usage", "stat", "key"), [V1, V2])
@pytest.mark.parametrize(
    ("used", "cached", "is_short"),
    [(900, 0, False), (901, 0, True), (1000, 100, False), (1000, 99, True), (0, 0, False)],
)
def test_memory_is_short_above_nine_tenths_without_cached_files(
    read, groups, limit, usage, stat, key, used, cached, is_short
):
    lines = f"anon 5\nactive_file 70\n{key} {cached * MIB}\n{key}_more 7"
    assert read(groups, {limit: 1000 * MIB, usage: used * MIB, stat: lines}).is_memory_short() is is_short


def test_files_that_can_not_be_read_are_no_shortage(read):
    assert not read("0::/a\n", {"a/memory.max": GIB}).is_memory_short()
    assert read("0::/a\n", {"a/memory.max": GIB, "a/memory.current": GIB}).is_memory_short()


@pytest.mark.parametrize(("own", "child"), [("0\n", "500\n"), ("-999\n", "-499\n"), ("800\n", "1000\n")])
def test_a_child_is_killed_before_the_server(tmp_path, own, child):
    for name, text in (("self", own), ("7", "0\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "oom_score_adj").write_text(text)
    let_server_live_longer(7, tmp_path)
    assert (tmp_path / "7" / "oom_score_adj").read_text() == child


def test_a_system_without_scores_and_an_ended_child_are_no_error(tmp_path):
    let_server_live_longer(7, tmp_path)
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "oom_score_adj").write_text("0\n")
    let_server_live_longer(7, tmp_path)
    assert not (tmp_path / "7").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the score")
def test_instances_of_a_server_are_killed_before_it(start_local_scf, tmp_path):
    (tmp_path / "score").mkdir()
    (tmp_path / "score" / "index.py").write_text(
        "def main_handler(event, context):\n    return int(open('/proc/self/oom_score_adj').read())\n"
    )
    server = start_local_scf(tmp_path / "score")
    own = int(Path(f"/proc/{server.process.pid}/oom_score_adj").read_text())
    assert server.invoke("score", {})["RetMsg"] == str(min(own + 500, 1000))


@pytest.fixture
def small_group():
    """The folder of a new control group with little memory."""
    kinds = {"memory.max": Path("/sys/fs/cgroup"), "memory.limit_in_bytes": Path("/sys/fs/cgroup/memory")}
    for limit_name, mount in kinds.items():
        folder = mount / f"scf-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            if is_limited(folder / limit_name):
                yield folder
                return
        finally:
            remove_group(folder)
    pytest.skip("no control group with a limit of memory can be made here")


def is_limited(limit_file):
    """True if this version of control groups manages memory here, and now gives little of it."""
    with contextlib.suppress(OSError):
        if limit_file.exists():
            limit_file.write_text(str(SMALL_BYTES))
            return True
    return False


def remove_group(folder):
    deadline = time.monotonic() + 20
    while folder.exists():
        with contextlib.suppress(OSError):  # a process of it is just ending
            folder.rmdir()
            return
        assert time.monotonic() < deadline, "processes are left in the control group"
        time.sleep(0.05)


@pytest.fixture
def start_in_group(small_group, start_local_scf):
    """Starts a server in that group."""

    def start(root):
        command = scf_command("local", "start", root, "--port", 0, "--ephemeral", "--env-file")
        script = f'echo $$ > {small_group}/cgroup.procs && exec "$@"'
        return start_local_scf._start(["sh", "-c", script, "sh", *command], {})

    return start


@pytest.fixture
def functions(tmp_path):
    root = tmp_path / "functions"
    for name in ("hungry", *(f"fn{number}" for number in range(COUNT))):
        (root / name).mkdir(parents=True)
        (root / name / "index.py").write_text(HUNGRY)
    (root / "hungry" / "serverless.yml").write_text(
        f"component: scf\nname: hungry\ninputs: {{name: hungry, src: ., memorySize: 3072, runtime: {OWN_RUNTIME}}}\n"
    )
    return root


def count_kills(folder):
    """How many processes of a control group the kernel has killed for memory."""
    for name in ("memory.events", "memory.oom_control"):
        if (folder / name).exists():
            return int(dict(line.split() for line in (folder / name).read_text().splitlines()).get("oom_kill", 0))
    return 0


@pytest.mark.proof
def test_many_functions_and_a_hungry_one_leave_the_server_alive(start_in_group, functions, small_group):
    server = start_in_group(functions)
    with ThreadPoolExecutor(8) as callers:
        results = list(callers.map(lambda number: server.invoke(f"fn{number}", {"mb": EACH_MB}), range(COUNT)))
    assert {(result["ErrMsg"], result["RetMsg"]) for result in results} == {("", str(EACH_MB))}
    assert count_kills(small_group) == 0
    assert server.invoke("hungry", {"mb": 1000})["ErrMsg"]
    assert server.invoke("fn0", {"mb": 0})["ErrMsg"] == ""
    assert server.process.poll() is None
