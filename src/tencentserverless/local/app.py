"""The composition root: puts the rooms together, runs them until a signal comes, and takes them apart.

This and ``settings`` is all that the command line imports; the rooms load when a server starts.
"""

import asyncio
import contextlib
import dataclasses
import gc
import os
import secrets
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless.local import descriptors, keys, state
from tencentserverless.local.deployable import Deployable, PackedCode, pack_code, read_deployables
from tencentserverless.local.running import (
    find_state,
    forget_state,
    leaving_variables,
    reset_server,
    running_environment,
    server_lines,
    server_status,
    stop_server,
)
from tencentserverless.local.settings import Limits, Reason, ServerFailed, Settings, StartRefused, project_variables
from tencentserverless.models import Credentials

if TYPE_CHECKING:
    from tencentserverless.local.actions.action import Services
    from tencentserverless.local.background import Background
    from tencentserverless.local.console import Console
    from tencentserverless.local.front.doors import Doors
    from tencentserverless.local.front.server import HttpServer
    from tencentserverless.local.front.tls import Secured
    from tencentserverless.local.project.discovery import Project
    from tencentserverless.local.registry.catalogue import Catalogue
    from tencentserverless.local.registry.packages import Packages
    from tencentserverless.local.registry.store import Store
    from tencentserverless.local.worker.interpreters import Interpreters
    from tencentserverless.local.worker.support import Support

#: ``running`` and ``deployable`` hold what the command line needs of a server that runs and of a folder of functions;
#: this is its front door.
__all__ = [
    "Deployable",
    "PackedCode",
    "find_state",
    "forget_state",
    "leaving_variables",
    "pack_code",
    "read_deployables",
    "reset_server",
    "running_environment",
    "serve",
    "server_lines",
    "server_status",
    "stop_server",
]

OnReady = Callable[[str, Callable[[], dict[str, Any]]], None]

_GARBAGE_OBJECTS = 20_000  # new ones before a look; a call leaves none behind that needs it
_ADMIN_TOKEN_BYTES = 32
_DATABASE, _PACKAGES = "state.db", "packages"


def serve(settings: Settings, on_ready: OnReady, on_notice: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP (the terminal was closed), then stop every worker and return.

    :param on_ready: called once, when the server answers and the env file is written, with its URL and a function
        that says how it stands
    :param on_notice: called with a line that the user should see
    :raises StartRefused: if it can't start as it was told to
    :raises ServerFailed: after it has stopped, if a part of it had ended before
    """
    from tencentserverless.local.front.doors import open_doors
    from tencentserverless.local.project.discovery import discover
    from tencentserverless.local.worker.interpreters import Interpreters

    descriptors.raise_limit()
    umask = os.umask(0o077)  # what the server writes is its owner's alone; functions get the old value back
    try:
        settings = dataclasses.replace(settings, umask=umask)
        project = discover(settings.project, settings.region, project_variables(), time.time())
        interpreters = Interpreters(settings.strict_runtimes)
        interpreters.prepare({record.runtime for record in project.records.values()})
        _check_debugger(settings, project)
        with contextlib.ExitStack() as stack:
            doors = open_doors(settings, stack)
            folder = _hold_state(settings, stack)
            secured = _secure(settings, folder, stack)
            for notice in _notices(settings, project, interpreters):
                on_notice(notice)
            owner, admin_token = _owner(settings, folder), secrets.token_urlsafe(_ADMIN_TOKEN_BYTES)
            start = _Start(settings, project, interpreters, folder, owner, doors, secured, admin_token)
            if doors.proxy:
                on_notice(f"clients whose endpoint is fixed reach it by HTTPS_PROXY={doors.proxy_url}")
            _run_loop(_serve(start, on_ready))
    finally:
        os.umask(umask)


def _check_debugger(settings: Settings, project: "Project") -> None:
    """Refuse to debug what can't be.

    :raises StartRefused: if debugpy is missing, or a function
    """
    from tencentserverless.local.worker.support import debugger_folder

    if settings.debug_ports and debugger_folder() is None:
        raise StartRefused(Reason.RUNTIME, "--debug needs debugpy; run: pip install debugpy")
    names = sorted({key.name for key in project.records})
    for name in settings.debug_ports:
        if name not in names:
            raise StartRefused(
                Reason.PROJECT, f"--debug {name}: no function of that name here; there are: {', '.join(names)}"
            )


@dataclasses.dataclass(frozen=True, slots=True)
class _Start:
    """All that a server starts from, checked."""

    settings: Settings
    project: "Project"
    interpreters: "Interpreters"
    folder: state.StateFolder | None
    owner: Credentials
    doors: "Doors"
    secured: "Secured | None"
    admin_token: str

    @property
    def root(self) -> Path | None:
        """The folder that keeps what outlives the server, None for none."""
        return self.folder.path.resolve() if self.folder else None

    def write_environment(self) -> None:
        """Say in files how to call the server."""
        variables = state.environment_of(self.doors.endpoint_url, self.owner, self.settings.region)
        if self.secured:
            variables |= state.trust_of(self.secured.ca_file, self.secured.bundle_file)
        if self.doors.proxy:
            variables[state.PROXY_VARIABLE] = self.doors.proxy_url
        variables[state.ADMIN_TOKEN_VARIABLE] = self.admin_token
        if self.settings.env_file:
            state.write_private(self.settings.env_file, variables)
        if self.folder:
            self.folder.write_environment(variables)

    def forget_environment(self) -> None:
        """The server has stopped: its state folder no longer says how to call it."""
        if self.folder:
            self.folder.forget_environment(self.doors.endpoint_url)


async def _serve(start: _Start, on_ready: OnReady) -> None:
    from tencentserverless.local.front.admin import Admin
    from tencentserverless.local.front.auth import Authenticator
    from tencentserverless.local.front.lane import Lane
    from tencentserverless.local.front.server import Application, HttpServer

    limits = start.settings.limits
    ring = keys.KeyRing(start.owner, time.time, limits.temporary_key_seconds)
    async with contextlib.AsyncExitStack() as stack:
        services, background = _furnish(start, ring, stack)
        lane = Lane(services, ring, time.time, limits.skew_seconds)
        admin = Admin(services, start.admin_token, start.settings.host)
        application = Application(services, Authenticator(ring, time.time, limits.skew_seconds), lane, admin)

        def announce() -> None:
            _settle_memory()
            start.write_environment()
            stack.callback(start.forget_environment)
            on_ready(start.doors.url, admin.read_status)

        doors, secured = start.doors, start.secured
        await _open_proxy(doors, limits, stack)
        server = HttpServer(application, limits, announce, (doors.main.listener, secured.context) if secured else None)
        stopping = _stop_on_signals(server, services, background)
        if start.settings.follows_files:
            await _follow_files(services, start.project, background)
        services.queue.start()
        background.keep("the timers", services.timers.run)
        if not stopping:  # a signal may have come by now
            await server.serve(sockets=[doors.inner.listener])
        await asyncio.gather(*stopping)
        down = background.down() | ({"the database": services.store.failure} if services.store.failure else {})
    if down:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in down.items())
        raise ServerFailed(f"the local SCF has stopped, but not all of it ran until then: {reasons}")


async def _follow_files(services: "Services", project: "Project", background: "Background") -> None:
    """Have saved files of functions taken over from now on, before anything runs and anybody is told to call."""
    from tencentserverless.local.actions.reload import start_reloader

    reloader = await start_reloader(services, project)
    background.keep("the watch of saved files", reloader.follow, restarts=False)


def _furnish(start: _Start, ring: keys.KeyRing, stack: contextlib.AsyncExitStack) -> "tuple[Services, Background]":
    """The rooms that actions work with, which the stack closes: who works for others is closed after them."""
    from tencentserverless.local.actions.action import Services
    from tencentserverless.local.actions.asynchronous import QueueExecutor
    from tencentserverless.local.registry.invocations import Invocations
    from tencentserverless.local.scheduler.dispatch import Scheduler
    from tencentserverless.local.scheduler.instances import Ground, Launcher
    from tencentserverless.local.scheduler.queue import Queue
    from tencentserverless.local.scheduler.timers import Timers

    settings, (console, support, background) = start.settings, _open_base(stack)
    root = start.root or support.root
    catalogue, packages, store = _open_registry(start, root, console)
    stack.callback(store.close)
    invocations = Invocations(store)
    stack.callback(invocations.flush)
    executor = QueueExecutor(root)
    timers = Timers(lambda: catalogue, executor.fire)
    queue = Queue(store, executor, settings.limits, background, time_scale=settings.time_scale)
    stack.push_async_callback(queue.close)
    ground = Ground(settings, ring, start.interpreters, support, console, start.doors.inner_url)
    scheduler = Scheduler(Launcher(ground), settings.limits, catalogue.reservations)
    stack.push_async_callback(scheduler.close)
    stack.push_async_callback(background.close)
    services = executor.services = Services(
        catalogue,
        scheduler,
        settings,
        console,
        packages,
        start.interpreters,
        invocations,
        store,
        queue,
        timers,
        ground.ledger,
    )
    return services, background


def _open_base(stack: contextlib.AsyncExitStack) -> "tuple[Console, Support, Background]":
    """What every room works with: the terminal, the folder of the run, and the watch of all tasks."""
    from tencentserverless.local.background import Background
    from tencentserverless.local.console import Console
    from tencentserverless.local.worker.support import Support

    console, support = Console(), Support()
    stack.callback(console.close)
    stack.callback(support.close)
    background = Background(console.show)
    background.watch_loop()
    return console, support, background


def _open_registry(start: _Start, root: Path, console: "Console") -> "tuple[Catalogue, Packages, Store]":
    """What was kept and what PATH holds, put together; code that nothing needs goes.

    :param root: the folder that keeps it
    :raises StartRefused: if the database can't be read
    """
    from tencentserverless.local.actions.folders import looks_of
    from tencentserverless.local.registry.catalogue import restore
    from tencentserverless.local.registry.function import packages_of
    from tencentserverless.local.registry.packages import Packages
    from tencentserverless.local.registry.store import Store, StoreFailed

    # A server that follows files looks into their folders when it watches them, and not twice.
    looks = looks_of(start.project, looks_inside=not start.settings.follows_files)
    store, packages = Store(root / _DATABASE, console.show), Packages(root / _PACKAGES)
    try:
        catalogue, notices = restore(store, packages.locate, looks)
        told = len(start.interpreters.warnings)
        start.interpreters.prepare({record.runtime for record in catalogue.records()})  # of those that the API made
    except (StoreFailed, ValueError) as error:
        store.close()
        raise store.refusal(str(error)) from error
    except StartRefused:
        store.close()
        raise
    for notice in (*notices, *(f"warning: {warning}" for warning in start.interpreters.warnings[told:])):
        console.show(f"scf: {notice}")
    if packages.drop_unused(packages_of(catalogue.records())):
        packages.empty_trash()
    return catalogue, packages, store


def _stop_on_signals(
    server: "HttpServer", services: "Services", background: "Background"
) -> "list[asyncio.Task[None]]":
    """Calls under way may end, then workers do, so that the answers can leave; a second signal has no patience.

    :return: the tasks that see to it
    """
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        server.should_exit = True
        background.expect_end()
        services.queue.pause()
        patience_seconds = 0.0 if stopping else services.settings.limits.drain_seconds
        stopping.append(loop.create_task(services.scheduler.close(patience_seconds)))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # ignored: it runs under nohup
            loop.add_signal_handler(number, stop)
    return stopping


def _settle_memory() -> None:
    """What is here when the server is ready stays: looking through it again and again cost a tenth of every call."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_OBJECTS, 20, 50)


def _run_loop(main: Coroutine[None, None, None]) -> None:
    try:
        import uvloop
    except ImportError:  # none for this platform: the standard loop does the same, slower
        asyncio.run(main)
    else:
        uvloop.run(main)


def _secure(settings: Settings, folder: state.StateFolder | None, stack: contextlib.ExitStack) -> "Secured | None":
    if not settings.tls:
        return None
    from tencentserverless.local.front.tls import secured  # loads cryptography, which others need not wait for

    return stack.enter_context(secured(folder.path if folder else None, settings.host))


def _hold_state(settings: Settings, stack: contextlib.ExitStack) -> state.StateFolder | None:
    if not settings.state:
        return None
    folder = state.StateFolder(settings.state)
    stack.enter_context(folder.held())
    return folder


async def _open_proxy(doors: "Doors", limits: Limits, stack: contextlib.AsyncExitStack) -> None:
    if doors.proxy:
        from tencentserverless.local.front.tunnel import Tunnels

        await stack.enter_async_context(Tunnels(doors.target, limits).serve(doors.proxy.listener))


def _owner(settings: Settings, folder: state.StateFolder | None) -> Credentials:
    if settings.secret_file:
        return state.read_secret_file(settings.secret_file)
    return folder.credentials() if folder else keys.make_key_pair()


def _notices(settings: Settings, project: "Project", interpreters: "Interpreters") -> list[str]:
    from tencentserverless.local.worker.interpreters import can_run

    notices = list(project.notices)
    notices += [
        f"{key.name}: the runtime {record.runtime} is listed, but calls of it are not supported by the local SCF"
        for key, record in project.records.items()
        if not can_run(record.runtime)
    ]
    notices += [f"warning: {warning}" for warning in interpreters.warnings]
    notices += [
        f"{name}: a debugger finds it at 127.0.0.1:{port} when it has been called once; it has one instance, and no "
        "limits of time and memory"
        for name, port in settings.debug_ports.items()
    ]
    if not settings.is_loopback:
        notices.append(
            f"warning: {settings.host} can be reached from other machines. Functions run with your user's rights, and "
            "whoever holds a key runs code: the isolation is against crashes, not against attackers."
        )
    return notices
