"""The record of the last calls stays within its bounds."""

import pytest

from tencentserverless.local.registry.invocations import MAX_MESSAGE_CHARS, Invocation, Invocations
from tencentserverless.local.registry.records import FunctionKey

KEY = FunctionKey("ap-a", "default", "fn")


def begun(kept, number, key=KEY):
    invocation = Invocation(key, "1", f"id-{number}", float(number), 128)
    kept.begin(invocation)
    return invocation


def test_a_call_is_found_while_it_runs_and_when_it_has_ended():
    kept = Invocations()
    invocation = begun(kept, 1)
    assert kept.find(KEY, "id-1").status is None
    kept.end(invocation, 430, "message", b"output")
    found = kept.find(KEY, "id-1")
    assert (found.status, found.message, found.output) == (430, "message", b"output")
    assert kept.find(KEY._replace(region="ap-b"), "id-1") is None
    assert list(kept.of_function(KEY)) == [found]


def test_the_oldest_give_way_by_number():
    kept = Invocations(max_records=3)
    for number in range(5):
        kept.end(begun(kept, number), 0, "", b"")
    assert [each.request_id for each in kept.of_function(KEY)] == ["id-2", "id-3", "id-4"]


def test_the_oldest_give_way_by_size():
    kept = Invocations(max_bytes=10_000)
    for number in range(20):
        kept.end(begun(kept, number), 0, "x" * 2000, b"")
    assert 0 < len(kept) <= 4


def test_a_record_that_gave_way_while_its_call_ran_does_not_count():
    kept = Invocations(max_records=1)
    slow = begun(kept, 1)
    begun(kept, 2)
    kept.end(slow, 0, "late", b"")
    assert len(kept) == 1
    kept.drop(slow)
    assert len(kept) == 1


def test_a_dropped_call_leaves_nothing():
    kept = Invocations(max_bytes=1000)
    for number in range(100):
        kept.drop(begun(kept, number))
    assert len(kept) == 0
    kept.end(begun(kept, 1), 0, "", b"")
    assert len(kept) == 1


@pytest.mark.parametrize(("length", "kept_length"), [(10, 10), (MAX_MESSAGE_CHARS + 1, MAX_MESSAGE_CHARS)])
def test_a_long_message_is_cut(length, kept_length):
    kept = Invocations()
    invocation = begun(kept, 1)
    kept.end(invocation, 0, "x" * length, b"")
    assert len(invocation.message) == kept_length
