"""The launcher: what it sets, what its program inherits, what it says when it fails, and the end of its server."""

import contextlib
import json
import os
import socket
import subprocess
import sys

import pytest

from tencentserverless.local.worker.run_directory import LAUNCHER, RunDirectory
from tencentserverless.local.worker.watchdog import WATCH
from tencentserverless.local.worker.web_ports import failure_of, launch_command, receive

LOOK = """
import json, os, sys
mask = os.umask(0)
files = [name for name in os.listdir("/proc/self/fd") if int(name) > 2 and os.path.exists("/proc/self/fd/" + name)]
print(json.dumps([mask, os.read(0, 1).decode(), files, sys.argv[1:]]), flush=True)
"""


@pytest.fixture
def folder():
    directory = RunDirectory()
    yield directory.child_folder
    directory.close()


@contextlib.contextmanager
def launched(folder, command, **changes):
    """A launcher's process, and what it says."""
    ours, theirs = socket.socketpair()
    with ours:
        plan = {
            "socket": theirs.fileno(),
            "umask": 0o027,
            "watchdog": "",
            "isolation": None,
            "filters": False,
            "tries": 0,
        }
        process = subprocess.Popen(
            launch_command(folder / LAUNCHER, {**plan, "command": command, **changes}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "_SCF_INSTANCE": "launcher-test/1."},
        )
        theirs.close()
        with process:
            yield process, ours
            process.kill()


def said(ours):
    return receive(ours)[0]


def test_what_the_program_gets(folder):
    if not os.path.exists("/proc/self/fd"):
        pytest.skip("reads /proc, which this system has not")
    with launched(folder, [sys.executable, "-c", LOOK, "word"]) as (process, ours):
        assert said(ours) == b""  # its end of the pair closes as it becomes the program
        assert json.loads(process.stdout.readline()) == [0o027, "", [], ["word"]]


@pytest.mark.parametrize(("name", "mode", "number"), [("missing", None, 2), ("text", 0o755, 8), ("locked", 0o644, 13)])
def test_a_program_that_can_not_be_started(folder, tmp_path, name, mode, number):
    path = tmp_path / name
    if mode is not None:
        path.write_text("no program\n")
        path.chmod(mode)
    with launched(folder, [str(path)]) as (process, ours):
        found, words = failure_of(said(ours))
        assert (found, words) == (number, os.strerror(number))
        assert process.wait() == 127


def test_the_watchdog_ends_the_program_with_the_server(folder):
    command = ["/bin/sh", "-c", "echo runs; sleep 300 & wait"]
    with launched(folder, command, watchdog=WATCH) as (process, _):
        assert process.stdout.readline() == b"runs\n"
        process.stdin.close()  # as the kernel closes the pipes of a killed server
        assert process.wait(20) == -9
        assert process.stdout.read() == b""  # nobody holds the pipe: the sleep is gone too
