"""The request loop, driven by hand: effects come out, outcomes go in, and no clock or socket is needed."""

import gc
import json
import weakref

import pytest

from tencentserverless import exception
from tencentserverless._core import flow as core
from tencentserverless._core.flow import ClientState, Clock, Exchange, GetCredentials, Sleep, Target, invoke_flow
from tencentserverless._core.http11 import Response
from tencentserverless._core.request import Call, Query, RequestBuilder
from tencentserverless._core.retry import Policy
from tencentserverless.models import Credentials, InvokeResult, Verdict
from tests.peer import error_body, result_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = Verdict.NO, Verdict.MAYBE, Verdict.YES
KEYS = Credentials("AKID", "key")
NOW = 1551113065.0
DATE = {b"date": b"Mon, 25 Feb 2019 16:44:25 GMT"}  # NOW


class Time:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall = NOW
        self.monotonic = 1000.0
        self.clock = Clock(lambda: self.wall, lambda: self.monotonic)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


class Run:
    """One call's flow and what it did; ``answers`` are sent in as outcomes of its exchanges."""

    def __init__(self, *answers: "Any", **options: "Any") -> None:
        self.time = options.pop("time", None) or Time()
        self.state = options.pop("state", None) or ClientState(options.pop("api", None))
        self.policy = options.pop("policy", None) or Policy(options.pop("max_attempts", 3), lambda: 0.5)
        self.credentials = options.pop("credentials", None) or [KEYS] * 20
        self.takes = options.pop("takes", 0.25)
        timeout = options.pop("timeout", 60.0)
        call = Call("f", {"a": 1}, deadline=self.time.monotonic + timeout, **options)
        target = Target("scf.tencentcloudapi.com:443", RequestBuilder("scf.tencentcloudapi.com", "zh-CN", "agent"))
        self.flow = invoke_flow(call, target, self.state, self.policy, self.time.clock)
        self.effects: "list[Any]" = []
        self.result: "Any" = None
        self.error: "Any" = None
        self._answers = list(answers)
        self._drive()

    def _drive(self) -> None:
        outcome = None
        try:
            while True:
                effect = self.flow.send(outcome)
                self.effects.append(effect)
                outcome = self._perform(effect)
        except StopIteration as end:
            self.result = end.value
        except (exception.CallError, exception.TencentServerlessSDKException) as error:
            self.error = error
        assert not self._answers, "the flow ended before all answers were asked for"

    def _perform(self, effect: "Any") -> "Any":
        if isinstance(effect, GetCredentials):
            return self.credentials.pop(0)
        if isinstance(effect, Sleep):
            self.time.pass_by(effect.seconds)
            return None
        assert isinstance(effect, Exchange)
        self.time.pass_by(self.takes)
        found = self._answers.pop(0)
        if isinstance(found, Early):
            effect.is_whole = False
            return found.answer
        return found

    @property
    def requests(self) -> "list[dict[str, str]]":
        found = []
        for effect in self.effects:
            if isinstance(effect, Exchange):
                head, _, body = effect.request.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n")[1:])
                found.append(dict(headers, body=body.decode("utf-8")))
        return found

    @property
    def actions(self) -> "list[str]":
        return [request["X-TC-Action"] for request in self.requests]

    @property
    def sleeps(self) -> "list[float]":
        return [effect.seconds for effect in self.effects if isinstance(effect, Sleep)]

    @property
    def refreshes(self) -> "list[bool]":
        return [effect.refresh for effect in self.effects if isinstance(effect, GetCredentials)]


def answer(body: str, status: int = 200, headers: "dict[bytes, bytes] | None" = None) -> Response:
    return Response(status, headers or {}, body.encode("utf-8"), True)


def refusal(code: str, headers: "dict[bytes, bytes] | None" = None) -> Response:
    return answer(error_body(code), 200, headers)


def network(executed: Verdict) -> exception.NetworkError:
    return exception.NetworkError("ClientNetworkError", "broken", executed=executed)


class Early:
    """An answer that came before the request was sent whole."""

    def __init__(self, answer: "Any") -> None:
        self.answer = answer


OK = answer(result_body('"ok"'))


def test_a_call_asks_for_keys_then_exchanges_and_returns() -> None:
    run = Run(OK)
    assert type(run.result) is InvokeResult
    assert run.result == '"ok"'
    assert [type(effect) for effect in run.effects] == [GetCredentials, Exchange]
    assert run.effects[1].deadline == 1060.0
    assert run.effects[1].origin == "scf.tencentcloudapi.com:443"
    assert run.actions == ["InvokeFunction"]


def test_a_failure_that_did_not_run_is_tried_again_after_a_sleep_and_signed_anew() -> None:
    run = Run(network(NO), OK)
    assert run.result == '"ok"'
    assert run.sleeps == [0.05]
    assert run.refreshes == [False, False]


def test_each_attempt_is_signed_with_the_time_that_it_is_made() -> None:
    run = Run(network(NO), OK, takes=7.0)
    assert [request["X-TC-Timestamp"] for request in run.requests] == ["1551113065", "1551113072"]
    assert run.requests[0]["Authorization"] != run.requests[1]["Authorization"]


def test_rotated_keys_are_used_by_the_next_attempt() -> None:
    run = Run(network(NO), OK, credentials=[KEYS, Credentials("OTHER", "key", "token")])
    assert "Credential=AKID/" in run.requests[0]["Authorization"]
    assert "Credential=OTHER/" in run.requests[1]["Authorization"]
    assert run.requests[1]["X-TC-Token"] == "token"


def test_attempts_end_at_their_maximum_and_tell_what_was_tried() -> None:
    run = Run(network(NO), network(NO), network(NO))
    assert run.error.executed is NO
    assert [attempt.number for attempt in run.error.attempts] == [1, 2, 3]
    assert [attempt.outcome for attempt in run.error.attempts] == ["ClientNetworkError"] * 3
    assert [attempt.executed for attempt in run.error.attempts] == [NO] * 3
    assert {attempt.action for attempt in run.error.attempts} == {"InvokeFunction"}
    assert {attempt.endpoint for attempt in run.error.attempts} == {"scf.tencentcloudapi.com:443"}
    assert [attempt.duration_ms for attempt in run.error.attempts] == pytest.approx([250.0] * 3)
    assert run.sleeps == [0.05, 0.1]


def test_max_attempts_of_one_never_retries() -> None:
    assert Run(network(NO), max_attempts=1).error.executed is NO


def test_maybe_is_raised_at_once_without_consent() -> None:
    run = Run(network(MAYBE))
    assert run.error.executed is MAYBE
    assert len(run.requests) == 1


def test_maybe_is_tried_again_with_consent() -> None:
    assert Run(network(MAYBE), answer(error_body("InternalError")), OK, is_idempotent=True).result == '"ok"'


def test_yes_is_never_tried_again_even_with_consent() -> None:
    failure = json.dumps({"errorCode": 1, "errorMessage": "m", "statusCode": 430, "requestId": "req-1"})
    run = Run(answer(result_body(failure, InvokeResult=430)), is_idempotent=True)
    assert type(run.error) is exception.FunctionError
    assert run.error.executed is YES
    assert len(run.error.attempts) == 1


def test_the_verdict_is_over_all_attempts() -> None:
    """The last attempt did not run, but an earlier one may have: the call as a whole may have run."""
    run = Run(network(MAYBE), network(NO), network(NO), is_idempotent=True)
    assert run.error.executed is MAYBE
    assert [attempt.executed for attempt in run.error.attempts] == [MAYBE, NO, NO]


def test_a_yes_stays_a_yes_behind_a_maybe() -> None:
    failure = json.dumps({"errorCode": 1, "errorMessage": "m", "statusCode": 433, "requestId": "req-1"})
    run = Run(network(MAYBE), answer(result_body(failure, InvokeResult=433)), is_idempotent=True)
    assert run.error.executed is YES


def test_nothing_is_sent_once_the_deadline_has_passed() -> None:
    run = Run(network(NO), takes=61.0)
    assert len(run.requests) == 1
    assert run.error.executed is NO
    late = Time()
    run = Run(time=late, timeout=-1.0)
    assert run.requests == []
    assert type(run.error) is exception.DeadlineExceeded
    assert run.error.executed is NO
    assert len(run.error.attempts) == 1


def test_a_retry_that_would_begin_too_late_is_not_slept_for() -> None:
    run = Run(network(NO), timeout=0.3, takes=0.26)
    assert run.sleeps == []


def test_an_exhausted_budget_ends_retries() -> None:
    policy = Policy(3, lambda: 0.5)
    policy.budget.tokens = 1.0
    run = Run(network(NO), network(NO), policy=policy)
    assert len(run.error.attempts) == 2
    assert Run(OK, policy=policy).result == '"ok"'
    assert policy.budget.tokens == pytest.approx(0.1)


def test_the_phases_of_each_attempt_are_told() -> None:
    time = Time()
    flow = invoke_flow(
        Call("f", deadline=2000.0),
        Target("o", RequestBuilder("h", "zh-CN", "a")),
        ClientState(None),
        Policy(1, lambda: 0.0),
        time.clock,
    )
    flow.send(None)
    effect = flow.send(KEYS)
    effect.marks = (("resolve", 1000.001), ("connect", 1000.003), ("tls", 1000.013), ("send", 1000.014))
    time.pass_by(0.5)
    with pytest.raises(exception.NetworkError) as caught:
        flow.send(network(MAYBE))
    phases = caught.value.attempts[0].phases_ms
    assert list(phases) == ["resolve", "connect", "tls", "send", "wait"]
    assert list(phases.values()) == pytest.approx([1.0, 2.0, 10.0, 1.0, 486.0])


def test_a_clock_that_is_wrong_is_repaired_once_and_remembered() -> None:
    time = Time()
    time.wall = NOW - 4000.0
    state = ClientState(None)
    run = Run(refusal("AuthFailure.SignatureExpire", DATE), OK, time=time, state=state)
    assert run.result == '"ok"'
    assert run.sleeps == []
    assert run.requests[0]["X-TC-Timestamp"] == str(int(NOW) - 4000)
    assert abs(int(run.requests[1]["X-TC-Timestamp"]) - NOW) <= 1
    later = Run(OK, time=time, state=state)
    assert abs(int(later.requests[0]["X-TC-Timestamp"]) - NOW) <= 2


def test_a_repair_does_not_count_as_an_attempt() -> None:
    time = Time()
    time.wall = NOW - 4000.0
    run = Run(refusal("AuthFailure.SignatureExpire", DATE), OK, time=time, max_attempts=1)
    assert run.result == '"ok"'


def test_the_clock_is_repaired_once_a_call() -> None:
    time = Time()
    time.wall = NOW - 4000.0
    other = {b"date": b"Mon, 25 Feb 2019 17:44:25 GMT"}
    run = Run(refusal("AuthFailure.SignatureExpire", DATE), refusal("AuthFailure.SignatureExpire", other), time=time)
    assert type(run.error) is exception.AuthFailure
    assert len(run.error.attempts) == 2


@pytest.mark.parametrize(("offset", "is_adopted"), [(59.0, False), (-59.0, False), (61.0, True), (-61.0, True)])
def test_a_clock_that_is_off_by_less_than_a_minute_is_left_alone(offset: float, is_adopted: bool) -> None:
    state = ClientState(None)
    assert state.learn_skew(refusal("AuthFailure.SignatureExpire", DATE), NOW + offset) is is_adopted
    assert state.offset_seconds == (-offset if is_adopted else 0)


@pytest.mark.parametrize("headers", [{}, {b"date": b"yesterday"}, {b"date": b"Mon, 25 Feb 2019 :164425: GMT"}])
def test_without_a_date_the_refusal_is_raised(headers: "dict[bytes, bytes]") -> None:
    time = Time()
    time.wall = NOW - 4000.0
    run = Run(refusal("AuthFailure.SignatureExpire", headers), time=time)
    assert type(run.error) is exception.AuthFailure
    assert run.error.executed is NO


def test_a_refused_token_gets_new_credentials_once() -> None:
    fresh = Credentials("AKID2", "key2", "new")
    run = Run(refusal("AuthFailure.TokenFailure"), OK, credentials=[KEYS, fresh])
    assert run.result == '"ok"'
    assert run.refreshes == [False, True]
    assert run.requests[1]["X-TC-Token"] == "new"
    again = Run(refusal("AuthFailure.TokenFailure"), refusal("AuthFailure.TokenFailure"))
    assert type(again.error) is exception.AuthFailure
    assert again.refreshes == [False, True]
    assert len(again.error.attempts) == 2


def test_a_refresh_is_asked_for_only_once_even_if_a_retry_follows() -> None:
    run = Run(refusal("AuthFailure.TokenFailure"), network(NO), OK)
    assert run.refreshes == [False, True, False]


@pytest.mark.parametrize("code", ["InvalidAction", "UnsupportedRegion"])
def test_a_region_without_the_newer_action_is_served_by_the_older_one_from_then_on(code: str) -> None:
    state = ClientState(None)
    run = Run(refusal(code), OK, state=state)
    assert run.actions == ["InvokeFunction", "Invoke"]
    assert "Event" in json.loads(run.requests[0]["body"])
    assert "ClientContext" in json.loads(run.requests[1]["body"])
    assert Run(OK, state=state).actions == ["Invoke"]
    assert Run(OK, state=state, region="ap-chengdu").actions == ["InvokeFunction"]


def test_a_region_that_serves_neither_action_is_the_error() -> None:
    run = Run(refusal("UnsupportedRegion"), refusal("UnsupportedRegion"))
    assert run.actions == ["InvokeFunction", "Invoke"]
    assert (run.error.code, run.error.executed) == ("UnsupportedRegion", NO)


@pytest.mark.parametrize("api", ["Invoke", "InvokeFunction"])
def test_a_pinned_action_is_never_left(api: str) -> None:
    run = Run(refusal("InvalidAction"), api=api)
    assert run.actions == [api]
    assert run.error.code == "InvalidAction"


def test_an_asynchronous_call_uses_the_action_that_has_it() -> None:
    run = Run(OK, invocation_type="Event")
    assert run.actions == ["Invoke"]
    assert json.loads(run.requests[0]["body"])["InvocationType"] == "Event"
    assert Run(OK, invocation_type="Event", api="InvokeFunction").actions == ["Invoke"]


def test_all_three_repairs_may_follow_one_another() -> None:
    time = Time()
    time.wall = NOW - 4000.0
    run = Run(
        refusal("AuthFailure.SignatureExpire", DATE),
        refusal("AuthFailure.TokenFailure"),
        refusal("InvalidAction"),
        OK,
        time=time,
        max_attempts=1,
    )
    assert run.result == '"ok"'


def test_each_refusal_has_the_repair_that_the_documentation_names() -> None:
    words = {code: repair.words for code, repair in core.REPAIRS.items()}
    assert words == {
        "AuthFailure.SignatureExpire": "sign with the server's time",
        "AuthFailure.TokenFailure": "sign with new credentials",
        "InvalidAction": "use the older action",
        "UnsupportedRegion": "use the older action",
    }


def test_repairs_count_neither_against_the_maximum_nor_for_the_pause() -> None:
    """Three repairs and two failures: the second pause is the one after two tries, not the one after five."""
    time = Time()
    time.wall = NOW - 4000.0
    run = Run(
        network(NO),
        refusal("AuthFailure.SignatureExpire", DATE),
        refusal("AuthFailure.TokenFailure"),
        refusal("InvalidAction"),
        network(NO),
        network(NO),
        time=time,
    )
    assert run.sleeps == [0.05, 0.1]
    assert [attempt.number for attempt in run.error.attempts] == [1, 2, 3, 4, 5, 6]


def test_a_question_is_never_asked_by_another_action() -> None:
    """Only a call has a form for both actions."""
    query = Query("InvokeFunction", {}, "f", "default", region="ap-guangzhou", deadline=2000.0)
    target = Target("o", RequestBuilder("h", "zh-CN", "a"))
    flow = invoke_flow(query, target, ClientState(None), Policy(3, lambda: 0.5), Time().clock)
    flow.send(None)
    flow.send(KEYS)
    with pytest.raises(exception.APIError) as caught:
        flow.send(refusal("InvalidAction"))
    assert (caught.value.code, len(caught.value.attempts)) == ("InvalidAction", 1)


def test_an_older_action_that_was_not_reached_is_not_remembered() -> None:
    state = ClientState(None)
    run = Run(refusal("UnsupportedRegion"), network(MAYBE), state=state)
    assert run.error.executed is MAYBE
    assert Run(OK, state=state).actions == ["InvokeFunction"]


def test_an_older_action_that_ran_the_function_is_remembered_though_it_failed() -> None:
    state = ClientState(None)
    failure = json.dumps({"errorCode": 1, "errorMessage": "m", "statusCode": 430, "requestId": "req-1"})
    run = Run(refusal("UnsupportedRegion"), answer(result_body(failure, InvokeResult=430)), state=state)
    assert type(run.error) is exception.FunctionError
    assert Run(OK, state=state).actions == ["Invoke"]


def test_every_repair_is_of_a_refusal() -> None:
    """A repair sends the call again at once, so it must never follow anything but a NO."""
    from tencentserverless._core import wire

    assert {wire.api_verdict(code) for code in core.REPAIRS} == {NO}


def test_missing_credentials_are_raised_and_nothing_is_sent() -> None:
    missing = exception.CredentialError("InvalidCredential", "none", executed=NO)
    run = Run(credentials=[missing])
    assert run.error is missing
    assert run.requests == []
    assert run.error.attempts == ()


def test_credentials_that_go_missing_later_tell_of_the_attempts_before() -> None:
    missing = exception.CredentialError("InvalidCredential", "none", executed=NO)
    run = Run(network(MAYBE), credentials=[KEYS, missing], is_idempotent=True)
    assert run.error is missing
    assert run.error.executed is MAYBE
    assert len(run.error.attempts) == 1


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_flow_can_be_closed_at_any_effect(steps: int) -> None:
    """What cancellation and KeyboardInterrupt do: no effect may follow."""
    flow = invoke_flow(
        Call("f", deadline=2000.0),
        Target("o", RequestBuilder("h", "zh-CN", "a")),
        ClientState(None),
        Policy(3, lambda: 0.5),
        Time().clock,
    )
    for outcome in (None, KEYS, network(NO), None)[:steps]:
        flow.send(outcome)
    flow.close()
    with pytest.raises(StopIteration):
        flow.send(None)


def test_an_error_does_not_keep_itself_alive() -> None:
    """An error held by a frame of its own traceback lives until the collector runs, and with it the whole answer."""
    gc.collect()
    gc.disable()
    try:
        run = Run(answer(error_body("InternalError")))
        reference = weakref.ref(run.error)
        run.error = None
        assert reference() is None
    finally:
        gc.enable()


def test_an_upload_that_is_refused_in_the_middle_has_not_run() -> None:
    run = Run(Early(answer("too large", 413)))
    assert type(run.error) is exception.ServerError
    assert (run.error.status, run.error.executed) == (413, NO)
    assert [attempt.executed for attempt in run.error.attempts] == [NO]
    assert Run(answer("too large", 413)).error.executed is MAYBE, "of a request that went out whole, nobody can tell"


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (answer("busy", 503), "ServerNetworkError"),
        (refusal("InternalError"), "InternalError"),
        (answer(result_body("{}", InvokeResult=432, ErrMsg="no instance")), "-1"),
    ],
)
def test_what_did_not_run_is_tried_again_without_consent(refused: Response, code: str) -> None:
    run = Run(Early(refused), OK)
    assert run.result == '"ok"'
    run = Run(Early(refused), Early(refused), Early(refused))
    assert (str(run.error.code), run.error.executed) == (code, NO)
    assert len(run.error.attempts) == 3


def test_a_refused_signature_in_the_middle_of_an_upload_has_not_run_and_is_mended() -> None:
    run = Run(Early(refusal("AuthFailure.SignatureFailure")))
    assert type(run.error) is exception.AuthFailure
    assert run.error.executed is NO
    assert Run(Early(refusal("AuthFailure.TokenFailure")), OK).result == '"ok"'


def test_an_answer_that_no_early_one_can_be_has_not_run_either() -> None:
    """Garbage, and the word of a function: what did not arrive whole cannot have run."""
    failure = json.dumps({"errorCode": 1, "errorMessage": "m", "statusCode": 430, "requestId": "req-1"})
    for body in ("garbage", result_body(failure, InvokeResult=430)):
        assert Run(Early(answer(body)), max_attempts=1).error.executed is NO


def test_the_drivers_own_verdict_on_a_broken_wire_stands() -> None:
    assert Run(Early(network(MAYBE))).error.executed is MAYBE


def test_a_whole_request_after_an_early_refusal_is_judged_by_itself() -> None:
    run = Run(Early(answer("busy", 503)), network(MAYBE))
    assert run.error.executed is MAYBE
    assert [attempt.executed for attempt in run.error.attempts] == [NO, MAYBE]


def test_what_is_refused_before_sending_yields_no_effect() -> None:
    flow = invoke_flow(
        Call("", deadline=2000.0),
        Target("o", RequestBuilder("h", "zh-CN", "a")),
        ClientState(None),
        Policy(3, lambda: 0.5),
        Time().clock,
    )
    with pytest.raises(ValueError, match="function_name is empty"):
        flow.send(None)


LATER = {b"retry-after": b"7"}


def test_the_server_says_how_long_to_wait() -> None:
    run = Run(refusal("RequestLimitExceeded", LATER), OK)
    assert run.sleeps == [7.0]
    assert run.result == '"ok"'
    given_up = Run(refusal("RequestLimitExceeded", LATER), timeout=6.0)
    assert given_up.sleeps == []
    assert given_up.error.retry_after_seconds == 7.0


def test_a_wait_that_the_server_asks_for_is_no_consent() -> None:
    run = Run(answer("busy", 503, LATER))
    assert run.error.executed is MAYBE
    assert run.sleeps == []
    assert Run(answer("busy", 503, LATER), OK, is_idempotent=True).sleeps == [7.0]
