"""The instances of all functions together: which end so that others have room."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.pool import Pool
from tencentserverless.local.scheduler.population import Population
from tencentserverless.local.settings import Limits


class Instance:
    """The part of an instance that the population looks at."""

    def __init__(self):
        self.idle_since = 0.0
        self.is_ended = False

    def end(self):
        self.is_ended = True


class Town:
    """Two functions, and a machine that holds three instances."""

    def __init__(self):
        keys = [FunctionKey("ap-tokyo", "default", name) for name in "ab"]
        self.a, self.b = (Pool(FunctionRecord(key, "index.main_handler", "Python3.10", Path())) for key in keys)
        pools = {(key, LATEST): pool for key, pool in zip(keys, (self.a, self.b), strict=True)}
        self.is_short = False
        limits = Limits(all_instances=3, idle_instance_seconds=10)
        self.population = Population(pools, limits, lambda: self.is_short)

    def settle(self, pool, now, *, is_new=False):
        instance = Instance()
        pool.instances.add(instance)
        self.population.instances += 1
        self.population.rest(pool, instance, now, is_new=is_new)
        return instance


@pytest.fixture
def town():
    return Town()


def test_one_that_gets_a_call_idles_no_more_and_one_that_does_not_idle_is_left_alone(town):
    first, second = town.settle(town.a, 1), town.settle(town.a, 2)
    town.population.wake(town.a, first)
    town.population.wake(town.a, first)
    assert (town.a.idle, town.population.counts()) == ([second], {"instances": 2, "idle_instances": 1})


def test_a_new_one_is_used_last(town):
    warm, new = town.settle(town.a, 1), town.settle(town.a, 2, is_new=True)
    assert town.a.idle == [new, warm]


def test_at_the_limit_the_longest_idle_one_of_another_function_ends(town):
    town.settle(town.a, 1)
    second, third = town.settle(town.b, 2), town.settle(town.b, 3)
    assert town.population.is_full
    assert town.population.make_place(town.a)
    assert (second.is_ended, third.is_ended) == (True, False)
    town.population.wake(town.b, third)
    assert not town.population.make_place(town.a)  # its own does not end for it


def test_one_that_sessions_hold_does_not_end(town):
    held, free = town.settle(town.b, 1), town.settle(town.b, 2)
    town.b.sharing = SimpleNamespace(holds=lambda instance: instance is held)
    town.population.instances += 1
    assert town.population.make_place(town.a)
    assert (held.is_ended, free.is_ended) == (False, True)
    town.population.end_surplus(1000)
    assert not held.is_ended


def test_those_that_idle_for_too_long_end_and_more_where_memory_is_short(town):
    old, young = town.settle(town.a, 1), town.settle(town.b, 8)
    town.population.end_surplus(12)
    assert (old.is_ended, young.is_ended) == (True, False)
    town.is_short = True
    town.population.end_surplus(12)
    assert young.is_ended
    assert town.population.idle == 0
