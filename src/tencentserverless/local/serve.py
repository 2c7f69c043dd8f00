"""The composition root: creates the services, runs them until a signal comes, and closes them.

The command line imports only this module and ``settings``; the packages load when a server starts.
"""

import asyncio
import contextlib
import dataclasses
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless.local import access_keys, descriptor_limit, main_loop, running_servers, state_dir
from tencentserverless.local.control import (
    choose_source,
    curl_line,
    describe_servers,
    find_functions,
    find_holder,
    find_server,
    find_state,
    forget_state,
    is_link_used,
    leaving_exports,
    leaving_variables,
    make_link,
    read_dead_letters,
    reset_server,
    running_environment,
    server_lines,
    server_status,
    stop_server,
)
from tencentserverless.local.errors import Reason, ServerFailed, StartupError
from tencentserverless.local.private_files import write_private
from tencentserverless.local.project.deployable import Deployable, PackedCode, pack_code, read_deployables
from tencentserverless.local.project.requirements import find_command_of_runtime
from tencentserverless.local.settings import (
    DASHBOARD_LINK,
    DIRECT_VARIABLES,
    LOOPBACK_HOSTS,
    Settings,
    present_value,
    project_variables,
)
from tencentserverless.models import Credentials

if TYPE_CHECKING:
    from tencentserverless.local.background_tasks import Background
    from tencentserverless.local.dashboard.site import Dashboard
    from tencentserverless.local.http.server import Listeners
    from tencentserverless.local.http.tls import TlsServerConfig
    from tencentserverless.local.lifecycle import Lifecycle
    from tencentserverless.local.project.discovery import Project
    from tencentserverless.local.project.file_stamps import Stamps
    from tencentserverless.local.services import Services
    from tencentserverless.local.url_addresses import UrlBases
    from tencentserverless.local.worker.interpreters import Interpreters
    from tencentserverless.local.worker.isolation import Isolation

#: The command line imports these from here: ``control`` asks a running server, ``project.deployable`` reads a folder.
__all__ = [
    "Deployable",
    "PackedCode",
    "choose_source",
    "curl_line",
    "describe_servers",
    "find_command_of_runtime",
    "find_functions",
    "find_holder",
    "find_server",
    "find_state",
    "forget_state",
    "is_link_used",
    "leaving_exports",
    "leaving_variables",
    "make_link",
    "pack_code",
    "read_dead_letters",
    "read_deployables",
    "reset_server",
    "running_environment",
    "serve",
    "server_lines",
    "server_status",
    "stop_server",
]

OnReady = Callable[[str, Callable[[], dict[str, Any]], Callable[[], str]], None]

_ADMIN_TOKEN_BYTES = 32


def serve(settings: Settings, on_ready: OnReady, on_notice: Callable[[str], None]) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP (the terminal was closed), then stop every worker and return.

    :param on_ready: called once, when the server answers and the env file is written, with its URL, a function that
        returns its status, and one that returns a new link to the dashboard, ``""`` where it is not served
    :param on_notice: called with a line for the user
    :raises StartupError: if the server can't start with these settings
    :raises ServerFailed: after the stop, if a part of the server had ended before
    """
    from tencentserverless.local.http.server import bind_listeners
    from tencentserverless.local.project.function_options import check_values
    from tencentserverless.local.project.watch import stamp_project
    from tencentserverless.local.start_notices import check_debugger, list_notices
    from tencentserverless.local.worker.interpreters import Interpreters
    from tencentserverless.local.worker.isolation import find_isolation

    descriptor_limit.raise_limit()
    umask = os.umask(0o077)  # files of the server are private to their owner; functions get the old umask back
    try:
        settings = dataclasses.replace(settings, umask=umask)
        before = stamp_project(settings.project.resolve()) if settings.follows_files else {}
        project = _read_project(settings)
        check_values(settings)
        if settings.strict and project.faults:
            raise StartupError(Reason.PROJECT, "\n".join(project.faults))
        interpreters = Interpreters(settings.strict_runtimes)
        interpreters.prepare({record.runtime for record in project.records.values()})
        isolation = find_isolation(settings)
        check_debugger(settings, project)
        with contextlib.ExitStack() as stack:
            listeners = bind_listeners(settings, stack)
            folder = _hold_state(settings, stack)
            tls = _open_tls(settings, folder, stack)
            is_older = folder is not None and folder.is_older
            notices = (*list_notices(settings, project, interpreters, is_older=is_older), isolation.notice)
            for notice in notices:
                on_notice(notice)
            owner = _owner(settings, folder)
            start = _Start(settings, project, before, interpreters, isolation, folder, owner, listeners, tls, notices)
            if listeners.proxy:
                on_notice(f"clients whose endpoint is fixed reach it by HTTPS_PROXY={listeners.proxy_url}")
            main_loop.run(_serve(start, on_ready))
    finally:
        os.umask(umask)


def _read_project(settings: Settings) -> "Project":
    """Read the functions of PATH; one without any is said.

    :raises StartupError: if PATH is no folder, or what configures functions there can't be read
    """
    from tencentserverless.local.project.discovery import discover

    return discover(
        settings.project,
        settings.region,
        project_variables(),
        time.time(),
        tells_empty=True,
        outputs=settings.outputs,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Start:
    """The checked values that a server starts with.

    :ivar before: the files of PATH before the project was read
    :ivar notices: what the user was told
    """

    settings: Settings
    project: "Project"
    before: "Stamps"
    interpreters: "Interpreters"
    isolation: "Isolation"
    folder: state_dir.StateFolder | None
    owner: Credentials
    listeners: "Listeners"
    tls: "TlsServerConfig | None"
    notices: tuple[str, ...]
    admin_token: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(_ADMIN_TOKEN_BYTES))
    proxy_token: str = dataclasses.field(default_factory=secrets.token_hex)

    @property
    def root(self) -> Path | None:
        """The folder of data that outlives the server, None for none."""
        return self.folder.path.resolve() if self.folder else None

    def function_variables(self) -> dict[str, str]:
        """Return the variables that lead every client inside functions here, if there is a proxy."""
        if not (self.tls and self.listeners.function_proxy):
            return {}
        proxy = self.listeners.function_proxy_url(self.proxy_token)
        lead = {"HTTPS_PROXY": proxy, "NO_PROXY": ",".join(sorted(LOOPBACK_HOSTS))}
        return {**lead, **state_dir.trust_of(self.tls.ca_file, self.tls.bundle_file)}

    @property
    def link_url(self) -> str:
        """The start of each link to the dashboard, ``""`` where that is not served: to other machines without TLS."""
        is_served = self.settings.is_loopback or self.settings.tls
        return f"{self.listeners.endpoint_url}{DASHBOARD_LINK}" if is_served else ""

    def write_environment(self) -> None:
        """Write the files that tell clients how to call the server."""
        variables = state_dir.environment_of(self.listeners.endpoint_url, self.owner, self.settings.region)
        present = present_value(*DIRECT_VARIABLES)
        variables |= state_dir.direct_hosts(self.listeners.endpoint_url, present)
        if self.tls:
            variables |= state_dir.trust_of(self.tls.ca_file, self.tls.bundle_file)
        if self.listeners.proxy:
            variables[state_dir.PROXY_VARIABLE] = self.listeners.proxy_url
        variables[state_dir.ADMIN_TOKEN_VARIABLE] = self.admin_token
        if self.settings.env_file:
            write_private(self.settings.env_file, variables)
        if self.folder:
            self.folder.write_environment(variables)

    def registered(self) -> contextlib.AbstractContextManager[None]:
        """Keep the server in the register of this user, if it is to be found there."""
        if not self.settings.is_listed:
            return contextlib.nullcontext()
        source = self.folder.path if self.folder else self.settings.env_file
        return running_servers.registered(running_servers.describe_own(self.settings.project, source))

    def forget_environment(self) -> None:
        """Remove the env file, because the server has stopped."""
        if self.folder:
            self.folder.forget_environment(self.listeners.endpoint_url)


async def _serve(start: _Start, on_ready: OnReady) -> None:
    from tencentserverless.local.api.admin import Admin
    from tencentserverless.local.api.dispatch import Api
    from tencentserverless.local.http.server import HttpServer
    from tencentserverless.local.lifecycle import Lifecycle
    from tencentserverless.local.sites import listen_on_all

    limits, lifecycle = start.settings.limits, Lifecycle()
    keys = access_keys.KeyRing(start.owner, time.time, limits.temporary_key_seconds)
    async with contextlib.AsyncExitStack() as stack:
        services, background = _open_services(start, keys, lifecycle, stack)
        links = access_keys.OneUseKeys(time.time, access_keys.LINK_SECONDS)
        admin = Admin(services, start.admin_token, start.settings.host, links, start.link_url)
        api = Api(services, keys, admin, lambda: _open_dashboard(start, services, keys, links, lifecycle))
        server, stop = HttpServer(), asyncio.Event()
        stopping = _stop_on_signals(stop, services, lifecycle)
        if start.settings.follows_files:
            await _follow_files(services, start, background)
        services.queue.start()
        background.keep("the timers", services.timers.run)
        if not lifecycle.is_stopping:  # a signal may have come by now
            await listen_on_all(
                *(server, start.listeners, api, services, keys, stack),
                tls=start.tls.context if start.tls else None,
                proxy_token=start.proxy_token,
            )
            lifecycle.listen()
            await _open_debuggers(services)
            background.keep("the provisioned instances", services.scheduler.provisioning.run)
            background.keep("the times of provisioned instances", services.provision_timers.run)
            main_loop.settle()
            stack.enter_context(start.registered())
            start.write_environment()
            stack.callback(start.forget_environment)
            on_ready(start.listeners.url, admin.read_status, admin.make_link)
            await stop.wait()
            await server.stop(limits.stop_seconds)
        await asyncio.gather(*stopping)
        down = _parts_down(services, background)
    if down:
        raise _failure(down)


def _open_services(
    start: _Start, keys: access_keys.KeyRing, lifecycle: "Lifecycle", stack: contextlib.AsyncExitStack
) -> "tuple[Services, Background]":
    from tencentserverless.local.function_folders import scan_folders
    from tencentserverless.local.project.function_options import check_names
    from tencentserverless.local.service_factory import create_services

    services, background = create_services(
        start.settings,
        lifecycle,
        scan_folders(start.project),
        start.interpreters,
        stack,
        keys=keys,
        folder=start.root,
        endpoint_url=start.listeners.inner_url,
        isolation=start.isolation,
        function_variables=start.function_variables(),
        bases=_url_bases(start),
    )
    names = {key.name for key in services.catalogue.kept()}
    for notice in check_names(start.settings, names, may_lack=bool(start.project.faults)):
        services.console.show(f"scf: {notice}")
    return services, background


def _open_dashboard(
    start: _Start,
    services: "Services",
    keys: access_keys.KeyRing,
    links: access_keys.OneUseKeys,
    lifecycle: "Lifecycle",
) -> "Dashboard":
    # most servers are never looked at: it loads with the first request for it
    from tencentserverless.local.api.dashboard_opening import open_dashboard

    return open_dashboard(services, keys.owner, links, start.listeners, start.notices, lambda: lifecycle.is_stopping)


def _url_bases(start: _Start) -> "UrlBases":
    from tencentserverless.local.url_addresses import UrlBases

    listeners = start.listeners
    return UrlBases(
        start.settings.appid, listeners.main.port, listeners.inner.port, listeners.path_url, is_tls=listeners.is_tls
    )


def _parts_down(services: "Services", background: "Background") -> Mapping[str, str]:
    """Return why parts of the server have ended before it stopped, by their names."""
    failure = services.database.failure
    return background.down() | ({"the database": failure} if failure else {})


def _failure(down: Mapping[str, str]) -> ServerFailed:
    """Make the error of a server of which a part had ended before the stop."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in down.items())
    return ServerFailed(f"the local SCF has stopped, but not all of it ran until then: {reasons}")


async def _follow_files(services: "Services", start: _Start, background: "Background") -> None:
    """Watch the saved files of functions from now on. This starts before any call can run."""
    from tencentserverless.local.reload import Reloader

    reloader = Reloader(services, start.project, start.before)
    await reloader.begin()
    background.keep("the watch of saved files", reloader.follow, restarts=False)


def _stop_on_signals(
    stopped: asyncio.Event, services: "Services", lifecycle: "Lifecycle"
) -> "list[asyncio.Task[None]]":
    """Stop on a signal: running calls may end, then workers end, so that answers can be sent.

    A second signal ends them now.

    :return: the tasks of the stop
    """
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        stopped.set()
        lifecycle.stop()
        services.queue.pause()
        patience_seconds = 0.0 if stopping else services.settings.limits.drain_seconds
        stopping.append(loop.create_task(services.scheduler.close(patience_seconds)))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # ignored: the server runs under nohup
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    return stopping


async def _open_debuggers(services: "Services") -> None:
    """Start the instances of debugged functions, so that an editor can attach before the first call."""
    for function in list(services.catalogue):
        if function.key.name in services.settings.debug_ports:
            await services.scheduler.replace_version(function.latest)


def _open_tls(
    settings: Settings, folder: state_dir.StateFolder | None, stack: contextlib.ExitStack
) -> "TlsServerConfig | None":
    if not settings.tls:
        return None
    # loads cryptography, which a server without TLS does not need
    from tencentserverless.local.http.tls import open_tls

    return stack.enter_context(open_tls(folder.path if folder else None, settings.host))


def _hold_state(settings: Settings, stack: contextlib.ExitStack) -> state_dir.StateFolder | None:
    if not settings.state:
        return None
    folder = state_dir.StateFolder(settings.state)
    stack.enter_context(folder.held())
    return folder


def _owner(settings: Settings, folder: state_dir.StateFolder | None) -> Credentials:
    if settings.secret_file:
        return state_dir.read_secret_file(settings.secret_file)
    return folder.credentials() if folder else access_keys.make_key_pair()
