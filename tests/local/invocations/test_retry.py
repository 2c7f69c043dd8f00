"""What becomes of an asynchronous invocation after a try, as a table."""

import pytest

from tencentserverless.local.invocations.retry import Attempt, RetryDecision, counts_as_failure, decide
from tencentserverless.local.registry.function_version import AsyncConfig


@pytest.mark.parametrize(
    ("status", "failures", "age_seconds", "config", "decision"),
    [
        (0, 0, 0, AsyncConfig(), RetryDecision.DONE),
        (0, 2, 10**6, AsyncConfig(), RetryDecision.DONE),
        (430, 1, 0, AsyncConfig(), RetryDecision.RETRY),
        (433, 2, 0, AsyncConfig(), RetryDecision.RETRY),
        (430, 3, 0, AsyncConfig(), RetryDecision.DEAD),
        (430, 1, 0, AsyncConfig(retries=0), RetryDecision.DEAD),
        (432, 0, 0, AsyncConfig(retries=0), RetryDecision.RETRY),
        (432, 9, 21_540, AsyncConfig(), RetryDecision.RETRY),
        (432, 0, 21_541, AsyncConfig(), RetryDecision.DEAD),
        (500, 0, 100, AsyncConfig(ttl_seconds=60), RetryDecision.DEAD),
        (429, 0, 100, AsyncConfig(), RetryDecision.RETRY),
        (430, 1, 100, AsyncConfig(ttl_seconds=60), RetryDecision.DEAD),
    ],
)
def test_fates(status, failures, age_seconds, config, decision):
    assert decide(Attempt(status, failures, age_seconds), config) is decision


@pytest.mark.parametrize(
    ("status", "counts"), [(0, False), (430, True), (439, True), (429, False), (432, False), (500, False)]
)
def test_only_errors_of_the_function_use_its_retries_up(status, counts):
    assert counts_as_failure(status) is counts
