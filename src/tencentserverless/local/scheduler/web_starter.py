"""Starts the instances of web functions: finds the way to port 9000, an address, and the command."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.errors import StartupError
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.environment import Place
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.output import Output
from tencentserverless.local.worker.port_watch import WEB_PORT
from tencentserverless.local.worker.web_headers import InjectedHeaders
from tencentserverless.local.worker.web_ports import Decision, Way, WebPorts
from tencentserverless.local.worker.web_start import (
    START_FILE,
    NoInterpreter,
    NotStartable,
    check_start_file,
    plan_start,
)
from tencentserverless.local.worker.web_worker import WebCommand, WebWorker, start_web_worker

_HEAD_BYTES = 64 * 1024  # of a start file, in which the way is looked for


class WebStarter:
    """Starts the instances of web functions.

    :param child_folder: the folder of the launcher
    :param show: called with a line for the user
    """

    def __init__(
        self, settings: Settings, interpreters: Interpreters, child_folder: Path, show: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._interpreters = interpreters
        self._launcher = child_folder / "_scf_web_launcher.py"
        self._ports = WebPorts(settings.web_ports, child_folder)
        self._show = show
        self._told: set[str] = set()

    def is_alone(self, record: FunctionRecord) -> bool:
        """True if there is at most one instance of a function: none but the first could have the port."""
        return self._decide(record).way is Way.SINGLE

    async def start(
        self, record: FunctionRecord, environment: dict[str, str], place: Place, output: Output, access_key: AccessKey
    ) -> WebWorker:
        """Start an instance.

        :raises NotStartable: if the platform would not start it
        :raises NoInterpreter: if an interpreter that it names is missing
        :raises OSError: if it can't be started; ``strerror`` says why
        """
        tell = self._teller(record)
        try:
            command = await asyncio.to_thread(self._command, record, environment, place)
        except NotStartable as error:
            tell(error.words)
            raise
        except StartupError as error:
            raise NoInterpreter(str(error)) from error
        headers = InjectedHeaders(record, self._settings, access_key)
        return await start_web_worker(command, output, headers, tell)

    def _command(self, record: FunctionRecord, environment: dict[str, str], place: Place) -> WebCommand:
        folder = record.code_folder
        check_start_file(folder)
        decision = self._decide(record)
        if decision.refusal:
            raise OSError(0, decision.refusal)
        self._tell_once(decision.notice)
        is_isolated = place.isolation is not None
        return WebCommand(
            start=plan_start(
                folder, place.scratch, place.temporary_folder, self._interpreters, is_isolated=is_isolated
            ),
            way=decision.way,
            address=("127.0.0.1" if decision.way is Way.SINGLE else self._ports.draw(), WEB_PORT),
            launcher=self._launcher,
            code_folder=folder,
            environment=environment,
            place=place.temporary_folder,
            memory_mb=record.memory_mb,
            umask=self._settings.umask,
            isolation=place.isolation,
        )

    def _decide(self, record: FunctionRecord) -> Decision:
        try:
            with (record.code_folder / START_FILE).open("rb") as file:
                return self._ports.decide(file.read(_HEAD_BYTES))
        except OSError:
            return self._ports.decide(b"")

    def _teller(self, record: FunctionRecord) -> Callable[[str], None]:
        return lambda words: self._show(f"[{record.key.name}] {words}")

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._show(f"scf: {line}")
