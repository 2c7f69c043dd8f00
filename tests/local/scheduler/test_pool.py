"""Choices among the instances of pools."""

from types import SimpleNamespace

import pytest

from tencentserverless.local.scheduler.pool import Pool, surplus_instances


def pool_of(*idle_since):
    return Pool(None, idle=[SimpleNamespace(idle_since=since) for since in idle_since])


@pytest.mark.parametrize(
    ("since", "is_memory_short", "ended"),
    [
        (0, False, []),
        (3, False, [1, 2]),
        (0, True, [1, 2]),
        (3, True, [1, 2]),
        (6, True, [1, 2, 3, 4, 5]),
    ],
)
def test_the_longest_idle_instances_end_first_and_a_quarter_of_all_where_memory_is_short(since, is_memory_short, ended):
    pools = [pool_of(1, 4, 5), pool_of(), pool_of(2, 3)]
    found = surplus_instances(pools, since, is_memory_short=is_memory_short)
    assert [instance.idle_since for _, instance in found] == ended
    assert all(instance in pool.idle for pool, instance in found)


def test_one_idle_instance_makes_room_and_none_is_no_error():
    assert len(surplus_instances([pool_of(7)], 0, is_memory_short=True)) == 1
    assert surplus_instances([pool_of()], 9, is_memory_short=True) == []
