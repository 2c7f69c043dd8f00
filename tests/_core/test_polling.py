"""Asking about an invocation, driven by hand: effects come out, answers go in, and no clock or socket is needed."""

import gc
import json
import weakref

import pytest

from tencentserverless import exception
from tencentserverless._core import polling
from tencentserverless._core.flow import ClientState, Clock, Exchange, GetCredentials, Sleep, Target
from tencentserverless._core.http11 import Response
from tencentserverless._core.invocation_records import InvocationRef
from tencentserverless._core.polling import PollContext
from tencentserverless._core.request import RequestBuilder
from tencentserverless._core.retry import Policy
from tencentserverless.models import Credentials, InvocationStatus, Verdict
from tests.peer import error_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOW = 1767225600.0  # 2026-01-01 00:00:00 UTC
RECORD, EVENT = "GetRequestStatus", "GetAsyncEventStatus"
NO_EVENT = error_body("ResourceNotFound.AsyncEvent")


def rows(*codes: "Any") -> str:
    """An answer of GetRequestStatus; a code is RetCode, or RetCode and RetMsg."""
    data = []
    for number, code in enumerate(codes):
        ret_code, message = code if isinstance(code, tuple) else (code, "" if code else '"done"')
        data.append({"RequestId": "id", "RetCode": ret_code, "RetMsg": message, "RetryNum": number})
    return json.dumps({"Response": {"TotalCount": len(data), "Data": data, "RequestId": "req"}})


def event(status: str, code: int = 0) -> str:
    result = {"Status": status, "StatusCode": code, "InvokeRequestId": "id"}
    return json.dumps({"Response": {"Result": result, "RequestId": "req"}})


def failure(status: int) -> "tuple[int, str]":
    return -1, json.dumps({"errorCode": -1, "errorMessage": "no", "requestId": "id", "statusCode": status})


class Asking:
    """An invocation that is asked about; ``answers`` come in turn, the last one for ever."""

    def __init__(self, *answers: "Any", **options: "Any") -> None:
        self.wall = NOW
        self.monotonic = 1000.0
        self.answers = list(answers)
        self.asked: "list[str]" = []
        self.fields: "list[dict[str, Any]]" = []
        self.deadlines: "list[float]" = []
        self.pauses: "list[float]" = []
        self.takes = options.get("takes", 0.01)
        started_at = options.get("started_at", NOW)
        self.ref = InvocationRef("f", "ns", "ap-guangzhou", "id", started_at)
        clock = Clock(lambda: self.wall, lambda: self.monotonic)
        target = Target("scf.tencentcloudapi.com:443", RequestBuilder("scf.tencentcloudapi.com", "zh-CN", "agent"))
        policy = Policy(options.get("max_attempts", 1), options.get("rng", lambda: 1.0 - 1e-9))
        state = ClientState(None)
        state.offset_seconds = options.get("offset", 0)
        self.context = PollContext(target, state, policy, clock, patience_seconds=options.get("patience", 900.0))

    def drive(self, flow: "Any") -> "Any":
        answer: "Any" = None
        try:
            while True:
                effect = flow.send(answer)
                answer = None
                if isinstance(effect, GetCredentials):
                    answer = Credentials("AKID", "key")
                elif isinstance(effect, Sleep):
                    self.pauses.append(effect.seconds)
                    self.pass_by(effect.seconds)
                else:
                    answer = self._exchange(effect)
        except StopIteration as end:
            return end.value

    def _exchange(self, effect: Exchange) -> "Any":
        self.asked.append(effect.action)
        self.deadlines.append(effect.deadline - self.monotonic)
        self.fields.append(json.loads(effect.request.split(b"\r\n\r\n", 1)[1].decode()))
        self.pass_by(self.takes)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, exception.CallError):
            return found
        return Response(200, {}, found.encode(), True)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def poll(self) -> "Any":
        return self.drive(polling.poll_flow(self.ref, self.context))

    def result(self, timeout: "float | None" = None) -> "Any":
        return self.drive(polling.result_flow(self.ref, self.context, timeout))


def broken(executed: Verdict = Verdict.MAYBE) -> exception.NetworkError:
    return exception.NetworkError("ClientNetworkError", "broken", executed=executed)


def test_pauses_grow_from_a_tenth_of_a_second_to_five() -> None:
    asking = Asking(*[rows(1)] * 20, rows(0))
    asking.ref.source = "record"
    assert asking.drive(polling.result_flow(asking.ref, asking.context, None)) == '"done"'
    assert asking.pauses[0] == pytest.approx(0.1)
    assert asking.pauses[1] == pytest.approx(0.15)
    assert asking.pauses == sorted(asking.pauses)
    assert max(asking.pauses) == pytest.approx(5.0)


def test_a_pause_is_between_half_and_whole() -> None:
    assert polling.spread(2.0, lambda: 0.0) == 1.0
    assert polling.spread(2.0, lambda: 0.5) == 1.5


def test_a_question_has_a_deadline_of_its_own() -> None:
    """The answer of one that was lost must not be waited for as long as a function may run."""
    asking = Asking(rows(0))
    asking.result()
    assert asking.deadlines == [30.0]
    asking = Asking(rows(0), patience=2.0)
    asking.poll()
    assert asking.deadlines == [2.0]
    asking = Asking(rows(0))
    asking.result(5)
    assert asking.deadlines == [5.0]


def test_the_first_questions_name_no_time_and_later_ones_name_the_start_in_any_zone() -> None:
    asking = Asking(rows(0))
    asking.poll()
    assert "StartTime" not in asking.fields[0]
    asking.pass_by(3600)
    asking.poll()
    fields = asking.fields[1]
    assert fields["StartTime"] == "2025-12-31 23:50:00"
    assert fields["EndTime"] == "2026-01-01 09:10:00"
    assert (fields["FunctionName"], fields["FunctionRequestId"], fields["Namespace"]) == ("f", "id", "ns")


def test_times_are_the_servers() -> None:
    asking = Asking(rows(0), started_at=None, offset=7200)
    asking.poll()
    assert asking.fields[0]["StartTime"] == "2025-12-29 01:50:00", "three days back, where nobody knows the start"
    assert asking.fields[0]["EndTime"] == "2026-01-01 10:10:00"


def test_which_record_tells_is_learnt_once() -> None:
    asking = Asking(rows(), NO_EVENT, rows(1), NO_EVENT, rows(1), rows(0))
    assert asking.result() == '"done"'
    assert asking.asked == [RECORD, EVENT, RECORD, EVENT, RECORD, RECORD]
    asking = Asking(rows(), event("RUNNING"), event("RUNNING"), event("FINISHED", 200), rows(0))
    assert asking.result() == '"done"'
    assert asking.asked == [RECORD, EVENT, EVENT, EVENT, RECORD]


def test_events_are_asked_for_ever_more_rarely_while_nothing_is_known() -> None:
    asking = Asking(*[rows(), NO_EVENT] * 2, rows(), rows(), NO_EVENT, *[rows()] * 3, rows(), NO_EVENT, rows(0))
    assert asking.result() == '"done"'
    assert [action for action in asking.asked if action == EVENT] == [EVENT] * 4
    assert "".join("E" if action == EVENT else "R" for action in asking.asked) == "RERERRERRRRER"


def test_a_function_with_events_that_has_a_record_too_is_told_of_by_its_event() -> None:
    """A record of one that was killed may say for ever that it runs."""
    asking = Asking(rows(1), event("RUNNING"), event("ABORTED", 499), rows(1))
    asking.poll()
    assert asking.poll().status is InvocationStatus.ABORTED


@pytest.mark.parametrize("code", ["UnauthorizedOperation.CAM", "InvalidAction", "FailedOperation.AsyncEventStatus"])
def test_who_may_not_ask_for_events_gets_the_records_all_the_same(code: str) -> None:
    asking = Asking(rows(), error_body(code), rows(0))
    assert asking.result() == '"done"'


@pytest.mark.parametrize(
    ("status", "code", "kind", "executed"),
    [
        ("FAILED", 430, exception.FunctionError, Verdict.YES),
        ("FAILED", 439, exception.FunctionExited, Verdict.YES),
        ("FAILED", 0, exception.TencentServerlessSDKException, Verdict.MAYBE),
        ("ABORTED", 0, exception.FunctionAborted, Verdict.MAYBE),
        ("ABORTED", 499, exception.FunctionAborted, Verdict.MAYBE),
        ("ABORTED", 439, exception.FunctionAborted, Verdict.MAYBE),
    ],
)
def test_an_event_without_a_record_ends_as_its_status_says(
    status: str, code: int, kind: type, executed: Verdict
) -> None:
    asking = Asking(rows(), *[event(status, code), rows()] * 40)
    with pytest.raises(
        exception.TencentServerlessSDKException, match=r"keeps no record of why|was terminated"
    ) as caught:
        asking.result()
    assert (type(caught.value), caught.value.executed) == (kind, executed)
    assert caught.value.request_id == "id"
    assert asking.monotonic >= 1000 + polling.RECORD_SECONDS, "its record may come later than its end"


def test_the_record_of_a_terminated_invocation_tells_only_that_its_process_has_ended() -> None:
    asking = Asking(rows(), event("ABORTED", 439), rows(failure(439)))
    with pytest.raises(exception.FunctionAborted, match="was terminated"):
        asking.result()
    asking = Asking(rows(failure(439)), event("ABORTED"), rows(failure(439)))
    with pytest.raises(exception.FunctionAborted):
        asking.result()
    assert asking.asked == [RECORD, EVENT, RECORD], "it was cancelled elsewhere"
    asking = Asking(rows(failure(439)), NO_EVENT)
    with pytest.raises(exception.FunctionExited):
        asking.result()
    asking = Asking(rows(), event("ABORTED"), rows(0))
    assert asking.result() == '"done"', "it was asked by SIGTERM, and has finished"


def test_errors_of_an_invocation_have_its_id_and_not_that_of_the_question() -> None:
    asking = Asking(rows(failure(430)))
    with pytest.raises(exception.FunctionError) as caught:
        asking.result()
    assert (caught.value.request_id, caught.value.response["Response"]["RequestId"]) == ("id", "req")
    with pytest.raises(exception.ResultTimeout) as late:
        Asking(rows(1)).result(0.5)
    assert late.value.request_id == "id"


def test_a_refusal_to_cancel_says_which_invocations_can_be() -> None:
    asking = Asking(NO_EVENT)
    with pytest.raises(exception.ResourceNotFound, match="can be cancelled if its function has AsyncRunEnable"):
        asking.drive(polling.cancel_flow(asking.ref, asking.context, False))


def test_an_event_that_returned_without_a_record_has_an_empty_result() -> None:
    asking = Asking(rows(), *[event("FINISHED", 200), rows()] * 40)
    result = asking.result()
    assert (result, result.function_request_id) == ("", "id")


@pytest.mark.parametrize("status", [432, 500])
def test_what_the_platform_runs_again_by_itself_is_no_failure_until_it_gives_up(status: int) -> None:
    asking = Asking(*[rows(failure(status))] * 3, rows(failure(status), 0))
    asking.ref.source = "record"
    assert asking.poll().status is InvocationStatus.RUNNING
    assert asking.result() == '"done"'
    asking = Asking(rows(failure(status)))
    asking.pass_by(6 * 3600 + 1)
    with pytest.raises(exception.TencentServerlessSDKException) as caught:
        asking.result()
    assert caught.value.status_code == status


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded", "InternalError"])
def test_troubles_of_asking_are_waited_out(code: str) -> None:
    asking = Asking(error_body(code), broken(), broken(Verdict.NO), rows(0))
    assert asking.result() == '"done"'
    if code != "InternalError":
        assert asking.pauses[0] > 0.49, "throttled"


def test_a_pause_that_the_server_asks_for_is_kept_and_cut_by_the_timeout() -> None:
    trouble = broken(Verdict.NO)
    trouble.retry_after_seconds = 30.0
    asking = Asking(trouble, rows(0))
    assert asking.result() == '"done"'
    assert asking.pauses == [30.0]
    late = Asking(trouble)
    with pytest.raises(exception.ResultTimeout):
        late.result(timeout=10.0)
    assert sum(late.pauses) < 10.0


def test_a_service_that_says_nothing_for_too_long_is_an_error_that_proves_nothing() -> None:
    asking = Asking(broken(Verdict.NO), patience=60.0)
    with pytest.raises(exception.NetworkError) as caught:
        asking.result()
    assert caught.value.executed is Verdict.MAYBE
    assert 1060 <= asking.monotonic <= 1070


@pytest.mark.parametrize("code", ["AuthFailure.SecretIdNotFound", "ResourceNotFound.Function", "UnauthorizedOperation"])
def test_a_refusal_ends_the_asking_and_says_nothing_about_the_function(code: str) -> None:
    asking = Asking(error_body(code))
    with pytest.raises(exception.APIError) as caught:
        asking.result()
    assert caught.value.executed is Verdict.MAYBE
    assert len(asking.asked) == 1


def test_credentials_that_cannot_be_found_say_nothing_about_the_function() -> None:
    asking = Asking(rows(0))
    flow = polling.result_flow(asking.ref, asking.context, None)
    flow.send(None)
    with pytest.raises(exception.CredentialError) as caught:
        flow.send(exception.CredentialError("InvalidCredential", "none", executed=Verdict.NO))
    assert caught.value.executed is Verdict.MAYBE


def test_one_question_is_tried_again_at_once_as_the_policy_says() -> None:
    asking = Asking(broken(), rows(1), NO_EVENT, max_attempts=3)
    assert asking.poll().status is InvocationStatus.RUNNING
    assert asking.asked == [RECORD, RECORD, EVENT]


@pytest.mark.parametrize("timeout", [0.05, 1.0, 60.0])
def test_the_time_of_the_caller_is_kept(timeout: float) -> None:
    asking = Asking(rows(1), NO_EVENT, rows(1))
    with pytest.raises(exception.ResultTimeout) as caught:
        asking.result(timeout)
    assert caught.value.executed is Verdict.MAYBE
    assert timeout - 0.2 <= asking.monotonic - 1000 <= timeout + 0.05
    assert max(asking.deadlines) <= min(timeout, 30.0) + 1e-6


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (rows(1, 0), InvocationStatus.FINISHED),
        (rows(failure(430), 1), InvocationStatus.RUNNING),
        (rows(failure(430), failure(433)), InvocationStatus.FAILED),
        (rows(failure(499)), InvocationStatus.ABORTED),
        (rows(2), InvocationStatus.FAILED),
        (rows(None), InvocationStatus.FAILED),
        (json.dumps({"Response": {"Data": [{"RetCode": [0]}]}}), InvocationStatus.FAILED),
        (json.dumps({"Response": {"TotalCount": 0, "Data": None}}), InvocationStatus.UNKNOWN),
        (json.dumps({"Response": {}}), InvocationStatus.UNKNOWN),
        (json.dumps({"Response": {"Data": [5, "x", None]}}), InvocationStatus.UNKNOWN),
        (json.dumps({"Response": {"Data": [{"RequestId": "another's", "RetCode": 0}]}}), InvocationStatus.UNKNOWN),
        (json.dumps({"Response": {"Data": [{"RetCode": 0, "RetMsg": 5}]}}), InvocationStatus.FINISHED),
    ],
)
def test_records_are_read_with_care(answer: str, status: InvocationStatus) -> None:
    asking = Asking(answer, NO_EVENT)
    asking.ref.source = ""
    assert asking.poll().status is status


@pytest.mark.parametrize("answer", ['{"Response": {"Data": 5}}', '{"Response": {"Data": {"a": 1}}}'])
def test_data_that_is_no_list_is_no_record(answer: str) -> None:
    assert Asking(answer, NO_EVENT).poll().status is InvocationStatus.UNKNOWN


@pytest.mark.parametrize("answer", ['{"Response": {"Result": 5}}', '{"Response": {}}', event("SLEEPING")])
def test_an_event_status_that_nobody_knows_is_unknown(answer: str) -> None:
    asking = Asking(rows(), answer, rows(0))
    assert asking.poll().status is InvocationStatus.UNKNOWN
    assert asking.result() == '"done"', "and does not make it a function with events"


@pytest.mark.parametrize(("value", "found"), [(8253440, 8253440), (8, 8 << 20), (None, 0), ("x", 0), (0, 0)])
def test_memory_is_in_bytes_whichever_unit_it_comes_in(value: "Any", found: int) -> None:
    data = [{"RetCode": 0, "RetMsg": "1", "MemUsage": value, "Duration": 2.5}]
    result = Asking(json.dumps({"Response": {"Data": data}})).result()
    assert (result.memory_bytes, result.duration_ms) == (found, 2.5)


def test_a_functions_own_data_that_looks_like_a_refusal_proves_nothing() -> None:
    asking = Asking(rows((0, failure(429)[1])))
    with pytest.raises(exception.FunctionThrottled) as caught:
        asking.result()
    assert caught.value.executed is Verdict.MAYBE


def test_cancelling_is_one_order_and_makes_it_a_function_with_events() -> None:
    asking = Asking(json.dumps({"Response": {"RequestId": "req"}}))
    asking.drive(polling.cancel_flow(asking.ref, asking.context, True))
    assert asking.asked == ["TerminateAsyncEvent"]
    assert asking.fields == [{"FunctionName": "f", "InvokeRequestId": "id", "Namespace": "ns", "GraceShutdown": True}]
    assert asking.ref.source == "event"


@pytest.mark.parametrize("answer", [rows(failure(430)), rows(1)])
def test_no_frame_keeps_an_error_that_was_raised(answer: str) -> None:
    asking = Asking(answer, NO_EVENT, answer)
    gc.collect()
    gc.disable()
    try:
        try:
            asking.result(0.5)
        except Exception as error:  # noqa: BLE001  # whichever it is
            reference = weakref.ref(error)
        assert reference() is None
    finally:
        gc.enable()
