"""The services that actions use, and the draining of versions that were deleted or have changed."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tencentserverless.local.console import Console
from tencentserverless.local.invocations.dead_letters import DeadLetterFile
from tencentserverless.local.invocations.fault_rules import Faults
from tencentserverless.local.invocations.history import InvocationHistory
from tencentserverless.local.invocations.middleware import Runner
from tencentserverless.local.invocations.queue import Queue
from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.invocations.timers import Timers
from tencentserverless.local.pace import Pace
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.custom_domains import CustomDomains
from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.function import packages_of
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.scheduler.scheduler import Scheduler
from tencentserverless.local.settings import Settings
from tencentserverless.local.url_addresses import UrlAddresses
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.own_writes import OwnWrites


@dataclass(frozen=True, slots=True)
class Services:
    """Every service of a server, for the actions.

    :param clock: UNIX seconds
    :param rng: a number from 0 up to, but without, 1: which calls of an alias go to its second version
    :param damage: by request id, the fault that befalls an answer: ``lost`` or ``cut``
    :param targets: by region, namespace, name and qualifier: versions that calls have found, with the catalogue's
        generation
    :param unpacking: held while code is unpacked, so that many deployments at once do not fill the disk
    """

    catalogue: Catalogue
    domains: CustomDomains
    layers: LayerCatalogue
    urls: UrlAddresses
    scheduler: Scheduler
    settings: Settings
    console: Console
    packages: Packages
    pace: Pace
    interpreters: Interpreters
    history: InvocationHistory
    runner: Runner
    database: Database
    queue: Queue
    dead_letters: DeadLetterFile
    timers: Timers
    provision_timers: Timers
    ledger: Ledger
    faults: Faults
    damage: dict[str, str]
    own_writes: OwnWrites
    clock: Callable[[], float]
    rng: Callable[[], float]
    unpacking: asyncio.Lock = field(default_factory=asyncio.Lock)
    targets: dict[tuple[str | None, ...], tuple[int, FunctionRecord]] = field(default_factory=dict)


def drain_versions(services: Services, records: Iterable[FunctionRecord], *, is_forced: bool = False) -> None:
    """Drain versions that the catalogue does not hold any more, and drop code packages that no version uses.

    Idle instances end now, the others after their call, or now if the drain is forced.
    """
    for record in records:
        services.scheduler.drain_version(
            record.key, record.version, lambda: sweep_packages(services), is_forced=is_forced
        )


def sweep_packages(services: Services) -> None:
    """Drop code packages that no version and no layer uses, and forget deleted layers that no version uses."""
    records = [*services.catalogue.records(), *services.scheduler.records(), *services.pace.records()]
    with contextlib.suppress(DatabaseError):  # then the next sweep forgets them
        services.layers.forget_unused(records)
    if services.packages.drop_unused(packages_of(records) | services.layers.packages_of(records)):
        asyncio.get_running_loop().run_in_executor(None, services.packages.empty_trash)
