"""The composition root: puts the rooms together, runs them until a signal comes, and takes them apart.

This and ``settings`` is all that the command line imports; the rooms load when a server starts.
"""

import asyncio
import contextlib
import dataclasses
import errno
import os
import shlex
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from tencentserverless.local import keys, state
from tencentserverless.local.settings import Reason, Settings, StartRefused, project_variables
from tencentserverless.models import Credentials

if TYPE_CHECKING:
    from tencentserverless.local.front.server import HttpServer
    from tencentserverless.local.project.discovery import Project
    from tencentserverless.local.scheduler.dispatch import Scheduler
    from tencentserverless.local.worker.interpreters import Interpreters

ENV_VARIABLES = state.ENV_VARIABLES

_BACKLOG = 2048
_CONNECT_SECONDS = 2.0
_ANY_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where a client finds a server that listens everywhere


def serve(settings: Settings, on_ready: Callable[[str], None], on_notice: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then stop every worker and return.

    :param on_ready: called once with the server's URL, when it answers and the env file is written
    :param on_notice: called with a line that the user should see
    :raises StartRefused: if it can't start as it was told to
    """
    from tencentserverless.local.project.discovery import discover
    from tencentserverless.local.worker.interpreters import Interpreters

    umask = os.umask(0o077)  # what the server writes is its owner's alone; functions get the old value back
    try:
        settings = dataclasses.replace(settings, umask=umask)
        project = discover(settings.project, settings.region, project_variables(), time.time())
        interpreters = Interpreters(settings.strict_runtimes)
        interpreters.prepare({record.runtime for record in project.records.values()})
        with contextlib.closing(_listen(settings.host, settings.port)) as listener:
            folder = state.StateFolder(settings.state) if settings.state else None
            for notice in _notices(settings, project, interpreters):
                on_notice(notice)
            port = listener.getsockname()[1]
            start = _Start(settings, project, interpreters, folder, _owner(settings, folder), listener, port)
            _run_loop(_serve(start, on_ready))
    finally:
        os.umask(umask)


def running_environment(source: Path) -> dict[str, str]:
    """The variables that make a client call the server that runs.

    :param source: the state folder of a server, or the file of its --env-file
    :raises StartRefused: if no server runs there
    """
    path = state.environment_file(source) if source.is_dir() else source
    try:
        variables = state.read_variables(path)
    except (OSError, ValueError):
        variables = {}
    url = variables.get(state.ENDPOINT_VARIABLE, "")
    if not url or not _answers(url):
        raise StartRefused(
            Reason.STATE, f"no local SCF runs from {shlex.quote(str(source))}; start one with: scf local start"
        )
    return {name: variables.get(name, "") for name in ENV_VARIABLES}


@dataclasses.dataclass(frozen=True, slots=True)
class _Start:
    """All that a server starts from, checked."""

    settings: Settings
    project: "Project"
    interpreters: "Interpreters"
    folder: state.StateFolder | None
    owner: Credentials
    listener: socket.socket
    port: int  # that was bound, also where a free one was asked for

    @property
    def url(self) -> str:
        """Where the server listens."""
        return _url(self.settings.host, self.port)

    @property
    def endpoint_url(self) -> str:
        """Where clients on this machine find it."""
        return _url(_ANY_HOSTS.get(self.settings.host, self.settings.host), self.port)

    def write_environment(self) -> None:
        """Say in files how to call the server."""
        variables = state.environment_of(self.endpoint_url, self.owner, self.settings.region)
        if self.settings.env_file:
            state.write_private(self.settings.env_file, variables)
        if self.folder:
            self.folder.write_environment(variables)

    def forget_environment(self) -> None:
        """The server has stopped: its state folder no longer says how to call it."""
        if self.folder:
            self.folder.forget_environment(self.endpoint_url)


async def _serve(start: _Start, on_ready: Callable[[str], None]) -> None:
    from tencentserverless.local.actions.action import Services
    from tencentserverless.local.console import Console
    from tencentserverless.local.front.auth import Authenticator
    from tencentserverless.local.front.server import Application, HttpServer
    from tencentserverless.local.registry.catalogue import Catalogue
    from tencentserverless.local.registry.packages import Packages
    from tencentserverless.local.scheduler.dispatch import Scheduler
    from tencentserverless.local.scheduler.instances import Ground, Launcher
    from tencentserverless.local.worker.support import Support

    settings, limits = start.settings, start.settings.limits
    ring = keys.KeyRing(start.owner, time.time, limits.temporary_key_seconds)
    async with contextlib.AsyncExitStack() as stack:
        console, support = Console(), Support()
        stack.callback(console.close)
        stack.callback(support.close)
        ground = Ground(settings, ring, start.interpreters, support, console, start.endpoint_url)
        catalogue = Catalogue(start.project.records.values())
        scheduler = Scheduler(Launcher(ground), limits, catalogue.reservations)
        stack.push_async_callback(scheduler.close)
        packages = Packages((start.folder.path.resolve() if start.folder else support.root) / "packages")
        services = Services(catalogue, scheduler, settings, console, packages, start.interpreters)
        application = Application(services, Authenticator(ring, time.time, limits.skew_seconds))

        def announce() -> None:
            start.write_environment()
            stack.callback(start.forget_environment)
            on_ready(start.url)

        server = HttpServer(application, limits, on_started=announce)
        stopping = _stop_on_signals(server, scheduler)
        await server.serve(sockets=[start.listener])
        await asyncio.gather(*stopping)


def _stop_on_signals(server: "HttpServer", scheduler: "Scheduler") -> "list[asyncio.Task[None]]":
    """Workers end at once, so that the answers under way can leave; the tasks that see to it are in the list."""
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        server.should_exit = True
        stopping.append(loop.create_task(scheduler.close()))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


def _run_loop(main: Coroutine[None, None, None]) -> None:
    try:
        import uvloop
    except ImportError:  # none for this platform: the standard loop does the same, slower
        asyncio.run(main)
    else:
        uvloop.run(main)


def _owner(settings: Settings, folder: state.StateFolder | None) -> Credentials:
    if settings.secret_file:
        return state.read_secret_file(settings.secret_file)
    return folder.credentials() if folder else keys.make_key_pair()


def _notices(settings: Settings, project: "Project", interpreters: "Interpreters") -> list[str]:
    from tencentserverless.local.worker.interpreters import python_version

    notices = list(project.notices)
    notices += [
        f"{key.name}: the runtime {record.runtime} is listed, but calls of it are not supported by the local SCF"
        for key, record in project.records.items()
        if python_version(record.runtime) is None
    ]
    notices += [f"warning: {warning}" for warning in interpreters.warnings]
    if not settings.is_loopback:
        notices.append(
            f"warning: {settings.host} can be reached from other machines. Functions run with your user's rights, and "
            "whoever holds a key runs code: the isolation is against crashes, not against attackers."
        )
    return notices


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise StartRefused(Reason.ADDRESS, f"--host {host}: no such address ({error})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            problem = f"port {port} of {host} is in use; choose another with --port, or let --port 0 find a free one"
            raise StartRefused(Reason.ADDRESS, problem) from error
        raise StartRefused(Reason.ADDRESS, f"can't listen on {host}, port {port}: {error}") from error
    return listener


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _answers(url: str) -> bool:
    """Whether anything listens at a URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False
