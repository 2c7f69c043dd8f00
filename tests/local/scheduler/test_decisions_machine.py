"""The plan as a state machine: whatever comes in whatever order, the bounds hold and every call is served in the end.

The machine keeps books of its own, in numbers alone, and does what the plan says; what real processes do is proved in
``test_dispatch``.
"""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tencentserverless.local.scheduler.decisions import (
    Contender,
    PoolSnapshot,
    Step,
    WaitingCall,
    next_step,
    should_give_up_instance,
)
from tencentserverless.local.settings import Limits
from tests.profiles import examples

LIMITS = Limits(ready_instances=2, all_instances=4, stall_seconds=0.2, queue_seconds=1_000_000, start_seconds=0.05)
NAMES = ("one", "two", "three")
names = st.sampled_from(NAMES)


class Books:
    """Of one function."""

    def __init__(self):
        self.idle = self.busy = self.starting = 0
        self.waiting = deque()  # of the times at which calls came
        self.mean_seconds = None

    @property
    def instances(self):
        return self.idle + self.busy + self.starting


class Plan(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.functions = {name: Books() for name in NAMES}
        self.came = self.served = 0

    def pool(self, own):
        everyone = self.functions.values()
        return PoolSnapshot(
            idle=own.idle,
            starting=own.starting,
            waiting=len(own.waiting),
            active=sum(each.busy + each.starting for each in everyone),
            instances=sum(each.instances for each in everyone),
            spare=sum(each.idle for each in everyone) - own.idle,
            busy=own.busy,
            mean_seconds=own.mean_seconds,
        )

    def look(self, own):
        """What the scheduler does for the calls that wait."""
        for _ in range(len(own.waiting)):
            step = next_step(self.pool(own), WaitingCall(waited_seconds=self.now - own.waiting[0]), LIMITS)
            assert step is not Step.REFUSE
            if step is Step.WAIT:
                return
            if step is Step.USE:
                own.idle -= 1
                own.busy += 1
                own.waiting.popleft()
                continue
            if step is Step.REPLACE:
                other = next(each for each in self.functions.values() if each is not own and each.idle)
                other.idle -= 1
            own.starting += 1

    def look_at_all(self):
        waiting = [each for each in self.functions.values() if each.waiting]
        for own in sorted(waiting, key=lambda each: (each.instances, each.waiting[0])):
            self.look(own)

    def release(self, own):
        """An instance has come free; it is counted nowhere at the moment."""
        total = sum(each.instances for each in self.functions.values()) + 1
        others = [
            Contender(each.instances, self.now - each.waiting[0])
            for each in self.functions.values()
            if each is not own and each.waiting
        ]
        if total >= LIMITS.all_instances and should_give_up_instance(own.instances + 1, others, LIMITS):
            return
        if own.waiting:
            own.waiting.popleft()
            own.busy += 1
        else:
            own.idle += 1

    @rule(name=names)
    def a_call_comes(self, name):
        own = self.functions[name]
        self.came += 1
        own.waiting.append(self.now)
        self.look_at_all()

    @precondition(lambda self: any(each.busy for each in self.functions.values()))
    @rule(name=names, seconds=st.sampled_from([0.001, 1.0]))
    def a_call_ends(self, name, seconds):
        own = self.functions[name]
        if own.busy:
            own.busy -= 1
            own.mean_seconds = seconds
            self.served += 1
            self.release(own)

    @rule(name=names)
    def an_instance_comes_up(self, name):
        own = self.functions[name]
        if own.starting:
            own.starting -= 1
            self.release(own)

    @rule(name=names, is_busy=st.booleans())
    def an_instance_dies(self, name, is_busy):
        own = self.functions[name]
        if is_busy and own.busy:
            own.busy -= 1
            self.served += 1  # its call ends in 439
        elif not is_busy and own.idle:
            own.idle -= 1

    @rule(seconds=st.sampled_from([0.01, 0.2, 5.0]))
    def time_passes(self, seconds):
        self.now += seconds
        self.look_at_all()

    @invariant()
    def there_are_no_more_processes_than_may_be(self):
        assert sum(each.instances for each in self.functions.values()) <= LIMITS.all_instances

    @invariant()
    def nothing_idles_while_a_call_of_its_function_waits(self):
        assert not any(each.idle and each.waiting for each in self.functions.values())

    @invariant()
    def no_call_is_lost(self):
        under_way = sum(each.busy + len(each.waiting) for each in self.functions.values())
        assert self.came == self.served + under_way

    def teardown(self):
        """If nothing more comes, everything is served: nobody starves."""
        for _ in range(40 * (self.came + 1)):
            if self.served == self.came:
                return
            self.time_passes(0.2)
            for name in NAMES:
                self.an_instance_comes_up(name)
                self.a_call_ends(name, 0.001)
        raise AssertionError("calls are left that nobody serves")


TestPlan = Plan.TestCase
TestPlan.settings = settings(max_examples=examples(120), stateful_step_count=40, deadline=None)
TestPlan.pytestmark = [pytest.mark.campaign]
