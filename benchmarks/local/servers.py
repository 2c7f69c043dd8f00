"""Servers in processes of their own, all with the same function, which returns its event."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.clients import wire
from benchmarks.environments import child_environment
from benchmarks.responder import HOST, find_ports

START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.002
CALL_SECONDS = 60.0
#: A request that every server answers without the function.
UNKNOWN_PATH = "/favicon.ico"
OURS = "local SCF"
#: The build of the commit that the command line names.
BASE = "local SCF at BASE"
#: The same name on every server, so that one event calls them all.
FUNCTION = wire.FUNCTION
EVENT = wire.EVENT
HANDLER = "def main_handler(event, context):\n    return event\n"


@dataclass(frozen=True)
class Call:
    """A call as an HTTP request.

    :ivar varying: a UUID in the headers that is another in each call, empty for none
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    varying: str = ""

    def to_bytes(self) -> bytes:
        """The bytes of the request, for a connection that is kept."""
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""]).encode("ascii") + self.body


@dataclass(frozen=True)
class Dialect:
    """The form of a server's requests and answers.

    :ivar build: builds a call to the server on a port
    :ivar find_result: finds the text of the function's result in an answer's body
    :ivar read: reads the value of that text
    """

    build: Callable[[int], Call]
    find_result: Callable[[bytes], bytes]
    read: Callable[[bytes], object]


@dataclass(frozen=True)
class Running:
    """A server that is ready.

    :ivar ready_seconds: the time from its command until it was ready
    """

    port: int
    process: subprocess.Popen[bytes]
    dialect: Dialect
    ready_seconds: float

    def resident_mb(self) -> float:
        """Measure the memory of its processes in MB; shared pages count in each process."""
        return sum(process.memory_info().rss for process in self._list_processes()) / 1e6

    def cpu_seconds(self) -> float:
        """Measure the CPU time of its processes so far, with those that have ended and were reaped."""
        total = 0.0
        for process in self._list_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def _list_processes(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def check(self) -> bytes:
        """Call it once; the value is a text that only a right answer holds.

        :raises RuntimeError: if the answer is not the event
        """
        call = self.dialect.build(self.port)
        connection = http.client.HTTPConnection(HOST, self.port, timeout=CALL_SECONDS)
        try:
            connection.request("POST", call.path, call.body, dict(call.headers))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        try:
            text = self.dialect.find_result(body)
            if answer.status == http.HTTPStatus.OK and self.dialect.read(text) == EVENT:
                return text
        except (ValueError, KeyError, TypeError):
            pass
        raise RuntimeError(f"a wrong answer: {answer.status} {body[:300]!r}")


@dataclass(frozen=True)
class Server:
    """A server that can be started.

    :ivar start: starts it in a new folder, until the end of the context
    :ivar is_needed: True if its failure ends the run; failures of others are only reported
    """

    label: str
    start: Callable[[Path], AbstractContextManager[Running]]
    is_needed: bool = False


def build_signed(port: int) -> Call:
    """Build a call to the local SCF. Its signature is valid for 300 s."""
    body = wire.build_body()
    return Call("/", wire.Signer(f"{HOST}:{port}").sign(body), body)


def find_ret_msg(body: bytes) -> bytes:
    """Find the text of RetMsg in the envelope; an error has none.

    :raises ValueError: if the text has another form than JSON's
    """
    text = json.dumps(wire.read_answer(body)).encode()
    if text not in body:
        raise ValueError(f"RetMsg is escaped in a way that was not expected: {body[:300]!r}")
    return text


SCF = Dialect(build_signed, find_ret_msg, lambda text: json.loads(json.loads(text)))


@contextlib.contextmanager
def start_ours(
    folder: Path,
    functions: tuple[str, ...] = (FUNCTION,),
    options: tuple[str, ...] = (),
    python: Path = Path(sys.executable),
    state: Path | None = None,
) -> Iterator[Running]:
    """Start the local SCF with functions of these names, and measure the time until its ready line.

    :param python: the interpreter of the environment that has the build to start
    :param state: the folder of what it keeps, None to keep nothing
    """
    for name in functions:
        (folder / "functions" / name).mkdir(parents=True, exist_ok=True)
        (folder / "functions" / name / "index.py").write_text(HANDLER, encoding="utf-8")
    keys = folder / "keys"
    keys.touch(mode=0o600)
    keys.write_text(
        f"TENCENTCLOUD_SECRET_ID={wire.SECRET_ID}\nTENCENTCLOUD_SECRET_KEY={wire.SECRET_KEY}\n", encoding="ascii"
    )
    command = [str(python.with_name("scf")), "local", "start", str(folder / "functions")]
    command += ["--ephemeral"] if state is None else ["--state", str(state)]
    command += ["--port", "0", "--secret-file", str(keys), *options]
    with launch(command, folder, stdout=subprocess.PIPE) as (process, began):
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        ready_seconds = time.perf_counter() - began
        if not line.startswith("SCF local ready at "):
            raise RuntimeError(f"{OURS} did not start: {read_errors(folder)}")
        yield Running(int(line.rpartition(":")[2]), process, SCF, ready_seconds)


@contextlib.contextmanager
def start_on_port(
    command: Callable[[int], list[str]],
    folder: Path,
    dialect: Dialect,
    variables: Callable[[int], Mapping[str, str]] = lambda _: {},
) -> Iterator[Running]:
    """Start another server, and measure the time until its port answers.

    :param command: makes the command for a port
    :param variables: makes the variables of its environment for a port
    """
    (port,) = find_ports(1)
    with launch(command(port), folder, variables(port)) as (process, began):
        while not is_answering(port):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError(f"it did not start: {read_errors(folder)}")
            time.sleep(POLL_SECONDS)
        yield Running(port, process, dialect, time.perf_counter() - began)


@contextlib.contextmanager
def launch(
    command: list[str], folder: Path, variables: Mapping[str, str] | None = None, stdout: int = subprocess.DEVNULL
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a process in a group of its own; the value is the process and its start time. The context ends it."""
    environment = {**child_environment(folder), **(variables or {})}
    with (folder / "errors").open("wb") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=stdout, stderr=errors, cwd=folder, env=environment, start_new_session=True
        )
    try:
        yield process, began
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group; they are killed if they do not end in time."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def is_answering(port: int) -> bool:
    """True if the port answers. A connection alone proves nothing: gunicorn listens before it loads the function."""
    connection = http.client.HTTPConnection(HOST, port, timeout=CALL_SECONDS)
    try:
        connection.request("GET", UNKNOWN_PATH)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def read_errors(folder: Path) -> str:
    """Read the last line that a server wrote to stderr."""
    lines = (folder / "errors").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
