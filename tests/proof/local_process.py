"""A local SCF in a process of its own that is ended and started again on the same state, and the file that tells what
ran: every function appends to it, outside of all that the server keeps."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests import forkserver
from tests.conftest import Request, child_environment, read_line

TELL_SECONDS = 2.0  # within which a server has written for what its tasks wait
END_SECONDS = 60.0
CALL_SECONDS = 30.0
REGION = "ap-guangzhou"
#: The beginning of a function that tells when something happens in it. It takes the path of the file.
APPEND = """
import os, time

def append(text):
    file = os.open({path!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, ("%s %.6f\\n" % (text, time.time())).encode())
    os.close(file)
"""


class Ran:
    """The file that functions append to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_bytes = 0

    def read_new(self) -> "Iterator[tuple[str, float]]":
        """What was told since the last time, each with its UNIX seconds."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read_bytes += len(line)
                text, _, at = line.decode().rpartition(" ")
                yield text, float(at)


class ServerProcess:
    """The server's process, on the same state and port in each of its lives.

    :param folder: for its state and its files
    :param is_forked: it is a fork of a process that has loaded ``scf``, which takes a tenth of the time
    """

    def __init__(self, folder: Path, functions: Path, *, is_forked: bool = True) -> None:
        self.folder = folder
        self.functions = functions
        self.port = 0
        self._is_forked = is_forked
        self.start()

    @property
    def pid(self) -> int:
        """Of this life."""
        return self.process.pid

    @property
    def stderr(self) -> str:
        """What all its lives have written to stderr."""
        return (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")

    def command(self) -> "list[str]":
        """How it is started."""
        state, env_file = str(self.folder / "state"), str(self.folder / "env")
        # Functions write down outside what they do, and wait there for gates: below /tmp.
        options = ["--port", str(self.port), "--state", state, "--env-file", env_file, "--shared-tmp", "--unlisted"]
        return [sys.executable, "-m", "tencentserverless", "local", "start", str(self.functions), *options]

    def environment(self) -> "dict[str, str]":
        """The variables that it is started with."""
        return child_environment(TMPDIR=str(self.folder))

    def start(self) -> None:
        """Begin a life, and wait until it answers."""
        with (self.folder / "stderr").open("a") as stderr:
            if self._is_forked:
                self.process = forkserver.start(self.command(), self.environment(), stderr)
            else:
                self.process = subprocess.Popen(
                    self.command(), stdout=subprocess.PIPE, stderr=stderr, text=True, env=self.environment()
                )
        line = read_line(self.process)
        assert line.startswith("SCF local ready at "), line + self.stderr[-2000:]
        self.port = int(line.rpartition(":")[2])

    def variables(self) -> "dict[str, str]":
        """What its env file says."""
        lines = (self.folder / "env").read_text().splitlines()
        return {name: text for name, _, text in (line.partition("=") for line in lines)}

    def end(self, number: int) -> int:
        """End this life. Returns the exit code. A server that does not end says where it is, on standard error."""
        self.process.send_signal(number)
        try:
            code = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            if self._is_forked:
                self.process.send_signal(signal.SIGUSR2)
                time.sleep(TELL_SECONDS)
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(END_SECONDS)
            raise
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def close(self) -> None:
        """End it, whatever has happened."""
        if self.process.poll() is None:
            self.end(signal.SIGKILL)


class Api:
    """Signed requests to a server, on one connection."""

    def __init__(self, server: ServerProcess) -> None:
        variables = server.variables()
        self._keys = variables["TENCENTCLOUD_SECRETID"], variables["TENCENTCLOUD_SECRETKEY"]
        self._port = server.port
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=CALL_SECONDS)

    def ask(self, action: str, **parameters: object) -> "dict[str, Any]":
        """The answer to a request."""
        self.send(action, **parameters)
        return self.receive()

    def send(self, action: str, **parameters: object) -> None:
        """Send a request, and leave its answer for later."""
        body = json.dumps(parameters).encode()
        request = Request(f"127.0.0.1:{self._port}", action, body, *self._keys)
        self._connection.request("POST", "/", body, request.headers())

    def receive(self) -> "dict[str, Any]":
        """The answer to what was sent."""
        response: dict[str, Any] = json.loads(self._connection.getresponse().read())["Response"]
        return response

    def receive_or_none(self) -> "dict[str, Any] | None":
        """The answer to what was sent, None if the server has ended before."""
        try:
            return self.receive()
        except (OSError, HTTPException):
            return None

    def close(self) -> None:
        """No more requests."""
        self._connection.close()
