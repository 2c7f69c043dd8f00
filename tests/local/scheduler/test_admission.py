"""Who may hold how much memory."""

from pathlib import Path

import pytest

from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.reservations import Reservations
from tencentserverless.local.scheduler.admission import ConcurrencyGrant, Quota
from tencentserverless.local.settings import Limits


def record(name, memory_mb=1000, region="ap-tokyo"):
    key = FunctionKey(region, "default", name)
    return FunctionRecord(key, "index.main_handler", "Python3.10", Path(), memory_mb=memory_mb)


@pytest.fixture
def reservations():
    return Reservations()


@pytest.fixture
def quota(reservations):
    return Quota(Limits(), reservations)


def take(quota, record):
    return quota.take(record, record.memory_mb)


@pytest.mark.parametrize(("region", "megabytes"), [("ap-guangzhou", 128_000), ("ap-tokyo", 64_000)])
def test_the_quota_is_the_regions(quota, region, megabytes):
    assert isinstance(take(quota, record("a", megabytes, region)), ConcurrencyGrant)
    assert take(quota, record("b", 1, region)).status == 432


def test_what_is_given_back_can_be_taken_again(quota):
    share = take(quota, record("a", 64_000))
    share.held_mb -= 64_000
    assert isinstance(take(quota, record("b", 64_000)), ConcurrencyGrant)


def test_a_reservation_is_the_functions_alone_and_all_it_gets(quota, reservations):
    reservations.put(record("a").key, 2000)
    assert isinstance(take(quota, record("a")), ConcurrencyGrant)
    assert isinstance(take(quota, record("a")), ConcurrencyGrant)
    refusal = take(quota, record("a"))
    assert refusal.status == 432
    assert refusal.message == "Function [ a ] concurrency exceeded reserved quota 2000 MB"
    assert isinstance(take(quota, record("b", 62_000)), ConcurrencyGrant)
    assert take(quota, record("b", 1)).message == "Function [ b ] concurrency exceeded region unreserved quota 62000 MB"


def test_nothing_reserved_disables_a_function_and_ending_it_enables_it(quota, reservations):
    reservations.put(record("a").key, 0)
    assert take(quota, record("a")).status == 432
    reservations.put(record("a").key, None)
    assert isinstance(take(quota, record("a")), ConcurrencyGrant)
    assert reservations.of_region("ap-tokyo") == 0


def test_a_call_gives_back_to_the_share_that_it_took_from(quota, reservations):
    share = take(quota, record("a", 64_000))
    reservations.put(record("a").key, 1000)
    share.held_mb -= 64_000
    assert isinstance(take(quota, record("b", 63_000)), ConcurrencyGrant)
    assert isinstance(take(quota, record("a")), ConcurrencyGrant)


def test_a_namespace_with_a_total_has_that_alone_and_the_others_have_the_rest(quota, reservations):
    reservations.put_total("ap-tokyo", "default", 2_000)
    assert isinstance(take(quota, record("a", 2_000)), ConcurrencyGrant)
    assert take(quota, record("b", 1)).status == 432
    other = FunctionKey("ap-tokyo", "other", "a")
    rest = FunctionRecord(other, "index.main_handler", "Python3.10", Path(), memory_mb=62_000)
    assert isinstance(take(quota, rest), ConcurrencyGrant)
    assert take(quota, rest).status == 432
