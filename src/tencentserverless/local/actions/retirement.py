"""What happens to versions that are gone or have changed: their instances end, then their code goes."""

import asyncio
import itertools
from collections.abc import Iterable

from tencentserverless.local.actions.action import Services
from tencentserverless.local.registry.function import packages_of
from tencentserverless.local.registry.records import FunctionRecord


def retire(services: Services, records: Iterable[FunctionRecord], *, is_forced: bool = False) -> None:
    """End the instances of versions that the catalogue does not hold any more, and drop code that nothing needs.

    Idle instances end now, the others after the call that they serve, or now if it is forced.
    """
    loop = asyncio.get_running_loop()

    def sweep() -> None:
        used = packages_of(itertools.chain(services.catalogue.records(), services.scheduler.records()))
        if services.packages.drop_unused(used):
            loop.run_in_executor(None, services.packages.empty_trash)

    for record in records:
        services.scheduler.retire(record.key, record.version, sweep, is_forced=is_forced)
