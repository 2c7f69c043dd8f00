"""Starts the instances of web functions: finds the way to port 9000, an address, and the command."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.errors import StartupError
from tencentserverless.local.registry.function_version import WEB, FunctionRecord
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.environment import Place
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.output import Output
from tencentserverless.local.worker.port_watch import WEB_PORT
from tencentserverless.local.worker.run_directory import LAUNCHER, RunDirectory
from tencentserverless.local.worker.web_environment import PIPE_NAME, Surroundings, web_variables
from tencentserverless.local.worker.web_headers import InjectedHeaders
from tencentserverless.local.worker.web_ports import LOOPBACK, Decision, Way, WebPorts
from tencentserverless.local.worker.web_start import (
    START_FILE,
    NoInterpreter,
    NotStartable,
    Start,
    check_start_file,
    plan_start,
)
from tencentserverless.local.worker.web_worker import WebCommand, WebWorker, start_web_worker

_HEAD_BYTES = 64 * 1024  # of a start file, in which the way is looked for


@dataclass(frozen=True, slots=True)
class WebLaunch:
    """The parts with which one instance is started.

    :param bundle: the roots that functions trust, ``""`` for those that they bring
    :param debugger: the folder of debugpy; None for a function without a debugger
    """

    environment: dict[str, str]
    place: Place
    output: Output
    access_key: AccessKey
    memory_mb: int
    bundle: str = ""
    debugger: Path | None = None


class WebStarter:
    """Starts the instances of web functions.

    :param show: called with a line for the user
    :param ports: for tests
    """

    def __init__(
        self,
        settings: Settings,
        interpreters: Interpreters,
        run_directory: RunDirectory,
        show: Callable[[str], None],
        ports: WebPorts | None = None,
    ) -> None:
        self._settings = settings
        self._interpreters = interpreters
        self._run_directory = run_directory
        self._ports = ports or WebPorts(settings.web_ports, run_directory.child_folder)
        self._show = show
        self._told: set[str] = set()

    def is_alone(self, record: FunctionRecord) -> bool:
        """True if there is at most one instance of a function: none but the first could have the port."""
        return self._decide(record).way is Way.SINGLE

    def prepare(self, records: Iterable[FunctionRecord]) -> None:
        """Decide the way of each function at the start of the server, and tell it. It takes a moment."""
        for record in records:
            if record.type == WEB:
                decision = self._decide(record)
                self._tell_once(f"warning: {decision.refusal}" if decision.refusal else decision.notice)

    async def start(self, record: FunctionRecord, launch: WebLaunch) -> WebWorker:
        """Start an instance.

        :raises NotStartable: if the platform would not start it
        :raises NoInterpreter: if an interpreter that it names is missing
        :raises OSError: if it can't be started; ``strerror`` says why
        """

        def tell(words: str) -> None:
            self._show(f"[{record.key.name}] {words}")

        try:
            command = await asyncio.to_thread(self._command, record, launch)
        except NotStartable as error:
            tell(error.words)
            raise
        except StartupError as error:
            raise NoInterpreter(str(error)) from error
        headers = InjectedHeaders(record, self._settings, launch.access_key)
        return await start_web_worker(command, launch.output, headers, tell)

    def _command(self, record: FunctionRecord, launch: WebLaunch) -> WebCommand:
        folder, place = record.code_folder, launch.place
        check_start_file(folder)
        decision = self._decide(record)
        if decision.refusal:
            raise OSError(0, decision.refusal)
        self._tell_once(decision.notice)
        address = self._find_address(decision.way)
        start = self._plan(folder, place, address[1])
        if decision.way is Way.SHIMS:
            os.mkfifo(place.scratch / PIPE_NAME, 0o600)
        around = Surroundings(
            self._run_directory,
            place,
            decision.way,
            address,
            launch.bundle,
            launch.debugger,
            self._run_directory.sdk_folder,
        )
        return WebCommand(
            start=start,
            way=decision.way,
            address=address,
            launcher=self._run_directory.child_folder / LAUNCHER,
            code_folder=folder,
            environment=launch.environment | web_variables(record, self._settings, around),
            pipe=place.scratch / PIPE_NAME,
            memory_mb=launch.memory_mb,
            umask=self._settings.umask,
            isolation=place.isolation,
        )

    def _plan(self, folder: Path, place: Place, port: int) -> Start:
        """Decide how a function is started. A Python that is missing is told, as at the start of the server."""
        told = len(self._interpreters.warnings)
        is_isolated = place.isolation is not None
        parts = (folder, place.scratch, place.temporary_folder, self._interpreters)
        start = plan_start(*parts, is_isolated=is_isolated, port=port)
        for warning in self._interpreters.warnings[told:]:
            self._tell_once(f"warning: {warning}")
        return start

    def _find_address(self, way: Way) -> tuple[str, int]:
        if way is not Way.SINGLE:
            return self._ports.draw()
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("", WEB_PORT))
            except OSError as error:
                words = f"port {WEB_PORT} of this machine is used by another program ({error.strerror})"
                raise OSError(error.errno, f"{words}: end that, or give --web-ports seccomp or shims") from error
        return LOOPBACK, WEB_PORT

    def _decide(self, record: FunctionRecord) -> Decision:
        try:
            with (record.code_folder / START_FILE).open("rb") as file:
                return self._ports.decide(file.read(_HEAD_BYTES))
        except OSError:
            return self._ports.decide(b"")

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._show(f"scf: {line}")
