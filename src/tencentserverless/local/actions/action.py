"""What an action is, what it is told about a call, and what it works with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from tencentserverless.local.console import Console
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.scheduler.dispatch import Scheduler
from tencentserverless.local.settings import Settings


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of a request that are not parameters of its action.

    :param nested: a function of this server made it
    """

    request_id: str
    region: str
    nested: bool


@dataclass(frozen=True, slots=True)
class Services:
    """The rooms that actions work with."""

    catalogue: Catalogue
    scheduler: Scheduler
    settings: Settings
    console: Console


@dataclass(frozen=True, slots=True)
class Action:
    """How an action's body is read, and what then runs: (parameters, call, services) -> the fields of the answer."""

    decoder: "msgspec.json.Decoder[Any]"
    handle: Callable[[Any, Call, Services], Awaitable[dict[str, object]]]
