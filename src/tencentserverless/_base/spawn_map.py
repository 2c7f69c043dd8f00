"""What both faces' ``spawn_map`` is made of: its checked settings, and what its steps need to know.

``_sync.spawn_map`` and ``_aio.spawn_map`` add nothing but how the steps are done.
"""

from tencentserverless._base.arguments import check_count, check_seconds, check_width
from tencentserverless._base.invocation import open_desk
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import polling, wire
from tencentserverless._core.poll_schedule import Roster
from tencentserverless._core.retry import base_seconds
from tencentserverless.exception import CallError, ResultTimeout
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._base.invocation import BaseInvocation
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.poll_schedule import SpawnedInput


DEFAULT_CONCURRENCY = 8


class BaseSpawnMap:
    """Starts a function for each input and hands out the invocations as they end.

    :param client: that starts them
    :param name: the function's name
    :param options: of each ``client.spawn``
    """

    _kind: "type[BaseInvocation]"

    def __init__(
        self,
        client: "Any",
        name: str,
        options: "dict[str, Any]",
        *,
        concurrency: "int | None",
        window: int,
        looks_per_second: float,
        timeout: "float | None",
    ) -> None:
        concurrency = check_width(concurrency, client._limit, DEFAULT_CONCURRENCY)
        if isinstance(looks_per_second, bool) or not isinstance(looks_per_second, (int, float)):
            raise TypeError("looks_per_second must be a number, not {!r}".format(looks_per_second))
        if not 0 < looks_per_second < float("inf"):
            raise ValueError("looks_per_second must be above 0, not {!r}".format(looks_per_second))
        self._client = client
        self._name = name
        self._options = options
        self._timeout = None if timeout is None else check_seconds("timeout", timeout)
        self._desk = open_desk(client, options.get("region") or client.region, max_attempts=1)
        self._roster = Roster(
            concurrency,
            check_count("window", window),
            looks_per_second,
            patience_seconds=client._timeout,
            deadline=polling.NEVER if timeout is None else CLOCK.monotonic() + timeout,
            rng=client._policy.rng,
        )

    @property
    def unfinished(self) -> "list[Any]":
        """The invocations that were started and not handed out yet, by position."""
        return self._roster.unfinished

    def __repr__(self) -> str:
        return "<{} of {}: {} inputs, {} unfinished>".format(
            type(self).__name__, self._name, self._roster.pulled, len(self._roster.unfinished)
        )

    def _look_flow(self, entry: "SpawnedInput") -> "Flow":
        return polling.look_flow(entry.invocation._watched, self._desk)

    def _note_started(self, entry: "SpawnedInput", found: "BaseInvocation | Exception") -> None:
        if isinstance(found, Exception):
            namespace = self._options.get("namespace") or wire.DEFAULT_NAMESPACE
            region = self._options.get("region") or self._client.region
            invocation = self._kind(self._client, polling.Watched(self._name, namespace, region, ""), entry.position)
            invocation._outcome = found
        else:
            invocation = found
            invocation.position = entry.position
        self._roster.note_started(entry, invocation, CLOCK.monotonic())

    def _note_seen(self, entry: "SpawnedInput", found: "Any") -> None:
        if isinstance(found, Exception):
            base = base_seconds(found) if isinstance(found, CallError) else None
            if self._roster.note_unseen(entry, base, CLOCK.monotonic()):
                entry.invocation._outcome = found
            return
        entry.invocation._outcome = found.outcome
        self._roster.note_seen(entry, found, CLOCK.monotonic())

    def _late(self) -> ResultTimeout:
        message = "{} invocations of {} have not ended after {:g} s; they go on, and are in .unfinished"
        count = len(self._roster.unfinished)
        return ResultTimeout(
            "ClientNetworkError", message.format(count, self._name, self._timeout), executed=Verdict.MAYBE
        )
