"""The scheduler's decisions, pure: which step serves a call, given the numbers of the moment.

The cloud starts an instance for every call that finds none free. One machine can't start a hundred interpreters
faster than a busy instance comes free, so a call waits a moment first, but never long: a function may be waiting for
the very call that would otherwise wait for it.
"""

import enum
from dataclasses import dataclass

from tencentserverless.local.settings import Limits


class Step(enum.Enum):
    """What to do for a call."""

    USE = "use an idle instance"
    START = "start an instance"
    REPLACE = "end an idle instance of another function, then start one"
    WAIT = "wait for an instance"
    REFUSE = "refuse: no process may be added and none came free"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The numbers of the moment, the call in question included."""

    idle: int  # instances of this function
    starting: int  # instances of this function
    waiting: int  # calls of this function without an instance
    active: int  # instances of all functions, busy or starting
    instances: int  # of all functions
    spare: int  # idle instances of other functions


@dataclass(frozen=True, slots=True)
class Claim:
    """What speaks for a call.

    :param nested: it came from a function that runs, and that may hold an instance until this call is served
    """

    nested: bool = False
    waited_seconds: float = 0.0


def place(crowd: Crowd, claim: Claim, limits: Limits) -> Step:
    """The step that serves a call now. Asked when it comes, and again while it waits."""
    if crowd.idle:
        return Step.USE
    if crowd.starting >= crowd.waiting:
        return Step.WAIT  # an instance is on its way for everyone who waits
    impatient = claim.nested or claim.waited_seconds >= limits.stall_seconds
    if impatient or crowd.active < limits.ready_instances:
        if crowd.instances < limits.all_instances:
            return Step.START
        if crowd.spare:
            return Step.REPLACE
    return Step.REFUSE if claim.waited_seconds >= limits.queue_seconds else Step.WAIT
