"""The scheduler's decisions, pure: the step that serves a call, computed from a snapshot of the pool.

The cloud starts an instance for every call that finds none idle. One machine starts a hundred interpreters more slowly
than a busy instance becomes idle. So a call waits if other calls are known to be short, and never for long: another
function may wait for this very call.
"""

import enum

import msgspec

from tencentserverless.local.settings import Limits


class Step(enum.Enum):
    """The step that serves a call."""

    USE = "use an idle instance"
    START = "start an instance"
    REPLACE = "end an idle instance of another function, then start one"
    WAIT = "wait for an instance"
    REFUSE = "refuse: no process may be added and none came free"
    REFUSE_BURST = "refuse: the region has started its instances of this minute"


class PoolSnapshot(msgspec.Struct, frozen=True):
    """The counts of this moment, including the call to decide on."""

    idle: int  # instances of this function
    starting: int  # instances of this function
    waiting: int  # calls of this function without an instance
    active: int  # instances of all functions, busy or starting
    instances: int  # instances of all functions
    spare: int  # idle instances of other functions
    busy: int = 0  # instances of this function
    mean_seconds: float | None = None  # that calls of this function took lately; None before the first has ended
    is_single: bool = False  # the function may have one instance
    still_seconds: float = float("inf")  # since a call of this function ended last
    may_start: bool = True  # the region has not yet started its instances of this minute


class WaitingCall(msgspec.Struct, frozen=True):
    """The facts about a call that the decision uses.

    :param nested: a function of this server made the call, and may occupy an instance until the call returns
    """

    nested: bool = False
    waited_seconds: float = 0.0


class Contender(msgspec.Struct, frozen=True):
    """A function with waiting calls, as another function sees it.

    :param instances: its instances, including those that start
    :param waited_seconds: the waiting time of its first call
    """

    instances: int
    waited_seconds: float


def next_step(pool: PoolSnapshot, call: WaitingCall, limits: Limits) -> Step:
    """Return the step that serves a call now. Asked when the call comes, and again while it waits."""
    if pool.idle:
        return Step.USE
    if pool.starting >= pool.waiting:
        return Step.WAIT  # an instance is starting for every waiting call
    if pool.is_single and pool.busy + pool.starting:
        return Step.WAIT
    if not pool.may_start:
        is_hopeless = not pool.busy and not pool.starting
        return Step.REFUSE_BURST if is_hopeless or _is_overdue(call, limits) else Step.WAIT
    impatient = call.nested or (call.waited_seconds >= limits.stall_seconds and not _moves_on(pool, limits))
    if impatient or (pool.active < limits.ready_instances and not _is_served_soon(pool, limits)):
        if pool.instances < limits.all_instances:
            return Step.START
        if pool.spare:
            return Step.REPLACE
    return Step.REFUSE if _is_overdue(call, limits) else Step.WAIT


def should_give_up_instance(own_instances: int, others: list[Contender], limits: Limits) -> bool:
    """True if a function must give up its instance after a call, at the limit, for a function that has too few.

    Evens out instances between functions that all have waiting calls. A function without any instance gets one as soon
    as its first call has waited for ``stall_seconds``.
    """
    for other in others:
        if other.instances + 1 < own_instances:
            return True
        if other.instances == 0 and other.waited_seconds >= limits.stall_seconds:
            return True
    return False


def _is_served_soon(pool: PoolSnapshot, limits: Limits) -> bool:
    """True if a busy instance will be free for this call before a new instance would be ready."""
    if not pool.busy or pool.mean_seconds is None:
        return False
    return pool.waiting * pool.mean_seconds / pool.busy < limits.start_seconds


def _moves_on(pool: PoolSnapshot, limits: Limits) -> bool:
    """True if short calls of this function end all the time: more processes would not make a busy machine faster."""
    is_short = pool.mean_seconds is not None and pool.mean_seconds < limits.stall_seconds
    return is_short and pool.still_seconds < limits.stall_seconds


def _is_overdue(call: WaitingCall, limits: Limits) -> bool:
    return call.waited_seconds >= limits.queue_seconds
