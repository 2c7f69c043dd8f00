"""``scf`` on a simulated Windows: no module of POSIX imports, and ``sys.platform`` says so."""

import json
import subprocess
import sys

import pytest

from tests.conftest import child_environment

#: Modules of others ask for the platform when they load, and would look for Windows itself.
SIMULATION = """
import asyncio, rich.console, runpy, ssl, subprocess, sys
import click, tencentserverless.scf
import tencentserverless._base.file_lock  # asks os.name, which can't be simulated: pathlib asks it too
sys.platform = "win32"
for name in ("fcntl", "grp", "pwd", "resource", "termios", "uvloop"):
    sys.modules[name] = None
from tencentserverless.cli.main import main
sys.exit(main())
"""


def run_on_windows(*words, env=None, stdin=""):
    command = [sys.executable, "-c", SIMULATION, *words]
    environment = {**child_environment(), **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, env=environment, input=stdin, check=False)


@pytest.mark.parametrize("words", [(), ("start",), ("start", "--help"), ("status",), ("logs", "-f"), ("nothing",)])
def test_the_local_scf_says_where_it_runs(words):
    done = run_on_windows("local", *words)
    sentence = "scf: error: the local SCF runs on Linux and macOS; on Windows, use WSL\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_what_needs_a_part_of_the_local_scf_says_so_too():
    local = run_on_windows("invoke", "echo", "--local")
    sentence = "scf: error: --local: the local SCF runs on Linux and macOS; on Windows, use WSL\n"
    assert (local.returncode, local.stdout, local.stderr) == (2, "", sentence)
    deploy = run_on_windows("deploy", "--dry-run")
    sentence = "scf: error: scf deploy runs on Linux and macOS; on Windows, use WSL\n"
    assert (deploy.returncode, deploy.stdout, deploy.stderr) == (2, "", sentence)


def test_a_listing_and_the_commands_without_a_network_work():
    assert "doctor" in run_on_windows("--help").stdout
    assert run_on_windows("explain", "432").stdout.startswith("432 ")
    assert json.loads(run_on_windows("event", "timer").stdout)["Type"] == "Timer"


@pytest.mark.parametrize("name", ["invoke", "map", "logs", "functions", "init", "doctor"])
def test_the_other_commands_load(name):
    done = run_on_windows(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_calls_work(server):
    assert json.loads(run_on_windows("invoke", "echo", "-d", '{"a": 1}', env=server.env).stdout) == {"a": 1}
    mapped = run_on_windows("map", "echo", env=server.env, stdin="1\n2\n")
    assert [json.loads(line)["result"] for line in mapped.stdout.splitlines()] == [1, 2]
    logs = run_on_windows("logs", "echo", env=server.env)
    assert "heard 2" in logs.stdout
    doctor = run_on_windows("doctor", env=server.env)
    assert (doctor.returncode, doctor.stderr) == (0, "")
