"""What an action is, what it is told about a call, and what it works with."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tencentserverless.local.console import Console
from tencentserverless.local.faults import Faults
from tencentserverless.local.ledger import Ledger
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.invocations import Invocations
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.registry.store import Store
from tencentserverless.local.scheduler.dispatch import Scheduler
from tencentserverless.local.scheduler.queue import Queue
from tencentserverless.local.scheduler.timers import Timers
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.interpreters import Interpreters


class Call(msgspec.Struct, frozen=True):
    """The facts of a request that are not parameters of its action.

    :param nested: a function of this server made it
    """

    request_id: str
    region: str
    nested: bool


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms that actions work with.

    :param clock: UNIX seconds
    :param dice: a number from 0 up to, but without, 1: which calls of an alias go to its second version
    :param spoiled: answers that are not to arrive, or not whole, by request id: what happens to them
    :param unpacking: held while code is unpacked, so that many deployments at once do not fill the disk
    """

    catalogue: Catalogue
    scheduler: Scheduler
    settings: Settings
    console: Console
    packages: Packages
    interpreters: Interpreters
    invocations: Invocations
    store: Store
    queue: Queue
    timers: Timers
    ledger: Ledger
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], float] = time.time
    dice: Callable[[], float] = random.random
    unpacking: asyncio.Lock = field(default_factory=asyncio.Lock)
    spoiled: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """How an action's body is read, and what then runs: (parameters, call, services) -> the fields of the answer."""

    decoder: "msgspec.json.Decoder[Any]"
    handle: Callable[[Any, Call, Services], Awaitable[dict[str, object]]]
