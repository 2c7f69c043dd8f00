"""The scheduler's decisions, as a table."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tencentserverless.local.scheduler.decisions import (
    Contender,
    PoolSnapshot,
    Step,
    WaitingCall,
    next_step,
    should_give_up_instance,
)
from tencentserverless.local.settings import Limits

LIMITS = Limits(ready_instances=4, all_instances=8, stall_seconds=0.2, queue_seconds=30)
QUIET = PoolSnapshot(idle=0, starting=0, waiting=1, active=0, instances=0, spare=0)


@pytest.mark.parametrize(
    ("changes", "call", "step"),
    [
        ({"idle": 1, "instances": 1}, WaitingCall(), Step.USE),
        ({}, WaitingCall(), Step.START),
        ({"starting": 1, "active": 1, "instances": 1}, WaitingCall(), Step.WAIT),
        ({"starting": 1, "waiting": 2, "active": 1, "instances": 1}, WaitingCall(), Step.START),
        ({"active": 4, "instances": 4}, WaitingCall(), Step.WAIT),
        ({"active": 4, "instances": 4}, WaitingCall(waited_seconds=0.2), Step.START),
        ({"active": 4, "instances": 4}, WaitingCall(nested=True), Step.START),
        ({"active": 3, "instances": 8, "spare": 5}, WaitingCall(), Step.REPLACE),
        ({"active": 8, "instances": 8}, WaitingCall(nested=True), Step.WAIT),
        ({"active": 8, "instances": 8}, WaitingCall(waited_seconds=30), Step.REFUSE),
        ({"active": 8, "instances": 8, "idle": 1}, WaitingCall(waited_seconds=30), Step.USE),
        # Where calls are short, the busy instances are free before a new one is up.
        ({"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1}, WaitingCall(), Step.WAIT),
        ({"busy": 2, "mean_seconds": 0.04, "waiting": 2, "active": 2, "instances": 2}, WaitingCall(), Step.WAIT),
        ({"busy": 2, "mean_seconds": 0.04, "waiting": 3, "active": 2, "instances": 2}, WaitingCall(), Step.START),
        ({"busy": 1, "mean_seconds": 1.0, "active": 1, "instances": 1}, WaitingCall(), Step.START),
        ({"busy": 1, "mean_seconds": None, "active": 1, "instances": 1}, WaitingCall(), Step.START),
        ({"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1}, WaitingCall(waited_seconds=0.2), Step.START),
        ({"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1}, WaitingCall(nested=True), Step.START),
        # On a busy machine short calls wait, but end all the time: another process would take CPU from those there are.
        (
            {"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1, "still_seconds": 0.1},
            WaitingCall(waited_seconds=5),
            Step.WAIT,
        ),
        (
            {"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1, "still_seconds": 0.3},
            WaitingCall(waited_seconds=5),
            Step.START,
        ),
        (
            {"busy": 1, "mean_seconds": 1.0, "active": 1, "instances": 1, "still_seconds": 0.1},
            WaitingCall(waited_seconds=5),
            Step.START,
        ),
        (
            {"busy": 1, "mean_seconds": 0.001, "active": 1, "instances": 1, "still_seconds": 0.1},
            WaitingCall(nested=True),
            Step.START,
        ),
        # A region over its burst waits for what it has, and refuses where it has nothing.
        ({"may_start": False}, WaitingCall(), Step.REFUSE_BURST),
        ({"may_start": False, "busy": 1}, WaitingCall(waited_seconds=1), Step.WAIT),
        ({"may_start": False, "busy": 1}, WaitingCall(waited_seconds=30), Step.REFUSE_BURST),
        ({"may_start": False, "idle": 1}, WaitingCall(), Step.USE),
    ],
)
def test_steps(changes, call, step):
    assert next_step(msgspec.structs.replace(QUIET, **changes), call, LIMITS) is step


@given(
    st.builds(PoolSnapshot, *[st.integers(0, 12)] * 7, st.none() | st.floats(0, 60), st.booleans()),
    st.builds(WaitingCall, st.booleans(), st.floats(0, 60)),
)
def test_no_plan_goes_over_the_bound_or_starts_more_than_there_are_calls(pool, call):
    step = next_step(pool, call, LIMITS)
    if step is Step.START:
        assert pool.instances < LIMITS.all_instances
    if step in (Step.START, Step.REPLACE):
        assert pool.starting < pool.waiting
        assert pool.may_start
    if step is Step.REPLACE:
        assert pool.spare > 0
    if pool.idle:
        assert step is Step.USE


@pytest.mark.parametrize(
    ("own", "others", "gives"),
    [
        (3, [], False),
        (3, [Contender(1, 0.0)], True),
        (2, [Contender(1, 9.0)], False),  # to and fro would help nobody
        (1, [Contender(0, 0.1)], False),
        (1, [Contender(0, 0.2)], True),
        (3, [Contender(3, 9.0), Contender(1, 0.0)], True),
    ],
)
def test_who_gives_an_instance_away(own, others, gives):
    assert should_give_up_instance(own, others, LIMITS) is gives
