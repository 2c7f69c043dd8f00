"""The scheduler's decisions, pure: which step serves a call, given the numbers of the moment.

The cloud starts an instance for every call that finds none free. One machine can't start a hundred interpreters
faster than a busy instance comes free, so a call waits where the others are known to be short, and never long: a
function may be waiting for the very call that would otherwise wait for it.
"""

import enum

import msgspec

from tencentserverless.local.settings import Limits


class Step(enum.Enum):
    """What to do for a call."""

    USE = "use an idle instance"
    START = "start an instance"
    REPLACE = "end an idle instance of another function, then start one"
    WAIT = "wait for an instance"
    REFUSE = "refuse: no process may be added and none came free"
    REFUSE_BURST = "refuse: the region has started its instances of this minute"


class PoolSnapshot(msgspec.Struct, frozen=True):
    """The numbers of the moment, the call in question included."""

    idle: int  # instances of this function
    starting: int  # instances of this function
    waiting: int  # calls of this function without an instance
    active: int  # instances of all functions, busy or starting
    instances: int  # of all functions
    spare: int  # idle instances of other functions
    busy: int = 0  # instances of this function
    mean_seconds: float | None = None  # that calls of this function took lately; None before the first has ended
    is_single: bool = False  # the function may have one instance
    still_seconds: float = float("inf")  # since a call of this function ended last
    may_start: bool = True  # the region has not yet started its instances of this minute


class WaitingCall(msgspec.Struct, frozen=True):
    """What speaks for a call.

    :param nested: it came from a function that runs, and that may hold an instance until this call is served
    """

    nested: bool = False
    waited_seconds: float = 0.0


class Contender(msgspec.Struct, frozen=True):
    """A function whose calls wait, seen from another one.

    :param instances: that it has, those that start included
    :param waited_seconds: by its first call
    """

    instances: int
    waited_seconds: float


def next_step(crowd: PoolSnapshot, claim: WaitingCall, limits: Limits) -> Step:
    """The step that serves a call now. Asked when it comes, and again while it waits."""
    if crowd.idle:
        return Step.USE
    if crowd.starting >= crowd.waiting:
        return Step.WAIT  # an instance is on its way for everyone who waits
    if crowd.is_single and crowd.busy + crowd.starting:
        return Step.WAIT
    if not crowd.may_start:
        is_hopeless = not crowd.busy and not crowd.starting
        return Step.REFUSE_BURST if is_hopeless or _is_overdue(claim, limits) else Step.WAIT
    impatient = claim.nested or (claim.waited_seconds >= limits.stall_seconds and not _moves_on(crowd, limits))
    if impatient or (crowd.active < limits.ready_instances and not _is_served_soon(crowd, limits)):
        if crowd.instances < limits.all_instances:
            return Step.START
        if crowd.spare:
            return Step.REPLACE
    return Step.REFUSE if _is_overdue(claim, limits) else Step.WAIT


def should_give_up_instance(own_instances: int, others: list[Contender], limits: Limits) -> bool:
    """Whether a function whose call has ended gives its instance up, at the bound, for one that has too few.

    Evens instances out between functions that all have calls waiting. One that has none at all gets its turn as soon
    as its first call has waited for as long as any call should.
    """
    for other in others:
        if other.instances + 1 < own_instances:
            return True
        if other.instances == 0 and other.waited_seconds >= limits.stall_seconds:
            return True
    return False


def _is_served_soon(crowd: PoolSnapshot, limits: Limits) -> bool:
    """Whether a busy instance will be free for this call before a new one would be."""
    if not crowd.busy or crowd.mean_seconds is None:
        return False
    return crowd.waiting * crowd.mean_seconds / crowd.busy < limits.start_seconds


def _moves_on(crowd: PoolSnapshot, limits: Limits) -> bool:
    """True if short calls of this function end all the time: more processes would not make a busy machine faster."""
    is_short = crowd.mean_seconds is not None and crowd.mean_seconds < limits.stall_seconds
    return is_short and crowd.still_seconds < limits.stall_seconds


def _is_overdue(claim: WaitingCall, limits: Limits) -> bool:
    return claim.waited_seconds >= limits.queue_seconds
