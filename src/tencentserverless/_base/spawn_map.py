"""The base of the synchronous and the asynchronous ``spawn_map``: checked settings, and the outcome of each step.

``_sync.spawn_map`` and ``_aio.spawn_map`` add only the doing of the steps.
"""

import os

from tencentserverless._base.arguments import check_count, check_seconds, check_width
from tencentserverless._base.invocation import make_poll_context
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import polling, wire
from tencentserverless._core.invocation_records import InvocationRef
from tencentserverless._core.poll_schedule import PollSchedule
from tencentserverless._core.retry import base_seconds
from tencentserverless.exception import CallError, NetworkError, ResultTimeout
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.client import BaseClient
    from tencentserverless._base.invocation import BaseInvocation
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.invocation_records import PollResult
    from tencentserverless._core.poll_schedule import SpawnedInput

DEFAULT_CONCURRENCY = 8


class BaseSpawnMap:
    """Starts a function for each input and hands out the invocations as they end.

    :param client: starts the invocations
    :param name: the function's name
    :param options: of each ``client.spawn``
    """

    _kind: "type[BaseInvocation]"

    def __init__(
        self,
        client: "BaseClient",
        name: str,
        options: "Options",
        *,
        concurrency: "int | None",
        window: int,
        polls_per_second: float,
        timeout: "float | None",
    ) -> None:
        context = client._context()
        self._concurrency = check_width(concurrency, context.max_connections, DEFAULT_CONCURRENCY)
        if isinstance(polls_per_second, bool) or not isinstance(polls_per_second, (int, float)):
            raise TypeError("polls_per_second must be a number, not {!r}".format(polls_per_second))
        if not 0 < polls_per_second < float("inf"):
            raise ValueError("polls_per_second must be above 0, not {!r}".format(polls_per_second))
        self._client = client
        self._name = name
        self._options = options
        self._timeout = None if timeout is None else check_seconds("timeout", timeout)
        self._deadline = polling.NEVER if timeout is None else CLOCK.monotonic() + timeout
        self._context = make_poll_context(context, options.get("region") or context.region, max_attempts=1)
        self._schedule = PollSchedule(
            self._concurrency,
            check_count("window", window),
            polls_per_second,
            patience_seconds=context.timeout_seconds,
            deadline=self._deadline,
            rng=context.policy.rng,
        )
        self._pid = os.getpid()

    @property
    def unfinished(self) -> "list[Any]":
        """The invocations that were started and not handed out yet, by position."""
        return self._schedule.unfinished

    def __repr__(self) -> str:
        return "<{} of {}: {} inputs, {} unfinished>".format(
            type(self).__name__, self._name, self._schedule.pulled, len(self._schedule.unfinished)
        )

    def _check_process(self) -> None:
        """Refuse to go on in a forked child: the parent started the invocations, and goes on polling them."""
        if os.getpid() != self._pid:
            raise RuntimeError("this spawn_map belongs to the process that forked; make a new one here")

    def _poll_flow(self, entry: "SpawnedInput") -> "Flow[PollResult]":
        return polling.poll_flow(entry.invocation._ref, self._context, self._deadline)

    def _note_started(self, entry: "SpawnedInput", found: "BaseInvocation | BaseException") -> None:
        if isinstance(found, BaseException):
            namespace = self._options.get("namespace") or wire.DEFAULT_NAMESPACE
            region = self._options.get("region") or self._client.region
            invocation = self._kind(self._client, InvocationRef(self._name, namespace, region, ""), entry.position)
            invocation._outcome = _as_error(found)
        else:
            invocation = found
            invocation.position = entry.position
        self._schedule.note_started(entry, invocation, CLOCK.monotonic())

    def _note_polled(self, entry: "SpawnedInput", found: "PollResult | BaseException") -> None:
        if isinstance(found, BaseException):
            error = _as_error(found)
            base = base_seconds(error) if isinstance(error, CallError) else None
            asked = getattr(error, "retry_after_seconds", None) or 0.0
            if self._schedule.note_poll_failed(entry, base, CLOCK.monotonic(), asked):
                entry.invocation._outcome = error
            return
        entry.invocation._outcome = found.outcome
        self._schedule.note_polled(entry, found, CLOCK.monotonic())

    def _late(self) -> ResultTimeout:
        message = "{} invocations of {} have not ended after {:g} s; they go on, and are in .unfinished"
        count = len(self._schedule.unfinished)
        return ResultTimeout(
            "ClientNetworkError", message.format(count, self._name, self._timeout), executed=Verdict.MAYBE
        )


def _as_error(found: BaseException) -> Exception:
    """Make an outcome of the exception that ended a request. An interrupted request may have arrived."""
    if isinstance(found, Exception):
        return found
    return NetworkError("ClientNetworkError", "interrupted by {!r}".format(found), executed=Verdict.MAYBE)
