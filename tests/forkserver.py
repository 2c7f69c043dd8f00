"""Processes of ``scf`` and of pytest that need not load it: they are forks of one that has.

To load the command line and the rooms of the local SCF takes four times as long as what most tests ask of them. One
process a worker of pytest loads them once, and forks for each command. A fork is a process like any other: it has its
own environment, folder, files and exit code, and gets signals. How ``scf`` starts by itself, and what it loads, is
proven by the tests that start it by themselves, as ``subprocess`` does.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO

from tests import fork_template

SOURCE = Path(__file__).parent.parent / "src"
#: What the tests give to each process: our source, and English whatever the developer speaks.
GIVEN = {"PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8"}
#: What an interpreter, the C library or a tool around it reads at the start: who changes these needs a start.
READ_AT_START = ("PYTHON", "LC_", "LANG", "COVERAGE", "MALLOC", "LD_", "DYLD_", "OPENSSL", "TZ")
#: Signals that are ignored in a child if they are in its parent.
INHERITED = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


class Fork:
    """A process, with the part of ``subprocess.Popen`` that the tests use. Its output is text."""

    def __init__(self, args: Sequence[str], pid: int, end: int, stdout: "IO[str] | None" = None) -> None:
        self.args = list(args)
        self.pid = pid
        self.returncode: int | None = None
        self.stdin = self.stderr = None
        self.stdout = stdout
        self._end = end  # a pipe that brings the exit code

    def poll(self) -> "int | None":
        """Its exit code, None as long as it runs."""
        return self._look(0)

    def wait(self, timeout: "float | None" = None) -> int:
        """Its exit code, when it has ended."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _look(self, seconds: "float | None") -> "int | None":
        if self.returncode is None and wait([self._end], seconds):
            text = os.read(self._end, 16)
            os.close(self._end)
            assert text, "the process that forks has died"
            self.returncode = int(text)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Template:
    """The process that has loaded what a module needs, and forks."""

    def __init__(self, module: str) -> None:
        self._module = module
        ours, theirs = socket.socketpair()
        self._socket = ours
        self.environment = {name: text for name, text in os.environ.items() if not name.startswith("TENCENT")}
        self.environment.update(GIVEN)
        # The last word stands in the lists of processes, by which scf local stop knows a server.
        command = [sys.executable, fork_template.__file__, str(theirs.fileno()), module]
        with theirs:
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # no terminal: what a fork prints goes out in blocks, as into any pipe
                pass_fds=[theirs.fileno()],
            )

    def can_fork(self, command: Sequence[str], environment: Mapping[str, str]) -> bool:
        """Whether a fork is what a start of this command would be."""
        names = {name for name in {*environment, *self.environment} if name.startswith(READ_AT_START)}
        return (
            command[0] == sys.executable
            and (command[1:3] == ["-m", self._module] or command[1] == "-c")
            and all(_read(name, environment) == _read(name, self.environment) for name in names)
        )

    def fork(
        self, command: Sequence[str], environment: Mapping[str, str], folder: "Path | None", files: "Sequence[int]"
    ) -> "tuple[int, int]":
        """Fork for a command.

        :param files: its standard input, output and error
        :return: its pid, and a pipe that brings its exit code
        """
        end, its_end = os.pipe()
        words = {
            "command": command[1:],
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "ignored": [number for number in INHERITED if signal.getsignal(number) is signal.SIG_IGN],
        }
        text = json.dumps(words).encode() + b"\n"
        sent = socket.send_fds(self._socket, [text], [*files, its_end])
        self._socket.sendall(text[sent:])
        os.close(its_end)
        return int(self._socket.recv(16)), end

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def _read(name: str, environment: Mapping[str, str]) -> "str | None":
    """What a start would make of a variable: of the locale it takes the encoding, and our texts look at it later."""
    text = environment.get(name)
    return text.rpartition(".")[2] if name == "LC_ALL" and text is not None else text


_templates: "dict[str, Template]" = {}


def template(command: "Sequence[str]" = ()) -> Template:
    """The one of this process that is near to a command; it starts when it is asked for."""
    module = "pytest" if command[1:3] == ["-m", "pytest"] else "tencentserverless"
    if module not in _templates:
        _templates[module] = Template(module)
    return _templates[module]


def close_templates() -> None:
    """End those that there are."""
    while _templates:
        _templates.popitem()[1].close()


def start(command: Sequence[str], environment: Mapping[str, str], error: IO[str]) -> "Fork | subprocess.Popen[str]":
    """Start a command whose output is a pipe."""
    if not template(command).can_fork(command, environment):
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=error, text=True, env=environment)
    out, its_out = os.pipe()
    try:
        pid, end = template(command).fork(command, environment, None, (0, its_out, error.fileno()))
    finally:
        os.close(its_out)
    return Fork(command, pid, end, os.fdopen(out, encoding="utf-8"))


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: "Path | None",
    seconds: float,
    given: "str | None" = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end.

    :param given: its standard input; without it, it has ours
    """
    if not template(command).can_fork(command, environment):
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            env=environment,
            cwd=folder,
            timeout=seconds,
            check=False,
        )
    with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        text.write((given or "").encode())
        text.seek(0)
        files = (0 if given is None else text.fileno(), out.fileno(), error.fileno())
        pid, end = template(command).fork(command, environment, folder, files)
        process = Fork(command, pid, end)
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
            process.wait()
        texts = []
        for file in (out, error):
            file.seek(0)
            texts.append(file.read().decode("utf-8").replace("\r\n", "\n"))
    return subprocess.CompletedProcess(list(command), code, *texts)
