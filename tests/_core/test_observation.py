"""A flow that is observed does what it did, and tells of every try."""

import pytest

from tencentserverless import exception
from tencentserverless._core.flow import ClientState, Clock, Exchange, GetCredentials, Sleep, Target, invoke_flow
from tencentserverless._core.http11 import Response
from tencentserverless._core.observation import observe_flow
from tencentserverless._core.request import Call, Query, RequestBuilder
from tencentserverless._core.retry import Policy
from tencentserverless.models import Attempt, CallInfo, Credentials, Verdict
from tests.peer import error_body, result_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = Verdict.NO, Verdict.MAYBE, Verdict.YES
LOST = exception.NetworkError("ClientNetworkError", "lost", executed=MAYBE)


class Notes:
    """An observer that writes down what it is told."""

    def __init__(self) -> None:
        self.attempts: "list[tuple[Attempt, CallInfo]]" = []
        self.interruptions: "list[tuple[int, Verdict]]" = []

    def note_attempt(self, attempt: Attempt, facts: CallInfo) -> None:
        self.attempts.append((attempt, facts))

    def note_interruption(self, facts: CallInfo, tries: int, executed: Verdict) -> None:
        self.interruptions.append((tries, executed))


def begin(call: "Any", notes: Notes) -> "Any":
    time = [0.0]

    def tick() -> float:
        time[0] += 0.001
        return time[0]

    clock = Clock(lambda: 1e9, tick)
    target = Target("host:443", RequestBuilder("host", "zh-CN", "agent"))
    return observe_flow(invoke_flow(call, target, ClientState(None), Policy(3, lambda: 0.0), clock), call, clock, notes)


def make_call(**options: "Any") -> Call:
    return Call("f", {"a": 1}, deadline=1e6, **options)


def drive(flow: "Any", *answers: "Any") -> "Any":
    """Run a flow with these answers to its exchanges; returns its result, or the last effect if it goes on."""
    left = list(answers)
    answer: "Any" = None
    try:
        while True:
            effect = flow.send(answer)
            if isinstance(effect, GetCredentials):
                answer = Credentials("AKID", "key")
            elif isinstance(effect, Sleep):
                answer = None
            elif not left:
                return effect
            else:
                found = left.pop(0)
                answer = found if isinstance(found, Exception) else Response(200, {}, found.encode(), True)
    except StopIteration as end:
        return end.value


def outcomes(notes: Notes) -> "list[tuple[int, str, str, Verdict]]":
    return [(found.number, found.action, found.outcome, found.executed) for found, _ in notes.attempts]


def test_every_try_is_told_of_with_the_ids_that_it_got() -> None:
    notes = Notes()
    limit = error_body("RequestLimitExceeded", request_id="r1")
    assert drive(begin(make_call(), notes), limit, result_body("1", request_id="r2")) == "1"
    assert outcomes(notes) == [
        (1, "InvokeFunction", "RequestLimitExceeded", NO),
        (2, "InvokeFunction", "ok", YES),
    ]
    assert [(facts.request_id, facts.function_request_id) for _, facts in notes.attempts] == [
        ("r1", ""),
        ("r2", "fn-1"),
    ]
    facts = notes.attempts[0][1]
    assert (facts.function_name, facts.namespace, facts.qualifier, facts.region) == (
        "f",
        "default",
        "$LATEST",
        "ap-guangzhou",
    )
    assert all(attempt.duration_ms > 0 for attempt, _ in notes.attempts)
    assert notes.interruptions == []


def test_an_error_is_raised_as_it_would_have_been_and_told_of_alike() -> None:
    notes = Notes()
    with pytest.raises(exception.NetworkError) as caught:
        drive(begin(make_call(), notes), LOST)
    assert [(found.number, found.outcome, found.executed) for found in caught.value.attempts] == [
        (number, outcome, executed) for number, _, outcome, executed in outcomes(notes)
    ]


def test_a_failure_of_the_function_is_an_outcome() -> None:
    notes = Notes()
    body = result_body('{"errorCode":1,"errorMessage":"x","requestId":"fn-1","statusCode":430}', InvokeResult=430)
    with pytest.raises(exception.FunctionError):
        drive(begin(make_call(), notes), body)
    assert outcomes(notes) == [(1, "InvokeFunction", "1", YES)]


def test_what_was_refused_before_it_was_sent_whole_has_not_run() -> None:
    notes = Notes()
    flow = begin(make_call(), notes)
    effect = drive(flow)
    effect.is_whole = False
    with pytest.raises(exception.ServerError) as caught:
        flow.send(Response(413, {}, b"too large", False))
    assert caught.value.executed is NO
    assert outcomes(notes) == [(1, "InvokeFunction", "ServerNetworkError", NO)]


def test_an_event_that_was_accepted_may_run() -> None:
    notes = Notes()
    drive(begin(make_call(invocation_type="Event"), notes), result_body(""))
    assert outcomes(notes) == [(1, "Invoke", "ok", MAYBE)]


def test_a_question_runs_nothing() -> None:
    notes = Notes()
    query = Query("GetRequestStatus", {}, "f", "ns", region="ap-guangzhou", deadline=1e6)
    drive(begin(query, notes), LOST, '{"Response": {"Data": [], "RequestId": "r9"}}')
    assert outcomes(notes) == [(1, "GetRequestStatus", "ClientNetworkError", NO), (2, "GetRequestStatus", "ok", NO)]
    assert notes.attempts[1][1].request_id == "r9"
    assert (notes.attempts[0][1].namespace, notes.attempts[0][1].qualifier) == ("ns", "")


@pytest.mark.parametrize(("may_have_left", "executed"), [(True, MAYBE), (False, NO)])
def test_an_interruption_is_told_of_with_its_verdict(may_have_left: bool, executed: Verdict) -> None:
    notes = Notes()
    flow = begin(make_call(), notes)
    effect = drive(flow)
    assert isinstance(effect, Exchange)
    effect.may_have_left = may_have_left
    flow.close()
    assert outcomes(notes) == [(1, "InvokeFunction", "interrupted", executed)]
    assert notes.interruptions == [(1, executed)]


def test_an_interruption_after_a_try_that_may_have_run_is_maybe() -> None:
    notes = Notes()
    flow = begin(make_call(is_idempotent=True), notes)
    drive(flow, LOST)
    flow.close()
    assert notes.interruptions == [(2, MAYBE)]


def test_an_interruption_before_anything_was_sent_is_no() -> None:
    notes = Notes()
    flow = begin(make_call(), notes)
    flow.send(None)
    flow.close()
    assert (notes.attempts, notes.interruptions) == ([], [(0, NO)])


def test_who_stops_asking_about_an_invocation_learns_nothing_about_it() -> None:
    notes = Notes()
    flow = begin(Query("GetRequestStatus", {}, "f", "ns", region="ap-guangzhou", deadline=1e6), notes)
    drive(flow)
    flow.close()
    assert notes.interruptions == [(1, MAYBE)]
