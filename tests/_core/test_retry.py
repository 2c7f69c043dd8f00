import pytest

from tencentserverless import exception
from tencentserverless._core import retry, wire
from tencentserverless._core.retry import (
    BUDGET_TOKENS,
    CAP_SECONDS,
    Budget,
    Policy,
    back_off,
    base_seconds,
    is_consented,
)
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = Verdict.NO, Verdict.MAYBE, Verdict.YES


def api(code: str, executed: Verdict = NO) -> exception.APIError:
    return exception.APIError(code, "m", executed=executed)


def network(executed: Verdict) -> exception.NetworkError:
    return exception.NetworkError("ClientNetworkError", "m", executed=executed)


def function(status: int, executed: Verdict) -> exception.TencentServerlessSDKException:
    return exception.TencentServerlessSDKException(1, "m", status_code=status, executed=executed)


def policy(max_attempts: int = 3, rng: float = 0.5) -> Policy:
    return Policy(max_attempts, lambda: rng)


def test_a_failure_that_did_not_run_and_may_pass_is_retried() -> None:
    assert policy().decide(network(NO), False, 1, 100.0) == 0.05
    assert policy().decide(function(432, NO), False, 1, 100.0) == 0.25
    assert policy().decide(api("RequestLimitExceeded"), False, 1, 100.0) == 0.25


def test_maybe_is_retried_only_with_consent() -> None:
    for error in (network(MAYBE), api("InternalError", MAYBE), api("FailedOperation.InvokeFunction", MAYBE)):
        assert policy().decide(error, False, 1, 100.0) is None
        assert policy().decide(error, True, 1, 100.0) is not None


@pytest.mark.parametrize("is_idempotent", [False, True])
def test_yes_is_never_retried(is_idempotent: bool) -> None:
    """Not even where the cause would pass and the caller consents: the function has had its run."""
    for error in (function(432, YES), network(YES), api("InternalError", YES), function(430, YES)):
        assert policy().decide(error, is_idempotent, 1, 100.0) is None


@pytest.mark.parametrize(
    "error",
    [
        api("ResourceNotFound.Function"),
        api("AuthFailure.SignatureFailure"),
        api("InvalidParameterValue"),
        api("UnauthorizedOperation.CAM"),
        function(435, NO),
        function(400, NO),
        function(443, MAYBE),
        exception.CredentialError("InvalidCredential", "m", executed=NO),
    ],
)
def test_what_will_not_pass_by_itself_is_not_retried(error: "Any") -> None:
    assert policy().decide(error, True, 1, 100.0) is None


def test_a_network_error_may_say_that_it_will_not_pass() -> None:
    error = exception.ConnectError("ClientNetworkError", "wrong certificate", executed=NO)
    error.is_transient = False
    assert policy().decide(error, True, 1, 100.0) is None


@pytest.mark.parametrize(
    ("status", "is_retried"),
    [(500, True), (502, True), (503, True), (504, True), (429, True), (400, False), (404, False), (501, False)],
)
def test_an_http_status_is_retried_with_consent_if_it_may_pass(status: int, is_retried: bool) -> None:
    error = exception.ServerError("ServerNetworkError", "m", executed=MAYBE)
    error.status = status
    assert policy().decide(error, False, 1, 100.0) is None
    assert (policy().decide(error, True, 1, 100.0) is not None) is is_retried


def test_attempts_are_counted() -> None:
    assert policy(3).decide(network(NO), False, 2, 100.0) is not None
    assert policy(3).decide(network(NO), False, 3, 100.0) is None
    assert policy(1).decide(network(NO), False, 1, 100.0) is None


def test_no_retry_begins_behind_the_deadline() -> None:
    assert policy(rng=1.0).decide(network(NO), False, 1, 0.1) is None
    assert policy(rng=1.0).decide(network(NO), False, 1, 0.11) == pytest.approx(0.1)
    assert policy().decide(network(NO), False, 1, -1.0) is None


@pytest.mark.parametrize("base", [retry.BASE_SECONDS, retry.THROTTLED_BASE_SECONDS])
def test_the_back_off_is_full_jitter_over_a_doubling_range_with_a_cap(base: float) -> None:
    for attempts in range(1, 20):
        top = back_off(base, attempts, lambda: 1.0)
        assert top == min(CAP_SECONDS, base * 2 ** (attempts - 1))
        assert back_off(base, attempts, lambda: 0.0) == 0.0
        assert back_off(base, attempts, lambda: 0.25) == pytest.approx(top / 4)


def test_the_budget_brakes_a_client_whose_calls_all_fail() -> None:
    brake = policy()
    granted = 0
    for _ in range(1000):
        granted += brake.decide(network(NO), False, 1, 100.0) is not None
    assert granted == BUDGET_TOKENS


def test_a_refused_retry_costs_no_token() -> None:
    brake = policy()
    brake.decide(network(MAYBE), False, 1, 100.0)
    brake.decide(network(NO), False, 3, 100.0)
    brake.decide(network(NO), False, 1, 0.0)
    assert brake.budget.tokens == BUDGET_TOKENS


def test_successes_fill_the_budget_and_never_over_its_brim() -> None:
    budget = Budget()
    while budget.take():
        pass
    for _ in range(9):
        budget.refill()
    assert not budget.take()
    for _ in range(2):
        budget.refill()
    assert budget.take()
    for _ in range(10000):
        budget.refill()
    assert budget.tokens == BUDGET_TOKENS


@pytest.mark.parametrize(
    ("executed", "is_idempotent", "expected"),
    [
        (NO, False, True),
        (NO, True, True),
        (MAYBE, False, False),
        (MAYBE, True, True),
        (YES, False, False),
        (YES, True, False),
    ],
)
def test_the_whole_table_of_consent(executed: Verdict, is_idempotent: bool, expected: bool) -> None:
    assert is_consented(executed, is_idempotent) is expected


def test_a_code_is_looked_up_whole_and_by_its_category() -> None:
    assert base_seconds(api("InternalError.System")) == retry.BASE_SECONDS
    assert base_seconds(api("RequestLimitExceeded.UinLimitExceeded")) == retry.THROTTLED_BASE_SECONDS
    assert base_seconds(api("FailedOperation.InvokeFunction")) == retry.BASE_SECONDS
    assert base_seconds(api("FailedOperation.Other")) is None
    assert base_seconds(api("")) is None


def test_nothing_in_the_tables_of_transient_causes_ran_for_sure() -> None:
    """A status in both the YES group and the transient table would be a contradiction."""
    for status in retry.TRANSIENT_STATUSES:
        assert wire.STATUSES.get(status, (MAYBE, None))[0] is not YES


def test_a_pause_is_as_long_as_the_server_asks_and_no_shorter_than_ours() -> None:
    error = network(NO)
    for asked, pause in ((0.0, 0.05), (0.01, 0.05), (7.0, 7.0)):
        error.retry_after_seconds = asked
        assert policy().decide(error, False, 1, 100.0) == pause


def test_a_pause_that_the_server_asks_for_makes_nothing_safe_and_passes_no_deadline() -> None:
    error = network(MAYBE)
    error.retry_after_seconds = 1.0
    assert policy().decide(error, False, 1, 100.0) is None
    error = api("ResourceNotFound.Function")
    error.retry_after_seconds = 1.0
    assert policy().decide(error, False, 1, 100.0) is None
    brake = policy()
    error = network(NO)
    error.retry_after_seconds = 5.0
    assert brake.decide(error, False, 1, 5.0) is None
    assert brake.budget.tokens == BUDGET_TOKENS
