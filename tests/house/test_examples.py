"""The spec's programs print what the spec says, and ``make demo`` shows it."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import end_process, wait_until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
HELLO = '"Hello World from the function being invoked"'
DONE = '"Already invoked a function!"'
PREPARE = "prepare to invoke a function!"
#: The platform's rule for a function's name.
FUNCTION_NAME = re.compile(r"^[A-Za-z][\w-]{0,58}[A-Za-z0-9]$")


def run_caller(name: str, *arguments: str, env: dict[str, str], folder: str = "callers") -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / folder / name), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", ["PythonInvokeTestWay1.py", "PythonInvokeTest.py", "PythonInvokeTestNative.py"])
def test_local_caller_prints_what_the_spec_says(name: str, examples_env: dict[str, str]) -> None:
    assert run_caller(name, env=examples_env) == f"{PREPARE}\n{HELLO}\n"


@pytest.mark.parametrize("function", ["PythonInvokeTest", "PythonInvokeTestClient"])
def test_function_in_chengdu_calls_function_in_guangzhou(function: str, examples_env: dict[str, str]) -> None:
    result, _, *log = run_caller("cross_region.py", function, env=examples_env).splitlines()
    assert result == DONE
    assert [line for line in log if line in (PREPARE, HELLO)] == [PREPARE, HELLO]


def test_timing_tells_cold_and_warm(examples_env: dict[str, str]) -> None:
    printed = run_caller("timing.py", env=examples_env)
    pattern = r"cold: 1 call, (\d+\.\d) ms\nwarm: 50 calls on one connection, median (\d+\.\d\d) ms\n"
    found = re.fullmatch(pattern, printed)
    assert found, printed
    assert all(float(text) > 0 for text in found.groups())


def test_a_pool_of_processes_shares_a_handle(examples_env: dict[str, str]) -> None:
    printed = run_caller("process_pool.py", env=examples_env, folder="engines")
    assert printed == f"40 answers, all the same: True\nfirst: {HELLO}\n"


@pytest.mark.proof
def test_a_dask_cluster_of_processes_fans_out(examples_env: dict[str, str]) -> None:
    """Without ``-W error``, and whatever stands on standard error: that is Dask's own affair."""
    command = [sys.executable, str(EXAMPLES / "engines" / "dask_cluster.py")]
    done = subprocess.run(command, env=examples_env, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            "client.map: 40 answers",
            f"dask.bag: [({HELLO[1:-1]!r}, 40)]",
            "an error comes back: ResourceNotFound.Function, executed: no",
        ],
    ), done.stderr


def test_functions_have_names_and_regions_of_the_platform() -> None:
    found = {}
    for path in EXAMPLES.glob("functions/*/serverless.yml"):
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert manifest["component"] == "scf"
        assert FUNCTION_NAME.match(manifest["inputs"]["name"])
        found[manifest["inputs"]["name"]] = manifest["inputs"]["region"]
    assert found == {
        "FuncInvoked": "ap-guangzhou",
        "PythonInvokeTest": "ap-chengdu",
        "PythonInvokeTestClient": "ap-chengdu",
    }


def copy_examples(folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("__pycache__", ".scf")))


def run_demo(examples: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(examples / "demo.py")]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=150, check=False)


def is_listening(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_demo_shows_every_program_and_the_times() -> None:
    done = run_demo(EXAMPLES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(f"{PREPARE}\n{HELLO}\n") >= 3
    assert done.stdout.count(f"{DONE}\n") == 2
    assert re.search(r"cold: .* ms\nwarm: .* ms\n\Z", done.stdout)
    assert not is_listening(re.search(r"http://([\d.]+:\d+)", done.stdout)[1])


@pytest.mark.proof
def test_demo_fails_if_a_function_says_something_else(tmp_path: Path) -> None:
    examples = copy_examples(tmp_path)
    index = examples / "functions" / "FuncInvoked" / "index.py"
    index.write_text(index.read_text(encoding="utf-8").replace("Hello World", "Good bye"), encoding="utf-8")
    done = run_demo(examples)
    assert done.returncode == 1
    assert f"it should have printed {HELLO!r}" in done.stderr
    assert "Good bye from" in done.stderr
    assert not is_listening(re.search(r"http://([\d.]+:\d+)", done.stdout)[1])


def test_demo_shows_what_a_server_said_that_did_not_start(tmp_path: Path) -> None:
    examples = copy_examples(tmp_path)
    manifest = examples / "functions" / "FuncInvoked" / "serverless.yml"
    manifest.write_text("component: scf\ninputs: [\n", encoding="utf-8")
    done = run_demo(examples)
    assert done.returncode == 1
    assert "did not become ready" in done.stderr
    assert "serverless.yml" in done.stderr
    assert "Traceback" not in done.stderr


def find_processes(folder: Path) -> dict[int, str]:
    """The command lines of the processes that run a file of a folder, by process id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            line = path.read_text(encoding="utf-8", errors="replace").replace("\0", " ")
            if str(folder) in line:
                found[int(path.parent.name)] = line
    return found


def list_processes(folder: Path) -> list[str]:
    return list(find_processes(folder).values())


@pytest.mark.usefixtures("sigint_is_heard")
@pytest.mark.proof
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_ends_quietly_and_takes_the_server_along(number: signal.Signals, tmp_path: Path) -> None:
    examples = copy_examples(tmp_path)
    (examples / "callers" / "PythonInvokeTestWay1.py").write_text("import time\ntime.sleep(1000)\n", encoding="utf-8")
    command = [sys.executable, "-u", str(examples / "demo.py")]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    try:
        printed = ""
        for line in demo.stdout:
            printed += line
            if line.startswith("=== 1."):
                break
        demo.send_signal(number)
        rest, complaints = demo.communicate(timeout=60)
    finally:
        end_process(demo)
    assert (demo.returncode, complaints) == (130, "")
    assert "Ran " not in rest
    assert not is_listening(re.search(r"http://([\d.]+:\d+)", printed)[1])
    assert list_processes(examples) == []


@pytest.mark.proof
def test_a_server_ends_with_the_demo_though_that_is_killed(tmp_path: Path) -> None:
    examples = copy_examples(tmp_path)
    (examples / "callers" / "timing.py").write_text("import time\ntime.sleep(1000)\n", encoding="utf-8")
    command = [sys.executable, "-u", str(examples / "demo.py")]
    demo = subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="utf-8", env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        lines = iter(demo.stdout.readline, "")
        address = next(found[1] for line in lines if (found := re.search(r"ready at http://([\d.]+:\d+)", line)))
        assert is_listening(address)
        wait_until(lambda: list_processes(examples / "callers"))
    finally:
        callers = find_processes(examples / "callers")
        demo.kill()
        demo.wait()
        demo.stdout.close()
        for pid in callers:
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_listening(address) and list_processes(examples) == [])
