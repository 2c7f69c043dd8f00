"""What becomes of an asynchronous invocation after a try, as a table."""

import pytest

from tencentserverless.local.registry.records import AsyncConfig
from tencentserverless.local.scheduler.retries import Fate, Try, counts_as_failure, decide


@pytest.mark.parametrize(
    ("status", "failures", "age_seconds", "config", "fate"),
    [
        (0, 0, 0, AsyncConfig(), Fate.DONE),
        (0, 2, 10**6, AsyncConfig(), Fate.DONE),
        (430, 1, 0, AsyncConfig(), Fate.RETRY),
        (433, 2, 0, AsyncConfig(), Fate.RETRY),
        (430, 3, 0, AsyncConfig(), Fate.DEAD),
        (430, 1, 0, AsyncConfig(retries=0), Fate.DEAD),
        (432, 0, 0, AsyncConfig(retries=0), Fate.RETRY),
        (432, 9, 21_540, AsyncConfig(), Fate.RETRY),
        (432, 0, 21_541, AsyncConfig(), Fate.DEAD),
        (500, 0, 100, AsyncConfig(ttl_seconds=60), Fate.DEAD),
        (429, 0, 100, AsyncConfig(), Fate.RETRY),
        (430, 1, 100, AsyncConfig(ttl_seconds=60), Fate.DEAD),
    ],
)
def test_fates(status, failures, age_seconds, config, fate):
    assert decide(Try(status, failures, age_seconds), config) is fate


@pytest.mark.parametrize(
    ("status", "counts"), [(0, False), (430, True), (439, True), (429, False), (432, False), (500, False)]
)
def test_only_errors_of_the_function_use_its_retries_up(status, counts):
    assert counts_as_failure(status) is counts
