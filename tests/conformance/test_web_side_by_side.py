"""Servers that listen on port 9000 in their own code, two instances each at once, for a user without privileges."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.conformance.servers.sites import Site, node_place, own_place, write
from tests.conformance.servers.table import SERVERS
from tests.conftest import LocalScf, end_process, read_line, wait_until
from tests.environments import ROOT
from tests.local.worker.test_web_servers import NOBODY, find_python

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]  # the first run installs Express

NAMES = ("flask", "fastapi", "express")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that a user without privileges reaches and owns."""
    folder = Path(tempfile.mkdtemp(prefix="scf-test-"))
    yield folder
    shutil.rmtree(folder)


def start_as_nobody(place: Path, stack: ExitStack) -> LocalScf:
    """Start a local SCF as another user, where this one is root."""
    command, environment = find_python()
    options = {"cwd": place, "env": {**environment, "HOME": str(place), "TMPDIR": str(place)}}
    if not os.geteuid():
        for path in [place, *place.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        options |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    words = [
        "local",
        "start",
        place / "functions",
        "--port",
        "0",
        "--ephemeral",
        "--unlisted",
        "--env-file",
        place / "env",
    ]
    words += ["--share", place, "--share", ROOT] if ROOT.is_relative_to(tempfile.gettempdir()) else ["--share", place]
    with (place / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            [*command, "-m", "tencentserverless", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            **options,
        )
    stack.callback(end_process, process)
    line = read_line(process)
    assert line.startswith("SCF local ready at "), (place / "stderr").read_text()
    url = line.split()[-1]
    host, _, port = url.rpartition("//")[2].rpartition(":")
    pairs = (entry.partition("=") for entry in (place / "env").read_text().splitlines())
    return LocalScf(url, host, int(port), {name: value for name, _, value in pairs}, process, place / "stderr")


def test_six_instances_listen_on_port_9000_at_one_moment(place: Path) -> None:
    servers = {each.name: each for each in SERVERS}
    for name in NAMES:
        write(place / "functions" / name, servers[name], node_place() if name == "express" else own_place())
    gates = [place / f"{name}-{number}" for name in NAMES for number in (1, 2)]
    with ExitStack() as stack:
        server = start_as_nobody(place, stack)
        sites = {name: Site(server, name) for name in NAMES}

        def hold(gate: Path) -> tuple[str, str]:
            name = gate.name.partition("-")[0]
            status, _, body = sites[name].ask("GET", f"/?gate={gate}")
            assert status == 200, body
            return name, json.loads(body)["instance"]

        with ThreadPoolExecutor(len(gates)) as pool:
            held = [pool.submit(hold, gate) for gate in gates]
            wait_until(lambda: all(Path(f"{gate}.begun").exists() for gate in gates) or any(map(is_done, held)), 60)
            users = {each.uids().real for each in psutil.Process(server.process.pid).children(recursive=True)}
            for gate in gates:
                gate.touch()
            found = [each.result() for each in held]
        assert users == {os.geteuid() or NOBODY}
        assert sorted(name for name, _ in set(found)) == sorted(NAMES * 2)
        assert "of an address each, by seccomp" in server.stderr


def is_done(future: object) -> bool:
    return future.done()
