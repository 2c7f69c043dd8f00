"""Fixtures for every test: a real local SCF in a process of its own, and a client that signs by hand."""

import gc
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from tencentserverless._core import signing
from tencentserverless.local.control import ask
from tests import forkserver
from tests.profiles import load_profile

load_profile()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of collected tests live to the end: no collection of garbage shall look through them, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_sessionfinish() -> None:
    forkserver.close_templates()


FUNCTIONS = Path(__file__).parent / "local" / "functions"
SOURCE = Path(__file__).parent.parent / "src"
#: What the manifests among them ask of the environment.
FUNCTION_VARIABLES = {
    "OWN_RUNTIME": "Python{}.{}".format(*sys.version_info[:2]),
    "CONFIGURED_NAME": "configured",
}
#: A cache folder that can't be made.
NO_CACHE = f"{__file__}/none"
START_SECONDS = 30
STOP_SECONDS = 20
PATIENCE_SECONDS = 0.5
LOOK_SECONDS = 0.01
#: A function that holds its calls until the test opens the gate, whose folder is the event.
HELD = """
import os, time

def main_handler(event, context):
    open(os.path.join(event, "begun-" + context["request_id"]), "w").close()
    while not os.path.exists(os.path.join(event, "open")):
        time.sleep(0.01)
    return "held"
"""
#: A server with limits of the test's own.
LIMITED = """
import json, sys
from pathlib import Path
from tencentserverless.local.serve import serve
from tencentserverless.local.settings import Limits, Settings

path, state, limits, settings, env_file = sys.argv[1:]
limits = Limits(**json.loads(limits))
state = Path(state) if state else None
serve(
    Settings(Path(path), port=0, state=state, env_file=Path(env_file), limits=limits, **json.loads(settings)),
    lambda url, status, link: print("SCF local ready at", url, flush=True),
    lambda notice: print(notice, file=sys.stderr),
)
"""


def wait_until(is_so: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait until something is so that another thread or another process makes so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(LOOK_SECONDS)


@dataclass
class LocalScf:
    """A local SCF that runs. ``env`` is what its env file says."""

    url: str
    host: str
    port: int
    env: dict[str, str]
    process: "subprocess.Popen[str]"
    stderr_path: Path

    @property
    def stderr(self) -> str:
        """What it has written to stderr until now."""
        return self.stderr_path.read_text(encoding="utf-8")

    def settled_stderr(self) -> str:
        """The same, when all that it has said is written there, which a thread of its own does in its own time."""
        lines = ask(self.env, "GET", "logs")[1]["lines"]
        if lines:
            wait_until(lambda: self.stderr.count(lines[-1] + "\n") >= lines.count(lines[-1]))
        return self.stderr

    def request(self, action: str, parameters: object = None, /, **changes: Any) -> "Answer":
        """Send one signed request; ``changes`` are fields of ``Request``."""
        body = parameters if isinstance(parameters, bytes) else json.dumps(parameters or {}).encode()
        request = Request(
            host=f"{self.host}:{self.port}",
            action=action,
            body=body,
            secret_id=self.env["TENCENTCLOUD_SECRETID"],
            secret_key=self.env["TENCENTCLOUD_SECRETKEY"],
        )
        for name, value in changes.items():
            setattr(request, name, value)
        return request.send(self.host, self.port)

    def invoke(self, name: str, event: object = None, **parameters: Any) -> dict[str, Any]:
        """Result of a synchronous call."""
        region = parameters.pop("region", "ap-guangzhou")
        fields = {"FunctionName": name, "Event": json.dumps(event), **parameters}
        return self.request("InvokeFunction", fields, region=region).response["Result"]

    def error(self, action: str, parameters: object = None, /, **changes: Any) -> tuple[str, str]:
        """Code and message of a request that must be refused."""
        error = self.request(action, parameters, **changes).response["Error"]
        return error["Code"], error["Message"]

    def is_stopping(self) -> bool:
        """Has it heard a signal? It takes no new connections from then on."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) != 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal it and wait; the value is its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@dataclass
class Answer:
    """An HTTP answer of the API."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def response(self) -> dict[str, Any]:
        """What is in the envelope."""
        return json.loads(self.body)["Response"]


@dataclass
class Request:
    """One request, in parts that a test may spoil."""

    host: str
    action: str
    body: bytes
    secret_id: str
    secret_key: str
    region: str = "ap-guangzhou"
    version: str = "2018-04-16"
    method: str = "POST"
    path: str = "/"
    content_type: str = "application/json"
    service: str = "scf"
    skew_seconds: int = 0
    date: str | None = None
    token: str | None = None
    signed: tuple[str, ...] = ("content-type", "host")
    unsigned_payload: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    sent_body: bytes | None = None

    def headers(self) -> dict[str, str]:
        """All headers, the signature included."""
        timestamp = int(time.time()) + self.skew_seconds
        headers = {
            "Content-Type": self.content_type,
            "Host": self.host,
            "X-TC-Action": self.action,
            "X-TC-Version": self.version,
            "X-TC-Region": self.region,
            "X-TC-Timestamp": str(timestamp),
        }
        if self.token is not None:
            headers["X-TC-Token"] = self.token
        payload = self.body
        if self.unsigned_payload:
            headers["X-TC-Content-SHA256"] = signing.UNSIGNED_PAYLOAD
            payload = signing.UNSIGNED_PAYLOAD.encode()
        digest = signing.sha256(payload).hexdigest()
        lower = {name.lower(): value for name, value in headers.items()}
        canonical = signing.canonical_request(self.method, "", lower, self.signed, digest)
        scope = signing.Authorization(
            self.secret_id, self.date or signing.utc_date(timestamp), self.service, self.signed, ""
        )
        signature = signing.signature(self.secret_key, scope, str(timestamp), canonical)
        headers["Authorization"] = (
            f"{signing.ALGORITHM} Credential={self.secret_id}/{scope.date}/{self.service}/tc3_request, "
            f"SignedHeaders={';'.join(self.signed)}, Signature={signature}"
        )
        headers.update(self.extra)
        return {name: value for name, value in headers.items() if name not in self.leave_out}

    def send(self, host: str, port: int) -> Answer:
        """Send it on a connection of its own."""
        connection = http.client.HTTPConnection(host, port, timeout=60)
        try:
            body = self.body if self.sent_body is None else self.sent_body
            connection.request(self.method, self.path, body, self.headers())
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()


def scf_command(*arguments: object) -> list[str]:
    """The command line of ``scf`` under this interpreter."""
    return [sys.executable, "-m", "tencentserverless", *map(str, arguments)]


def child_environment(**changes: str) -> dict[str, str]:
    """The environment of a child process: ours, without a local SCF and the language of the developer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TENCENT")}
    environment.update(forkserver.GIVEN, XDG_RUNTIME_DIR="", XDG_CACHE_HOME=NO_CACHE)  # no server of others is found
    environment.update(changes)
    return environment


@dataclass
class Gate:
    """Where calls are held: each says that it has begun, and ends when the gate is open."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def begun(self) -> int:
        """How many calls have come so far."""
        return len(list(self.folder.glob("begun-*")))

    def open(self) -> None:
        """Let all of them go, and those that come."""
        (self.folder / "open").touch()


def write_held(folder: Path) -> Path:
    """Add a function ``held`` to a folder of functions: its calls wait at a gate."""
    (folder / "held").mkdir(parents=True)
    (folder / "held" / "index.py").write_text(HELD)
    inputs = f"{{name: held, src: ., timeout: 600, runtime: {FUNCTION_VARIABLES['OWN_RUNTIME']}}}"
    (folder / "held" / "serverless.yml").write_text(f"component: scf\nname: held\ninputs: {inputs}\n")
    return folder


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate for the calls of ``held``."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return Gate(folder)


class Starter:
    """Starts local SCFs and stops them at the end of the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._count = 0

    def __call__(self, path: Path, *options: object, env: Mapping[str, str] | None = None) -> LocalScf:
        """Start one on the functions of a folder; it is ephemeral unless the options say where state is."""
        keep = [] if "--state" in options else ["--ephemeral"]
        unlisted = [] if env and "XDG_RUNTIME_DIR" in env else ["--unlisted"]  # no other test finds it by chance
        shared = ("--share", self._folder.parent)  # tests and functions meet in files
        command = scf_command("local", "start", path, "--port", 0, *keep, *unlisted, *shared, *options, "--env-file")
        return self._start(command, env or {})

    def patient(self, path: Path, *, env: Mapping[str, str] | None = None, **settings: object) -> LocalScf:
        """Start an ephemeral one that gives all the time in the world to what is under way at a stop."""
        limits = {"drain_seconds": 3600, "stop_seconds": 3600}
        return self.limited(path, limits, env=env, **settings)

    def limited(
        self,
        path: Path,
        limits: Mapping[str, float],
        *,
        state: Path | None = None,
        env: Mapping[str, str] | None = None,
        **settings: object,
    ) -> LocalScf:
        """Start one with these limits; it is ephemeral unless ``state`` says where its state is."""
        settings.setdefault("shared_folders", [str(self._folder.parent)])
        words = [str(path), str(state or ""), json.dumps(limits), json.dumps(settings)]
        return self._start([sys.executable, "-c", LIMITED, *words], env or {})

    def _start(self, command: list[str], changes: Mapping[str, str]) -> LocalScf:
        """Run a command that lacks the path of its env file."""
        self._count += 1
        env_file = self._folder / f"env-{self._count}"
        stderr_path = self._folder / f"stderr-{self._count}"
        environment = child_environment(TMPDIR=str(self._folder), **changes)
        with stderr_path.open("w") as stderr:
            process = forkserver.start([*command, str(env_file)], environment, stderr)
        self._stack.callback(end_process, process)
        line = read_line(process)
        assert line.startswith("SCF local ready at "), f"{line!r}\n{stderr_path.read_text()}"
        url = line.split()[-1]
        host, _, port = url.rpartition("//")[2].rpartition(":")
        pairs = (entry.partition("=") for entry in env_file.read_text().splitlines())
        return LocalScf(url, host, int(port), {name: value for name, _, value in pairs}, process, stderr_path)


def read_line(process: "subprocess.Popen[str]") -> str:
    """The first line that a process prints, or what it printed until it ended."""
    assert process.stdout is not None
    return process.stdout.readline() if wait([process.stdout], START_SECONDS) else ""


def end_process(process: "subprocess.Popen[str]") -> None:
    """Stop a process gently, then less so."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()  # a second signal: calls under way are of no interest any more
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@pytest.fixture
def sigint_is_heard() -> Iterator[None]:
    """Whoever runs the tests in the background of a shell has SIGINT ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def local_scf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    """One local SCF for all tests of a worker, over the functions of ``tests/local/functions``."""
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("local_scf"), stack)(FUNCTIONS, env=FUNCTION_VARIABLES)


@pytest.fixture
def start_local_scf(tmp_path: Path) -> Iterator[Callable[..., LocalScf]]:
    """Start a local SCF on a folder of the test's own: ``start_local_scf(path, *options, env={})``."""
    folder = tmp_path / "started"
    folder.mkdir()
    with ExitStack() as stack:
        yield Starter(folder, stack)


@pytest.fixture
def run_scf() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run ``scf`` to its end: ``run_scf(*arguments, env={}, cwd=None)``."""

    def run(
        *arguments: object, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return forkserver.run(scf_command(*arguments), child_environment(**(env or {})), cwd, START_SECONDS)

    return run
