"""What the tests of web functions share: servers as users write them, a scheduler, and a caller of one request."""

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

from tencentserverless.local.access_keys import KeyRing, make_key_pair
from tencentserverless.local.console import Console
from tencentserverless.local.invocation import Invocation, new_request_id
from tencentserverless.local.invocations.middleware import FutureCaller
from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry.function_version import WEB, FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.scheduler.launcher import LaunchContext, Launcher
from tencentserverless.local.scheduler.scheduler import Scheduler
from tencentserverless.local.settings import Limits, PackageFolder, Settings
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, OWN_VERSION, Interpreters
from tencentserverless.local.worker.isolation import NO_ISOLATION
from tencentserverless.local.worker.run_directory import RunDirectory

#: The interpreter as the cloud names it.
LANG_PYTHON = f"/var/lang/python{OWN_VERSION.replace('.', '')}/bin/python{OWN_VERSION}"
#: A server without a framework: it tells its process, where it is bound, and what its path names.
PLAIN = """
import http.server, json, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(3)
        if self.path == "/memory":
            self.server.held = bytearray(200 * 1024 * 1024)
            time.sleep(30)
        if self.path == "/sleep":
            time.sleep(30)
        print("asked for", self.path, flush=True)
        found = {"pid": os.getpid(), "bound": self.server.server_address, "headers": dict(self.headers)}
        body = json.dumps({**found, "folder": os.getcwd(), "variables": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
host, port = HOST, PORT
http.server.ThreadingHTTPServer((host, port), Handler).serve_forever()
"""
HAS_PROC = Path("/proc/self/status").exists()


def plain(host: str = "0.0.0.0", port: int = 9000) -> str:
    """The server without a framework."""
    return PLAIN.replace("HOST", repr(host), 1).replace("PORT", str(port), 1)


def write_web(folder: Path, start: str = f"exec {LANG_PYTHON} app.py", mode: int = 0o755, **files: str) -> Path:
    """Write a web function: its start file, and files by their names without a suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scf_bootstrap"
    path.write_bytes((start if start.startswith("#!") else f"#!/bin/bash\n{start}\n").encode())
    path.chmod(mode)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def record_of(folder: Path, name: str = "site", **changes: object) -> FunctionRecord:
    """The record of a web function."""
    key = FunctionKey("ap-tokyo", "default", name)
    values = {"memory_mb": 128, "timeout_seconds": 20, "type": WEB, **changes}
    return FunctionRecord(key, "index.main_handler", values.pop("runtime", OWN_RUNTIME), folder, **values)


class Site:
    """A scheduler of web functions, and the lines of its console."""

    def __init__(self, scheduler: Scheduler, launcher: Launcher, console: Console) -> None:
        self.scheduler = scheduler
        self._launcher = launcher
        self._console = console

    @property
    def lines(self) -> str:
        return "\n".join(self._console.kept()[0])

    async def launch(self, record: FunctionRecord, count: int) -> "list[Instance]":
        """Start some instances of a function at once."""
        ended = asyncio.Queue()
        started = await asyncio.gather(*(self._launcher.launch(record, ended.put_nowait) for _ in range(count)))
        assert all(isinstance(each, Instance) for each in started), (started, self.lines)
        return started

    async def ask(self, instance: Instance, path: str = "/") -> "Got":
        """Ask one instance for a path."""
        caller = FutureCaller()
        invocation = Invocation(instance.record, new_request_id(), b"", caller)
        invocation.exchange = exchange = OneRequest(path)
        instance.worker.on_end = lambda invocation, outcome: invocation.finish(outcome)
        instance.begin(invocation)
        await caller.wait(invocation)
        return Got(invocation, exchange)

    async def get(self, record: FunctionRecord, path: str = "/") -> "Got":
        """Ask a function for a path, as the proxy does."""
        caller = FutureCaller()
        invocation = Invocation(record, new_request_id(), b"", caller)
        exchange = OneRequest(path)
        invocation.exchange = exchange
        invocation.around = (self.scheduler,)
        self.scheduler.submit(invocation)
        await caller.wait(invocation)
        return Got(invocation, exchange)


class Got:
    """How a request ended."""

    def __init__(self, invocation: Invocation, exchange: "OneRequest") -> None:
        self.outcome = invocation.outcome
        self.failure = invocation.failure
        self.request_id = invocation.request_id
        self.exchange = exchange

    @property
    def body(self) -> bytes:
        assert getattr(self.outcome, "status", None) == 0, (self.outcome, self.failure)
        return self.exchange.answer.partition(b"\r\n\r\n")[2]


class OneRequest:
    """A request of HTTP/1.0 and its answer."""

    memory_mb = 128

    def __init__(self, path: str) -> None:
        self.answer = b""
        self.stopped: tuple[int, str] | None = None
        self.address: tuple[str, int] | None = None
        self._path = path
        self._task: asyncio.Task[None] | None = None

    def begin(self, address, injected, on_end):
        self.address = address
        self._task = asyncio.get_running_loop().create_task(self._ask(address, injected, on_end))

    def stop(self, status, message):
        self.stopped = (status, message)
        if self._task is not None:
            self._task.cancel()

    async def _ask(self, address, injected, on_end):
        try:
            reader, writer = await asyncio.open_connection(*address)
            with contextlib.closing(writer):
                writer.write(b"GET %s HTTP/1.0\r\nHost: test\r\n%s\r\n" % (self._path.encode(), injected))
                self.answer = await reader.read()
        except OSError as error:
            on_end(502, str(error))
            return
        on_end(*((0, "") if self.answer else (502, "the server closed the connection")))


@contextlib.asynccontextmanager
async def serving(isolation=NO_ISOLATION, packages=(), clock=time.time, passed=None, **settings):
    """A scheduler that starts real servers."""
    limits = Limits(**settings.pop("limits", {}))
    passed = {"PATH": os.environ["PATH"], **(passed or {})}
    folders = tuple(PackageFolder("", Path(each)) for each in packages)
    given = Settings(Path(), limits=limits, passed_environment=passed, packages=folders, **settings)
    keys = KeyRing(make_key_pair(), clock, limits.temporary_key_seconds)
    support, console, lifecycle = RunDirectory(), Console(), Lifecycle()
    parts = (given, keys, Interpreters(is_strict=False), support, console, "http://127.0.0.1:1", Ledger(), lifecycle)
    launcher = Launcher(LaunchContext(*parts, isolation))
    scheduler = Scheduler(launcher, limits, lifecycle)
    try:
        yield Site(scheduler, launcher, console)
    finally:
        await scheduler.close()
        support.close()
        console.close()


def site_packages() -> str:
    """The packages of the tests' own environment, for functions that import a framework."""
    return next(path for path in sys.path if path.endswith("site-packages"))
