"""The base of synchronous and asynchronous clients' invocations: its reference, its outcome, and flows that poll it.

``_sync.invocation`` and ``_aio.invocation`` add only the driving of flows.
"""

import copy

from tencentserverless import config
from tencentserverless._base.arguments import check_flag, check_name, check_seconds
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import polling, wire
from tencentserverless._core.invocation_records import InvocationRef
from tencentserverless._core.retry import Policy
from tencentserverless.models import InvokeResult

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._base.arguments import Options
    from tencentserverless._base.client import BaseClient
    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.invocation_records import PollResult


class BaseInvocation:
    """An asynchronous invocation that was accepted.

    :param client: polls it
    :param ref: names the invocation
    :param position: of its input in a ``spawn_map``, else None
    """

    __slots__ = ("_client", "_outcome", "_ref", "position")

    position: "int | None"

    def __init__(self, client: "BaseClient", ref: InvocationRef, position: "int | None" = None) -> None:
        self._client = client
        self._ref = ref
        self._outcome: "InvokeResult | Exception | None" = None
        self.position = position

    @property
    def request_id(self) -> str:
        """Id of the execution: ``context["request_id"]`` in the function, and the id in its logs."""
        return self._ref.request_id

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._ref.function_name

    @property
    def namespace(self) -> str:
        """The function's namespace."""
        return self._ref.namespace

    @property
    def region(self) -> str:
        """The region where it runs."""
        return self._ref.region

    @property
    def has_outcome(self) -> bool:
        """True if its result, or its error, is known, so that ``result()`` returns or raises at once."""
        return self._outcome is not None

    def _status_flow(self) -> "Flow[PollResult]":
        return polling.poll_flow(self._ref, self._ask())

    def _result_flow(self, timeout: "float | None") -> "Flow[InvokeResult]":
        seconds = None if timeout is None else check_seconds("timeout", timeout)
        # The flow repeats a failed query, with its own pauses.
        return polling.result_flow(self._ref, self._ask(max_attempts=1), seconds)

    def _cancel_flow(self, grace: bool) -> "Flow[None]":
        return polling.cancel_flow(self._ref, self._ask(), check_flag("grace", grace))

    def _ask(self, max_attempts: "int | None" = None) -> polling.PollContext:
        return make_poll_context(self._client._context(), self.region, max_attempts)

    def _known(self) -> "InvokeResult | None":
        """Return the result if it is known; the function's error is raised anew each time."""
        if isinstance(self._outcome, Exception):
            raise copy.copy(self._outcome)
        return self._outcome

    def __repr__(self) -> str:
        ref = self._ref
        return "<{} {} of {} in {}>".format(type(self).__name__, ref.request_id, ref.function_name, ref.region)

    def __reduce__(self) -> "tuple[object, ...]":
        facts = {name: getattr(self._ref, name) for name in _FACTS}
        return _rebuild, (type(self), self._client, facts, self.position, self._outcome)


_FACTS = ("function_name", "namespace", "region", "request_id", "started_at")


def _rebuild(
    cls: "type[BaseInvocation]",
    client: "BaseClient",
    facts: "Options",
    position: "int | None",
    outcome: "InvokeResult | Exception | None",
) -> BaseInvocation:
    """Make an invocation again, for pickle and copy."""
    invocation = cls(client, InvocationRef(**facts), position)
    invocation._outcome = outcome
    return invocation


def make_poll_context(context: "ClientContext", region: str, max_attempts: "int | None" = None) -> polling.PollContext:
    """Make the context of a client's queries about invocations in a region.

    :param max_attempts: for one query; default: the client's
    """
    policy = context.policy if max_attempts is None else Policy(max_attempts, context.policy.rng)
    return polling.PollContext(
        context.find_target(region),
        context.state,
        policy,
        CLOCK,
        patience_seconds=context.timeout_seconds,
        observer=context.find_observer(),
    )


def refer_to_spawned(
    context: "ClientContext",
    function_name: str,
    namespace: "str | None",
    region: "str | None",
    accepted: InvokeResult,
    started_at: float,
) -> InvocationRef:
    """Name the invocation that a call of type Event started.

    :param accepted: the answer to that call
    :param started_at: UNIX seconds by our clock, before it was sent
    """
    return InvocationRef(
        function_name,
        namespace or wire.DEFAULT_NAMESPACE,
        region or context.region,
        accepted.function_request_id or accepted.request_id,
        started_at + context.state.offset_seconds,
    )


def refer_to_known(
    client: "BaseClient", function_name: str, request_id: str, namespace: "str | None", region: "str | None"
) -> InvocationRef:
    """Name an invocation that was started elsewhere.

    :raises TypeError, ValueError: for a name or an id that cannot be one
    """
    namespace = namespace or wire.DEFAULT_NAMESPACE
    for name, value in (("function_name", function_name), ("request_id", request_id), ("namespace", namespace)):
        check_name(name, value)
    return InvocationRef(function_name, namespace, config.check_region(region or client.region), request_id)
