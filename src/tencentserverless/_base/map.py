"""The base of the synchronous and the asynchronous ``map``: checked settings, the journal, and the outcomes.

``_sync.map`` and ``_aio.map`` add only the driving of calls.
"""

import os
from collections import deque
from logging import getLogger

from tencentserverless import config
from tencentserverless._base.arguments import check_count, check_flag, check_hook, check_seconds, check_width
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import wire
from tencentserverless._core.flow import invoke_flow
from tencentserverless._core.map_window import MapPolicy, Window
from tencentserverless._core.observation import observe_flow
from tencentserverless._core.request import Call, encode_event, encode_headers
from tencentserverless._core.retry import Policy
from tencentserverless.exception import NetworkError, TencentServerlessSDKException
from tencentserverless.journal import Journal, JournalError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.context import ClientContext
    from tencentserverless._base.tracing import CallTrace
    from tencentserverless._core.flow import Failed, Flow
    from tencentserverless._core.map_window import MapInput
    from tencentserverless.models import InvokeResult

DEFAULT_CONCURRENCY = 32
SHOWN_POSITIONS = 20  # in a warning

#: At most this many inputs are compared with the journal before any input is sent; each later input is compared just
#: before it is sent.
CHECKED_AHEAD = 1000


class BaseMapRun:
    """One map under way.

    :param context: of the client that makes the calls
    :param name: the function's name
    :param inputs: the iterator of inputs
    :param options: of each call, as ``client.invoke`` names them
    """

    def __init__(
        self,
        context: "ClientContext",
        name: str,
        inputs: "Any",
        options: "Options",
        *,
        concurrency: "int | None",
        ordered: bool,
        return_exceptions: bool,
        journal: "str | os.PathLike[str] | None",
        grace: float,
    ) -> None:
        width = check_width(concurrency, context.max_connections, DEFAULT_CONCURRENCY)
        self._policy = context.policy
        self.returns_exceptions = check_flag("return_exceptions", return_exceptions)
        self._context = context
        self._name = name
        self._inputs = inputs
        self._grace = check_seconds("grace", grace, may_be_zero=True)
        self._read_options(dict(options))
        self._ahead: "deque[object]" = deque()  # inputs that were pulled and compared with the journal
        self._fault: "BaseException | None" = None  # the error of the iterable
        self._pid = os.getpid()
        self._lost: "list[int]" = []  # positions of calls that were stopped and may have run
        self.window = Window(width, check_flag("ordered", ordered), self._policy, self._note_limit)
        region = self._fixed["region"]
        self._journal: "Journal | None" = None
        if journal is not None:
            identity = (region, self._fixed["namespace"], name, self._fixed["qualifier"])
            self._journal = Journal(journal, _identity=identity)
        self._ahead_limit = min(self._journal.recorded, CHECKED_AHEAD) if self._journal is not None else 0
        self._is_to_check = self._ahead_limit > 0

    def _read_options(self, options: "Options") -> None:
        context = self._context
        if options.pop("invocation_type", None) not in (None, wire.SYNC):
            raise ValueError("map waits for results; to start asynchronous invocations, use spawn_map")
        timeout = options.pop("timeout", None)
        self._timeout = context.timeout_seconds if timeout is None else check_seconds("timeout", timeout)
        self._observer = context.find_observer(check_hook(options.pop("on_attempt", None)))
        self._is_idempotent = check_flag("idempotent", options.pop("idempotent", False))
        max_attempts = options.pop("max_attempts", None)
        if max_attempts is not None:
            budget = context.policy.budget
            self._policy = Policy(check_count("max_attempts", max_attempts), context.policy.rng, budget)
        self._headers = encode_headers(options.pop("headers", None) or {})
        region = config.check_region(options.pop("region", None) or context.region)
        self._fixed: "Options" = {
            "namespace": options.pop("namespace", None) or wire.DEFAULT_NAMESPACE,
            "qualifier": options.pop("qualifier", None) or wire.DEFAULT_QUALIFIER,
            "log_type": options.pop("log_type", None) or "None",
            "routing_key": options.pop("routing_key", None),
            "is_idempotent": self._is_idempotent,
            "region": region,
        }
        self._target = context.find_target(region)
        # A name that cannot be sent is refused before the first input is pulled.
        self._target.builder.build_body(Call(self._name, **self._fixed), wire.INVOKE_FUNCTION)

    def _admit(self, data: object) -> "tuple[MapInput, Flow[InvokeResult] | None]":
        """Take a pulled input: make its entry and its flow, None where its outcome is known without a call."""
        entry = self.window.add()
        trace = self._begin_span()
        try:
            if trace is not None:
                data = trace.put_into(data, self._context.trace_key)
            call = Call(self._name, data, deadline=CLOCK.monotonic() + self._timeout, **self._fixed)
            call.headers = self._headers
        except (TypeError, ValueError) as error:
            if trace is not None:
                trace.fail(error)
            self.window.note_ended(entry, forget_frames(error))
            return entry, None
        if self._journal is not None:
            try:
                known = self._journal.enter(entry.position, call.event, self._is_idempotent)
            except JournalError:
                self.window.note_given_up(entry)
                raise
            if known is not None:
                self.window.note_ended(entry, known)
                return entry, None
        flow = invoke_flow(call, self._target, self._context.state, MapPolicy(self.window, entry), CLOCK)
        if trace is not None:
            flow = trace.observe(flow, call, self._observer)
        elif self._observer is not None:
            flow = observe_flow(flow, call, CLOCK, self._observer)
        return entry, flow

    def _begin_span(self) -> "CallTrace | None":
        if self._context.tracer is None:
            return None
        from tencentserverless._base.tracing import CallTrace

        return CallTrace(self._context.tracer, self._name, self._fixed["region"])

    def _check_ahead(self, inputs: "list[object]") -> None:
        """Compare the first inputs with the journal's, before any is sent.

        :raises JournalError: if they are another run's
        """
        self._is_to_check = False
        assert self._journal is not None
        for position, data in enumerate(inputs):
            try:
                event = encode_event(data)
            except (TypeError, ValueError):  # never sent, so not in the journal; its error is handed out in its turn
                continue
            self._journal.check(position, event)
        self._ahead.extend(inputs)

    def _give_up(self, entry: "MapInput", lost: "list[int]") -> None:
        """Note that a call was stopped.

        :param lost: its position is appended here if it may have run
        """
        self.window.note_given_up(entry)
        if entry.may_have_run:
            lost.append(entry.position)
        elif self._journal is not None:
            self._journal.forget(entry.position)

    def _note(self, entry: "MapInput", outcome: "InvokeResult | Exception") -> None:
        """Note the outcome of a call."""
        if self._journal is not None:
            self._journal.note_outcome(entry.position, outcome, entry.may_have_run)
        if isinstance(outcome, Exception):
            forget_frames(outcome)
        self.window.note_ended(entry, outcome)

    def _take_outcome(self) -> "MapInput":
        """Take the next outcome to hand out. The journal has it before the caller does."""
        self._commit()
        return self.window.take_outcome()

    def _commit(self) -> None:
        if self._journal is not None:
            self._journal.commit()

    def hand_out(self, entry: "MapInput") -> "Any":
        """Hand an outcome out, with its position: return a result; raise or return an error."""
        outcome = entry.outcome
        entry.outcome = None
        if not isinstance(outcome, Exception):
            outcome._position = entry.position
            return outcome
        outcome.position = entry.position  # type: ignore[attr-defined]  # any error can carry it
        if self.returns_exceptions:
            return outcome
        try:
            raise outcome
        finally:
            del outcome, entry  # break the cycle error -> traceback -> this frame -> error

    def _note_limit(self, error: "Failed | None", before: int, after: int) -> None:
        logger = getLogger(self._context.logger_name)
        if error is None:
            logger.info("%s in %s: concurrency is %d again", self._name, self._fixed["region"], after)
            return
        is_function = isinstance(error, TencentServerlessSDKException)
        code = error.status_code if is_function else error.code
        words = "%s in %s: throttled (%s), concurrency goes from %d to %d"
        logger.info(words, self._name, self._fixed["region"], code, before, after)

    def _note_left(self, ended: int, lost: "list[int]") -> None:
        """Log that the map was left early.

        :param ended: the number of outcomes that were not handed out
        :param lost: positions of calls that may have run, and whose outcome the caller did not get
        """
        if not ended and not lost:
            return
        logger = getLogger(self._context.logger_name)
        if ended:
            logger.info("%s: the map was left before %d outcomes were handed out", self._name, ended)
        if lost:
            shown = ", ".join(map(str, sorted(lost)[:SHOWN_POSITIONS]))
            more = ", ..." if len(lost) > SHOWN_POSITIONS else ""
            words = "%s: the map was left with calls under way, which may have run (executed=maybe): positions %s%s"
            logger.warning(words, self._name, shown, more)

    @property
    def is_closed(self) -> bool:
        """True if no request is sent any more."""
        return self.window.is_stopped

    def _settle(self) -> None:
        """Close the journal and log the losses, once no call is under way any more."""
        if os.getpid() != self._pid:  # the map belongs to the parent, which reports its outcomes
            return
        ended = self.window.take_all()
        for entry in ended:
            if getattr(entry.outcome, "executed", None) is Verdict.MAYBE:
                self._lost.append(entry.position)
        try:
            if self._journal is not None:
                self._journal.close()
        finally:
            self._note_left(len(ended), self._lost)

    def describe(self) -> str:
        """Describe the map, for a repr."""
        window = self.window
        return "of {}: {} inputs, {} under way, concurrency {}".format(
            self._name, window.pulled, window.under_way, window.limit
        )


class MapProgress:
    """The progress of a map, for a progress display."""

    __slots__ = ()

    _run: BaseMapRun

    @property
    def pulled(self) -> int:
        """Inputs that were taken so far."""
        return self._run.window.pulled

    @property
    def in_flight(self) -> int:
        """Calls under way."""
        return self._run.window.under_way

    @property
    def concurrency(self) -> int:
        """The number of calls that may be under way at once, as throttling allows."""
        return self._run.window.limit

    @property
    def throttled(self) -> int:
        """Tries that the platform throttled."""
        return self._run.window.throttled

    def __repr__(self) -> str:
        return "<{} {}>".format(type(self).__name__, self._run.describe())


if TYPE_CHECKING:
    # The types of a map whose errors are handed out, and of one whose errors are raised: the second is the narrower.

    class MapWithErrors(MapProgress):
        """A map with ``return_exceptions``."""

        def __iter__(self) -> "MapWithErrors":
            """Return the map."""

        def __next__(self) -> "InvokeResult | Exception":
            """Return the next outcome; its ``position`` is its input's."""

        def __enter__(self) -> "MapWithErrors":
            """Return the map."""

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None:
            """Stop the map."""

    class AsyncMapWithErrors(MapProgress):
        """An asynchronous map with ``return_exceptions``."""

        def __aiter__(self) -> "AsyncMapWithErrors":
            """Return the map."""

        async def __anext__(self) -> "InvokeResult | Exception":
            """Return the next outcome; its ``position`` is its input's."""

        async def __aenter__(self) -> "AsyncMapWithErrors":
            """Return the map."""

        async def __aexit__(self, *_: object) -> None: ...

        async def aclose(self) -> None:
            """Stop the map."""

else:
    MapWithErrors = AsyncMapWithErrors = MapProgress


def forget_frames(error: Exception) -> Exception:
    """Remove the frames from an error and its causes; returns the error.

    The frames refer to the map. A caller that keeps the error would keep the map alive, and ``break`` would not end it.
    """
    known: "set[int]" = set()
    left: "list[BaseException | None]" = [error]
    while left:
        each = left.pop()
        if each is not None and id(each) not in known:
            known.add(id(each))
            each.__traceback__ = None
            left += [each.__cause__, each.__context__]
    return error


def make_interrupted(error: BaseException, may_have_run: bool) -> NetworkError:
    """Make the outcome of a call that an exception from outside ended, such as one of a signal handler."""
    message = "the thread that drove the call was interrupted by {}".format(type(error).__name__)
    executed = Verdict.MAYBE if may_have_run else Verdict.NO
    return NetworkError("ClientNetworkError", message, executed=executed)
