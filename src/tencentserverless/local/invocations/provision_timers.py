"""The times at which a version gets another number of provisioned instances (TriggerActions).

The timers of functions compute when they are due; a time at which no server ran is not made up for.
"""

import dataclasses
from collections.abc import Iterator

from tencentserverless.local.console import Console
from tencentserverless.local.invocations.timers import Fire
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.timer_triggers import Trigger
from tencentserverless.local.scheduler.provisioning import Provisioning


def timed_functions(catalogue: Catalogue) -> Iterator[Function]:
    """Iterate over the functions with timed provisioned concurrency, with these times in place of their triggers."""
    for function in catalogue:
        if any(each.timed for each in function.provisions.values()):
            yield dataclasses.replace(function, triggers=_triggers(function))


def change_into(catalogue: Catalogue, provisioning: Provisioning, console: Console, limit: int) -> Fire:
    """Make a ``Fire`` that gives a version its timed number of instances.

    :param limit: the provisioned instances that all functions may have together
    """

    async def fire(timed: Function, trigger: Trigger, event: bytes) -> None:
        del event
        function, version, count = catalogue.find(timed.key), trigger.qualifier, int(trigger.argument)
        provision = function.provisions.get(version) if function else None
        if function is None or provision is None or provision.count == count:
            return
        show, label = console.show, f"[{function.key.name}] version {version}"
        if catalogue.provisions.total - provision.count + count > limit:
            show(f"{label}: {count} provisioned instances, by {trigger.name}, are more than this machine can hold")
            return
        try:
            catalogue.put(function.with_provision(version, dataclasses.replace(provision, count=count)))
        except DatabaseError as error:
            show(f"{label}: the time {trigger.name} could not be followed: {error}")
            return
        provisioning.fill()
        show(f"{label}: provisioned instances are {count} from now on, by {trigger.name}")

    return fire


def _triggers(function: Function) -> dict[str, Trigger]:
    return {
        f"{version}/{each.name}": Trigger(
            each.name, version, each.cron, str(each.count), changed_at=provision.changed_at
        )
        for version, provision in function.provisions.items()
        for each in provision.timed
    }
