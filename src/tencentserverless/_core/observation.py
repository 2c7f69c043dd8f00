"""Watches a call's flow from outside: reports every attempt, and an interruption, to an observer.

A flow without an observer has no cost: only an observed flow is wrapped, and only its answers are read a second time.
"""

from tencentserverless import exception
from tencentserverless._core.flow import Exchange, Stopped, correct_verdict, describe_attempt
from tencentserverless._core.request import Query
from tencentserverless._core.response import read_envelope, read_response
from tencentserverless._core.wire import EVENT
from tencentserverless.models import CallInfo, InvokeResult, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from tencentserverless._core.flow import Clock, Flow, Found, Result
    from tencentserverless._core.request import Call
    from tencentserverless.models import Attempt

    class AttemptObserver(Protocol):
        """Gets a call's attempts."""

        def note_attempt(self, attempt: Attempt, facts: CallInfo) -> None:
            """Take an attempt that has ended."""

        def note_interruption(self, facts: CallInfo, tries: int, executed: Verdict) -> None:
            """Take note that the caller was cancelled, or stopped by an error of its own."""


#: Outcomes of tries that did not end with an error.
OK = "ok"
INTERRUPTED = "interrupted"


def observe_flow(
    flow: "Flow[Result]", call: "Call | Query", clock: "Clock", observer: "AttemptObserver"
) -> "Flow[Result]":
    """Run the same flow, and report it to an observer."""
    facts = _describe_call(call)
    verdicts: "list[Verdict]" = []
    answer: object = None
    exchange: "Exchange | None" = None
    started = 0.0
    try:
        while True:
            exchange = None
            effect = flow.send(answer)
            exchange = effect if isinstance(effect, Exchange) else None
            started = clock.monotonic()
            answer = yield effect
            if exchange is not None:
                outcome, verdict, facts = _judge(call, exchange, answer)
                verdicts.append(verdict)
                span = (started, clock.monotonic())
                observer.note_attempt(describe_attempt(len(verdicts), exchange, outcome, verdict, span), facts)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    except (GeneratorExit, Stopped):
        if exchange is not None:
            verdicts.append(Verdict.MAYBE if exchange.may_have_left else Verdict.NO)
            span = (started, clock.monotonic())
            observer.note_attempt(describe_attempt(len(verdicts), exchange, INTERRUPTED, verdicts[-1], span), facts)
        observer.note_interruption(facts, len(verdicts), _sum_up(call, verdicts))
        raise
    finally:
        answer = None  # break the cycle error -> traceback -> this frame -> answer -> error
        flow.close()


def _describe_call(call: "Call | Query", request_id: str = "", function_request_id: str = "") -> CallInfo:
    return CallInfo(call.function_name, call.namespace, call.qualifier, call.region, request_id, function_request_id)


def _judge(call: "Call | Query", exchange: Exchange, answer: "Any") -> "tuple[str, Verdict, CallInfo]":
    """Read an attempt's outcome, its verdict, and the call's facts with the ids that it got."""
    is_query = isinstance(call, Query)
    found: "Found" = answer
    if not isinstance(answer, exception.CallError):
        found = read_envelope(answer) if is_query else read_response(answer)
    if isinstance(found, InvokeResult):
        executed = Verdict.MAYBE if call.invocation_type == EVENT else Verdict.YES
        return OK, executed, _describe_call(call, found.request_id, found.function_request_id)
    if isinstance(found, dict):
        return OK, Verdict.NO, _describe_call(call, str(found["Response"].get("RequestId") or ""))
    if found is not answer:
        correct_verdict(found, exchange)
    executed = Verdict.NO if is_query else found.executed
    return str(found.code), executed, _describe_call(call, str(found.request_id or ""))


def _sum_up(call: "Call | Query", verdicts: "list[Verdict]") -> Verdict:
    """Sum up all attempts, as an error would. An interrupted query proves nothing about the invocation."""
    is_proven = all(verdict is Verdict.NO for verdict in verdicts) and not isinstance(call, Query)
    return Verdict.NO if is_proven else Verdict.MAYBE
