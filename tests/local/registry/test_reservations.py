"""The memory that functions without a reservation share."""

import pytest

from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.reservations import Reservations, Share

QUOTA = 64_000


@pytest.fixture
def reservations():
    made = Reservations()
    made.put(FunctionKey("ap-tokyo", "default", "a"), 1_000)
    made.put(FunctionKey("ap-tokyo", "own", "a"), 2_000)
    made.put(FunctionKey("ap-tokyo", "other", "a"), 3_000)
    made.put(FunctionKey("ap-seoul", "own", "a"), 9_000)
    return made


def test_without_totals_all_namespaces_of_a_region_share_its_memory(reservations):
    for namespace in ("default", "own", "other", "empty"):
        assert reservations.share_of("ap-tokyo", namespace, QUOTA) == Share("ap-tokyo", "", QUOTA - 6_000)


def test_a_total_is_for_its_namespace_alone_and_the_others_share_the_rest(reservations):
    reservations.put_total("ap-tokyo", "own", 20_000)
    assert reservations.share_of("ap-tokyo", "own", QUOTA) == Share("ap-tokyo", "own", 18_000)
    assert reservations.share_of("ap-tokyo", "default", QUOTA) == Share("ap-tokyo", "", QUOTA - 20_000 - 4_000)
    assert reservations.share_of("ap-seoul", "own", QUOTA) == Share("ap-seoul", "", QUOTA - 9_000)
    assert (reservations.total_of("ap-tokyo", "own"), reservations.totals_of("ap-tokyo")) == (20_000, 20_000)
    reservations.put_total("ap-tokyo", "own", None)
    assert reservations.share_of("ap-tokyo", "own", QUOTA) == Share("ap-tokyo", "", QUOTA - 6_000)


def test_a_reservation_that_is_changed_counts_once(reservations):
    key = FunctionKey("ap-tokyo", "own", "a")
    reservations.put(key, 5_000)
    assert (reservations.of_namespace("ap-tokyo", "own"), reservations.of_region("ap-tokyo")) == (5_000, 9_000)
    reservations.put(key, None)
    assert reservations.of_function(key) is None
