"""Servers that listen on port 9000 in their own code run unchanged, side by side, as a user without privileges."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.isolation import find_isolation
from tests.environments import ROOT, make_once
from tests.local.worker.test_web_worker import SERVERS, start_two
from tests.local.worker.web_functions import record_of, serving, site_packages, write_web

EXPRESS = """
const express = require('express');
const app = express();
app.get('/', (request, response) => response.json({ pid: process.pid }));
app.listen(9000);
"""
NOBODY = 65534
NAMES = ("http.server", "flask", "fastapi", "express")


def install_express() -> Path:
    """The folder of Express's packages; skips the test where npm can't bring them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no node and npm on PATH")

    def make(folder: Path) -> None:
        folder.mkdir()
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "express@5"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            shutil.rmtree(folder)
            pytest.skip(f"npm can't install express: {done.stderr.strip().splitlines()[:1]}")

    return make_once("express", "5", make)


def write_express(folder: Path) -> Path:
    """A function of Express; its first line names the cloud's Node.js."""
    shutil.copytree(install_express() / "node_modules", folder / "node_modules")
    (folder / "app.js").write_text(EXPRESS)
    return write_web(folder, "/var/lang/node20/bin/node app.js")


def write(folder: Path, name: str) -> Path:
    """One of the functions of these tests."""
    if name == "express":
        return write_express(folder)
    code, start = SERVERS[name]
    return write_web(folder, start, app=code)


@pytest.mark.proof
@pytest.mark.parametrize("way", ["seccomp", "shims"])
@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_express_in_two_instances(tmp_path, way, isolation):
    found = find_isolation(Settings(tmp_path, isolation=isolation))
    assert len(asyncio.run(start_two(write_express(tmp_path / "site"), isolation=found, web_ports=way))) == 2


@pytest.mark.parametrize("name", ["flask", pytest.param("fastapi", marks=pytest.mark.proof)])
def test_shims_reach_python_in_a_namespace_too(tmp_path, name):
    found = find_isolation(Settings(tmp_path))
    assert len(asyncio.run(start_two(write(tmp_path / "site", name), isolation=found, web_ports="shims"))) == 2


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that a user without privileges owns."""
    folder = Path(tempfile.mkdtemp(prefix="scf-test-"))
    yield folder
    shutil.rmtree(folder)


def find_python() -> tuple[list[str], dict[str, str]]:
    """An interpreter that a user without privileges can run, of this version, and its environment."""
    purelib = sysconfig.get_path("purelib")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}:{purelib}", "LANG": "C.UTF-8"}
    name = "python{}.{}".format(*sys.version_info[:2])
    for path in (os.path.realpath(sys.executable), f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        command = [path, "-P" if sys.version_info >= (3, 11) else "-s"]
        probe = [*command, "-c", "import msgspec, psutil, flask"]
        try:
            if not subprocess.call(probe, env=environment, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/"):
                return command, environment
        except OSError:
            continue
    pytest.skip(f"no interpreter of {name} that another user can run")


@pytest.mark.proof
@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_all_run_side_by_side_as_a_user_without_privileges(place, isolation):
    for name in NAMES:
        write(place / name, name)
    if os.geteuid():
        run_all(place, isolation)
        return
    command, environment = find_python()
    for path in [place, *place.rglob("*")]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    options = {"env": environment, "user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": place}
    done = subprocess.run(
        [*command, "-m", __name__, place, isolation],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "two of each: 8" in done.stdout


def run_all(place: Path, isolation: str) -> None:
    """Serve all functions in two instances each, all of them at once."""

    async def scenario() -> None:
        found = find_isolation(Settings(place, isolation=isolation))
        async with serving(found, packages=[site_packages()], web_ports="seccomp") as site:
            records = [record_of(place / name, name.replace(".", "-"), memory_mb=512) for name in NAMES]
            pairs = await asyncio.gather(*(site.launch(record, 2) for record in records))
            got = await asyncio.gather(*(site.ask(instance) for pair in pairs for instance in pair))
            assert all("pid" in json.loads(each.body) for each in got)
            addresses = {each.exchange.address for each in got}
            print("two of each:", len(addresses))

    asyncio.run(scenario())


if __name__ == "__main__":
    assert os.geteuid() == NOBODY
    run_all(Path(sys.argv[1]), sys.argv[2])
