"""The servers that are measured, each in a process of its own with the same function: it hands its event back."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tencentserverless._core import signing, wire
from tencentserverless.models import Credentials

HOST = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 10.0
FUNCTION = "echo"
EVENT = {"key1": "value1", "key2": "value2"}
OURS = "local SCF"
ASGI = "functions-framework --asgi"
DEFAULT = "functions-framework"
_HANDLER = "def main_handler(event, context):\n    return event\n"
_ASGI_HANDLER = "async def echo(request):\n    return await request.json()\n"
_DEFAULT_HANDLER = "def echo(request):\n    return request.get_json()\n"


@dataclass
class Running:
    """A server that answers.

    :ivar ready_seconds: from its command to its first answer, or to its ready line
    :ivar variables: of its env file, for the local SCF
    """

    url: str
    process: subprocess.Popen[str]
    ready_seconds: float
    variables: dict[str, str]

    def resident_mb(self) -> float:
        """What the server's process holds; of functions-framework's default, its worker's too."""
        return sum(_resident_kb(pid) for pid in (self.process.pid, *_children(self.process.pid))) / 1024

    def own_mb(self) -> float:
        """What the server's process alone holds."""
        return _resident_kb(self.process.pid) / 1024


@contextlib.contextmanager
def ours(folder: Path, functions: tuple[str, ...] = (FUNCTION,)) -> Iterator[Running]:
    """The local SCF on functions of these names, until its ready line."""
    for name in functions:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "index.py").write_text(_HANDLER, encoding="utf-8")
    env_file = folder.with_name(folder.name + ".env")
    command = [sys.executable, "-m", "tencentserverless", "local", "start", str(folder), "--port", "0", "--ephemeral"]
    with _process([*command, "--env-file", str(env_file)], stdout=subprocess.PIPE) as (process, began):
        assert process.stdout is not None
        line = process.stdout.readline()
        ready_seconds = time.perf_counter() - began
        if not line.startswith("SCF local ready at "):
            raise RuntimeError(f"the local SCF did not start: {line!r}")
        pairs = (entry.partition("=") for entry in env_file.read_text(encoding="utf-8").splitlines())
        yield Running(line.split()[-1], process, ready_seconds, {name: value for name, _, value in pairs})


@contextlib.contextmanager
def framework(python: Path, folder: Path, label: str) -> Iterator[Running]:
    """functions-framework on the same function, until its port answers."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "main.py"
    source.write_text(_ASGI_HANDLER if label == ASGI else _DEFAULT_HANDLER, encoding="utf-8")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [str(python.with_name("functions-framework")), "--source", str(source), "--target", "echo"]
    command += ["--host", HOST, "--port", str(port), *(["--asgi"] if label == ASGI else [])]
    with _process(command, stdout=subprocess.DEVNULL) as (process, began):
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise RuntimeError(f"{label} did not start")
            time.sleep(0.005)
        yield Running(f"http://{HOST}:{port}", process, time.perf_counter() - began, {})


def wrk_script(server: Running) -> str:
    """What wrk sends: a signed request to the local SCF, the plain event to the others. A signature lasts 300 s."""
    if not server.variables:
        return _script(json.dumps(EVENT), {"Content-Type": "application/json"})
    host = server.url.removeprefix("http://")
    credentials = Credentials(server.variables["TENCENTCLOUD_SECRETID"], server.variables["TENCENTCLOUD_SECRETKEY"])
    timestamp = int(time.time())
    body = json.dumps({"FunctionName": FUNCTION, "Event": json.dumps(EVENT)})
    authorization = signing.Signer(host, wire.SERVICE, wire.CONTENT_TYPE).sign(credentials, timestamp, body.encode())
    headers = {
        "Content-Type": wire.CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": wire.INVOKE_FUNCTION,
        "X-TC-Version": wire.VERSION,
        "X-TC-Region": wire.DEFAULT_REGION,
        "X-TC-Timestamp": str(timestamp),
        "Authorization": authorization,
    }
    return _script(body, headers)


def _script(body: str, headers: dict[str, str]) -> str:
    lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(body)}"]
    return "\n".join([*lines, *(f'wrk.headers["{name}"] = {json.dumps(value)}' for name, value in headers.items())])


@contextlib.contextmanager
def _process(command: list[str], stdout: int) -> Iterator[tuple[subprocess.Popen[str], float]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TENCENT")}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.DEVNULL, text=True, env=environment, start_new_session=True
    )
    try:
        yield process, began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
        return True
    return False


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def _resident_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
