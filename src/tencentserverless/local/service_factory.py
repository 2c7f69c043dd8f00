"""Creates the services of one server, in the order in which they need each other; they are closed in reverse order."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from tencentserverless.local.access_keys import KeyRing
from tencentserverless.local.background_tasks import Background
from tencentserverless.local.console import Console
from tencentserverless.local.invocations.call_lines import CallLines
from tencentserverless.local.invocations.dead_letters import DeadLetterFile
from tencentserverless.local.invocations.event_executor import EventExecutor
from tencentserverless.local.invocations.fault_rules import Faults
from tencentserverless.local.invocations.history import InvocationHistory
from tencentserverless.local.invocations.middleware import FaultInjection, HistoryKeeping, Runner
from tencentserverless.local.invocations.provision_timers import change_into, timed_functions
from tencentserverless.local.invocations.queue import Queue
from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.invocations.timers import Timers, fire_into
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.machine_memory import read_memory_limit
from tencentserverless.local.outcome import EXITED_AT_START, LOAD_FAILED, Outcome
from tencentserverless.local.pace import Pace
from tencentserverless.local.project.requirements import find_command
from tencentserverless.local.registry.catalogue import Catalogue, restore
from tencentserverless.local.registry.custom_domains import CustomDomains
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.folder_merge import FolderDefinition
from tencentserverless.local.registry.function import packages_of
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue, restore_layers
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.registry.url_ids import UrlIds
from tencentserverless.local.scheduler.launcher import LaunchContext, Launcher
from tencentserverless.local.scheduler.layer_folders import LayerFolders
from tencentserverless.local.scheduler.scheduler import Scheduler
from tencentserverless.local.services import Services
from tencentserverless.local.settings import Settings
from tencentserverless.local.url_addresses import UrlAddresses, UrlBases
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.isolation import Isolation
from tencentserverless.local.worker.own_writes import OwnWrites
from tencentserverless.local.worker.run_directory import RunDirectory

#: The clock, and the random numbers of weighted aliases.
_CHANCE: Mapping[str, Callable[[], float]] = {"clock": time.time, "rng": random.random}
_Kept = TypeVar("_Kept")
_DATABASE, _PACKAGES, _NOTES = "state.db", "packages", "notes"


def create_services(
    settings: Settings,
    lifecycle: Lifecycle,
    definitions: Mapping[FunctionKey, FolderDefinition],
    interpreters: Interpreters,
    stack: contextlib.AsyncExitStack,
    *,
    keys: KeyRing,
    folder: Path | None,
    endpoint_url: str,
    isolation: Isolation,
    function_variables: Mapping[str, str],
    bases: UrlBases,
) -> tuple[Services, Background]:
    """Create the services. The exit stack closes each one after those that use it.

    Stored and found functions are combined.

    :param definitions: the functions of PATH
    :param stack: closes each service after those that use it
    :param folder: the folder of data that outlives the server, None for none
    :param endpoint_url: the URL at which functions find the server
    :param isolation: what parts instances from this machine
    :param function_variables: further variables of every function
    :param bases: where URLs of functions are reached
    :raises StartupError: if the database can't be read
    """
    console, run_directory, background, own_writes = _open_base(settings, stack, lifecycle)
    kept = folder or run_directory.root
    catalogue, layers, packages, database = _open_registry(definitions, interpreters, kept, console, stack)
    history, ledger, faults = InvocationHistory(database), Ledger(), Faults()
    parts = (settings, keys, interpreters, run_directory, console, endpoint_url, ledger, lifecycle)
    context = LaunchContext(*parts, isolation, own_writes, function_variables, LayerFolders(layers, packages))
    scheduler = _open_scheduler(context, catalogue)
    injection = FaultInjection(faults)
    runner = Runner(scheduler, _surround(history, console, settings, stack, interpreters), injection)
    dead_letters = DeadLetterFile(kept, settings, catalogue, console)
    pace = Pace(settings.pace)
    events = EventExecutor(runner, catalogue, history, dead_letters, console, running=pace.running, **_CHANCE)
    queue = Queue(database, events, settings.limits, background, time_scale=settings.time_scale)
    _close_in_turn(stack, queue, scheduler, background)
    services = Services(
        catalogue=catalogue,
        domains=_read_kept(database, CustomDomains),
        layers=layers,
        urls=_open_urls(database, bases, catalogue),
        scheduler=scheduler,
        settings=settings,
        console=console,
        packages=packages,
        pace=pace,
        interpreters=interpreters,
        history=history,
        runner=runner,
        database=database,
        queue=queue,
        dead_letters=dead_letters,
        timers=Timers(lambda: catalogue, fire_into(queue, console, time.time)),
        provision_timers=_time_provisions(catalogue, scheduler, console, settings),
        ledger=ledger,
        faults=faults,
        damage=injection.damage,
        own_writes=own_writes,
        clock=time.time,
        rng=random.random,
    )
    return services, background


def _close_in_turn(stack: contextlib.AsyncExitStack, *services: Queue | Scheduler | Background) -> None:
    """Close services at the end, the last one first."""
    for each in services:
        stack.push_async_callback(each.close)


def _open_urls(database: Database, bases: UrlBases, catalogue: Catalogue) -> UrlAddresses:
    """Read the ids of URLs, and give one to every URL that has none yet.

    :raises StartupError: if the database can't be read or written
    """
    addresses = UrlAddresses(_read_kept(database, UrlIds), bases)
    try:
        for function in catalogue:
            addresses.prepare(function)
    except DatabaseError as error:
        raise database.refusal(str(error)) from error
    return addresses


def _read_kept(database: Database, kind: Callable[[Database], _Kept]) -> _Kept:
    """Read the custom domains, or the ids of URLs.

    :raises StartupError: if the database can't be read
    """
    try:
        return kind(database)
    except (DatabaseError, ValueError) as error:
        raise database.refusal(str(error)) from error


def _open_scheduler(context: LaunchContext, catalogue: Catalogue) -> Scheduler:
    """Create the scheduler, which reads from the catalogue what is reserved and what is provisioned."""
    is_short = read_memory_limit().is_memory_short
    launcher = Launcher(context)
    launcher.prepare(catalogue.records())
    return Scheduler(
        *(launcher, context.settings.limits, context.lifecycle),
        *(catalogue.reservations, is_short, catalogue.provisions),
    )


def _time_provisions(catalogue: Catalogue, scheduler: Scheduler, console: Console, settings: Settings) -> Timers:
    """Create the timers of provisioned instances."""
    limit = settings.limits.provisioned_instances
    return Timers(lambda: timed_functions(catalogue), change_into(catalogue, scheduler.provisioning, console, limit))


def _adviser(interpreters: Interpreters) -> Callable[[FunctionRecord, Outcome], str]:
    """Return what the terminal adds to a failure: how to install a module that is missing."""

    def advise(record: FunctionRecord, outcome: Outcome) -> str:
        # A server of the user's own, as of a web function, tells of a missing module in its output alone.
        texts = {LOAD_FAILED: outcome.message, EXITED_AT_START: outcome.output.decode("utf-8", "replace")}
        interpreter = interpreters.find_installer(record.runtime) if outcome.status in texts else None
        return "" if interpreter is None else find_command(texts[outcome.status], record.code_folder, str(interpreter))

    return advise


def _open_base(
    settings: Settings, stack: contextlib.AsyncExitStack, lifecycle: Lifecycle
) -> tuple[Console, RunDirectory, Background, OwnWrites]:
    """Open the console, the folder of the run, the background tasks, and the notes of what functions write."""
    console, run_directory = Console(is_json=settings.log_format == "json"), RunDirectory()
    stack.callback(console.close)
    stack.callback(run_directory.close)
    background = Background(console.show, lifecycle)
    background.watch_loop()
    own_writes = OwnWrites(run_directory.root / _NOTES, console.show)
    background.keep("the look at what functions write", own_writes.watch)
    return console, run_directory, background, own_writes


def _surround(
    history: InvocationHistory,
    console: Console,
    settings: Settings,
    stack: contextlib.AsyncExitStack,
    interpreters: Interpreters,
) -> tuple[HistoryKeeping, CallLines]:
    """Create the parts around every invocation: its record, and its line in the log."""
    stack.callback(history.flush)
    call_lines = CallLines(console, settings.log_format, advise=_adviser(interpreters))
    stack.callback(call_lines.flush)
    return HistoryKeeping(history, time.time), call_lines


def _open_registry(
    definitions: Mapping[FunctionKey, FolderDefinition],
    interpreters: Interpreters,
    folder: Path,
    console: Console,
    stack: contextlib.AsyncExitStack,
) -> tuple[Catalogue, LayerCatalogue, Packages, Database]:
    """Open the catalogues of stored functions, of PATH, and of layers; drop code packages that no version uses.

    :param folder: the folder of the database and the packages
    :raises StartupError: if the database can't be read
    """
    database, packages = Database(folder / _DATABASE, console.show), Packages(folder / _PACKAGES)
    stack.callback(database.close)
    try:
        catalogue, notices = restore(database, packages.locate, definitions)
        layers = restore_layers(database)
        layers.forget_unused(catalogue.records())
        told = len(interpreters.warnings)
        # runtimes of functions that the API created
        interpreters.prepare({record.runtime for record in catalogue.records()})
    except (DatabaseError, ValueError) as error:
        raise database.refusal(str(error)) from error
    notices = [*notices, *interpreters.package_notices(record.runtime for record in catalogue.records())]
    notices += [line for function in catalogue for line in layers.missing_of(function.latest)]
    for notice in (*notices, *(f"warning: {warning}" for warning in interpreters.warnings[told:])):
        console.show(f"scf: {notice}")
    if packages.drop_unused(packages_of(catalogue.records()) | layers.packages_of(catalogue.records())):
        packages.empty_trash()
    return catalogue, layers, packages, database
