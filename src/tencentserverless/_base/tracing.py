"""Spans of OpenTelemetry for calls: one for each call, and one below it for each try.

It loads with the first call of a client that has a tracer; nothing of OpenTelemetry is imported before.
Names and attributes follow opentelemetry.io/docs/specs/semconv/faas (attributes of a function that is invoked).
"""

from functools import partial

from opentelemetry import propagate, trace

from tencentserverless._base.runtime import CLOCK
from tencentserverless._core.flow import Stopped
from tencentserverless._core.observation import INTERRUPTED, observe_flow
from tencentserverless.exception import CallError, TencentServerlessSDKException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from tencentserverless._base.arguments import Hook, Options, Tracer
    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow, Result
    from tencentserverless._core.observation import AttemptObserver
    from tencentserverless._core.request import Call
    from tencentserverless.models import Attempt, CallInfo, InvokeResult, Verdict

PROVIDER = "tencent_cloud"
_NANOSECONDS = 1_000_000  # in a millisecond


class CallTrace:
    """The span of one call, begun when this is made, below the current span of the program.

    :param tracer: of the program's tracer provider
    :param function_name: names the span
    :param region: of the call
    """

    def __init__(self, tracer: "Tracer", function_name: str, region: str) -> None:
        self._tracer = tracer
        self._observer: "AttemptObserver | None" = None
        attributes = {
            "faas.invoked_name": str(function_name),
            "faas.invoked_provider": PROVIDER,
            "faas.invoked_region": str(region),
        }
        name = "invoke {}".format(function_name)
        self._span = tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        self._context = trace.set_span_in_context(self._span)

    def put_into(self, data: object, key: "str | None") -> object:
        """Return the event with the span's context below a key, as the program's propagator writes it.

        :param key: None to leave the event as it is
        :raises TypeError: if the event is no dict: it has no place for the context
        """
        if key is None:
            return data
        if data is not None and not isinstance(data, dict):
            raise TypeError("trace_key={!r} needs an event that is a dict, not {!r}".format(key, type(data).__name__))
        carrier: "dict[str, str]" = {}
        propagate.inject(carrier, context=self._context)
        return dict(data or {}, **{key: carrier})

    def fail(self, error: BaseException) -> None:
        """End the span with an error."""
        if isinstance(error, (CallError, TencentServerlessSDKException)):
            self._span.set_attribute("tencentserverless.executed", error.executed.value)
            self._span.set_attribute("error.type", str(error.code))
        self._span.record_exception(error)
        self._span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
        self._span.end()

    def observe(self, flow: "Flow[Result]", call: "Call", observer: "AttemptObserver | None") -> "Flow[Result]":
        """Run the same flow, make a span for each attempt, and end the span of the call with it.

        :param observer: gets each attempt, too
        """
        self._observer = observer
        return self.follow(observe_flow(flow, call, CLOCK, self))

    def follow(self, flow: "Flow[Result]") -> "Flow[Result]":
        """Run the same flow and end the span with it."""
        try:
            result = yield from flow
        except (GeneratorExit, Stopped):
            self._span.end()
            raise
        except BaseException as error:
            self.fail(error)
            raise
        self._note_result(result)  # type: ignore[arg-type]  # a call's result
        self._span.end()
        return result

    def _note_result(self, result: "InvokeResult") -> None:
        self._span.set_attribute("faas.invocation_id", result.function_request_id or result.request_id)

    def note_attempt(self, attempt: "Attempt", facts: "CallInfo") -> None:
        """Make the span of an attempt that has just ended."""
        ended = int(CLOCK.wall() * 1000) * _NANOSECONDS
        attributes: "dict[str, str | float]" = {
            "server.address": attempt.endpoint,
            "tencentserverless.executed": attempt.executed.value,
            "tencentserverless.outcome": attempt.outcome,
        }
        attributes.update({"tencentserverless.{}_ms".format(name): value for name, value in attempt.phases_ms.items()})
        span = self._tracer.start_span(
            "try {}: {}".format(attempt.number, attempt.action),
            self._context,
            start_time=ended - int(attempt.duration_ms * _NANOSECONDS),
            attributes=attributes,
        )
        span.end(ended)
        if attempt.outcome == INTERRUPTED:
            self._note_interruption(attempt.executed)
        if self._observer is not None:
            self._observer.note_attempt(attempt, facts)

    def tell(self, hook: "Hook | None", attempt: "Attempt", facts: "CallInfo") -> None:
        """Make the span of an attempt, as an ``on_attempt`` of the call, in front of the caller's own."""
        self.note_attempt(attempt, facts)
        if hook is not None:
            hook(attempt, facts)

    def note_interruption(self, facts: "CallInfo", tries: int, executed: "Verdict") -> None:
        """Note on the span that the caller was interrupted."""
        self._note_interruption(executed)
        if self._observer is not None:
            self._observer.note_interruption(facts, tries, executed)

    def _note_interruption(self, executed: "Verdict") -> None:
        self._span.set_attribute("tencentserverless.executed", executed.value)
        self._span.set_attribute("error.type", INTERRUPTED)


def begin_traced(
    context: "ClientContext",
    begin: "Callable[..., Flow[InvokeResult]]",
    function_name: str,
    data: object,
    names: "tuple[str | None, str | None, str | None, str | None]",
    options: "Options",
) -> "Flow[InvokeResult]":
    """Make the flow of one call, with its span.

    :param begin: makes the flow of a call, as the client does without a tracer
    :param options: of the call, as ``client.invoke`` names them
    """
    assert context.tracer is not None
    call = CallTrace(context.tracer, function_name, options["region"] or context.region)
    hook = options.pop("on_attempt") or context.on_attempt
    try:
        event = call.put_into(data, context.trace_key)
        tell = partial(call.tell, hook)
        return call.follow(begin(function_name, event, names, on_attempt=tell, is_traced=True, **options))
    except BaseException as error:
        call.fail(error)
        raise
