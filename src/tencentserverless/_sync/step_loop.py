"""Takes the steps of many calls at once, by one poll loop, in whatever thread turns it."""

import select
import socket
from collections import deque
from math import ceil
from os import getpid
from time import monotonic

from tencentserverless._sync.waiting import NEVER, READ, RECHECK_SECONDS, WAKE, Limit, select_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from tencentserverless._sync.waiting import Steps

    class Owner(Protocol):
        """Started tasks, and is told of their ends."""

        def end(self, about: "Any", result: "Any", error: "BaseException | None") -> bool:
            """Take what the steps returned, or the exception that they raised.

            :returns: False if the exception is not the task's own, but belongs to whoever turned the loop
            """


MAX_WAIT_SECONDS = 3600.0  # the calls of the system take no endless ones
#: A loop that nobody turned for longer than this was paused.
PAUSE_SECONDS = 0.05

# What a system may lack: Windows has no poll, only Linux has epoll.
_poll: "Any" = getattr(select, "poll", None)
_epoll: "Any" = getattr(select, "epoll", None)
_ONE_SHOT: int = getattr(select, "EPOLLONESHOT", 0)


class LoopWaker:
    """Has a loop go on with the task that waits for it; a wake-up that comes first is kept. Any thread may wake."""

    __slots__ = ("_loop", "has_left", "is_set", "task")

    def __init__(self, loop: "StepLoop") -> None:
        self._loop = loop
        self.has_left = False  # the queue of a pool
        self.is_set = False
        self.task: "Task | None" = None

    def wake(self) -> None:
        """Have the task go on."""
        self.is_set = True
        self._loop.wake(self)


class Task:
    """The steps of one call, and what they wait for.

    :param owner: is told of their end
    :param about: what it is told first: whose steps they were
    """

    __slots__ = ("about", "fd", "limit", "owner", "steps", "until", "waker")

    def __init__(self, steps: "Steps", owner: "Owner", about: "Any" = None) -> None:
        self.steps = steps
        self.owner = owner
        self.about = about
        self.fd = -1
        self.waker: "LoopWaker | None" = None
        self.limit: "Limit | None" = None  # that ``until`` was read from
        self.until = 0.0


class Selector:
    """The descriptors that are watched. Each is reported once and must then be watched anew, but for the first.

    One thread at a time uses it.

    :param kept: a descriptor that is watched for good
    """

    def __init__(self, kept: int) -> None:
        self._pid = getpid()
        self._kept = kept
        self._watched = {kept: READ}
        self._poll: "Any" = _epoll() if _epoll is not None else _poll() if _poll is not None else None
        if self._poll is not None:
            self._poll.register(kept, READ)

    def fileno(self) -> int:
        """A descriptor that is readable when ``wait`` would return; -1 where the system has none."""
        return int(self._poll.fileno()) if _epoll is not None else -1

    def watch(self, fd: int, what: int) -> None:
        """Watch a descriptor for READ, WRITE or both until it is reported."""
        if _epoll is not None:
            try:
                if fd in self._watched:
                    self._poll.modify(fd, what | _ONE_SHOT)
                    return
                self._poll.register(fd, what | _ONE_SHOT)
            except OSError:  # it was closed since, and its number is another's, or is known by another's name
                other = self._poll.register if fd in self._watched else self._poll.modify
                other(fd, what | _ONE_SHOT)
        elif self._poll is not None:
            self._poll.register(fd, what)
        self._watched[fd] = what

    def forget(self, fd: int) -> None:
        """Watch it no longer; to be called before it is closed, for its number may be another's then."""
        # A forked child shares the kernel's list with its parent, whose it is.
        if self._watched.pop(fd, None) is not None and self._poll is not None and getpid() == self._pid:
            try:
                self._poll.unregister(fd)
            except (OSError, KeyError):  # it was closed, which has the same effect
                pass

    def wait(self, seconds: float) -> "list[tuple[int, int]]":
        """The descriptors that are ready, and for what; none if the time passes first."""
        seconds = min(max(0.0, seconds), MAX_WAIT_SECONDS)
        ready: "list[tuple[int, int]]"
        if _epoll is not None:
            ready = self._poll.poll(seconds)
            return ready
        ready = select_ready(self._watched, seconds) if self._poll is None else self._poll.poll(ceil(seconds * 1000.0))
        for fd, _ in ready:
            if fd != self._kept:
                self.forget(fd)
        return ready

    def close(self) -> None:
        """Watch nothing any more."""
        self._watched.clear()
        if _epoll is not None:
            self._poll.close()


class StepLoop:
    """Many tasks, each taken on when what it waits for is ready. One thread at a time turns it; any may wake it."""

    def __init__(self) -> None:
        self.tasks: "dict[Task, None]" = {}
        self._ears = _open_pair()
        self._selector = Selector(self._ears[0].fileno())
        self._by_fd: "dict[int, Task]" = {}
        self._woken: "deque[LoopWaker]" = deque()
        self._soonest = NEVER  # no task's time is up before
        self._turned_at = monotonic()

    def fileno(self) -> int:
        """A descriptor that is readable when a turn would do something; -1 where the system has none."""
        return self._selector.fileno()

    def make_waker(self) -> LoopWaker:
        """A waker for one of its tasks."""
        return LoopWaker(self)

    def wake(self, waker: "LoopWaker | None" = None) -> None:
        """Any thread: end the turn that waits.

        :param waker: whose task goes on
        """
        if waker is not None:
            self._woken.append(waker)
        try:
            self._ears[1].send(b"!")
        except OSError:  # it is full, so that it is heard anyway; or the loop is closed
            pass

    def start(self, task: Task) -> None:
        """Take the first steps of a task."""
        self.tasks[task] = None
        self._resume(task, None)

    def turn(self, until: float) -> None:
        """Wait for something to happen, and go on with what it happened to.

        :param until: monotonic seconds; at once if that has passed
        """
        self._move_limits()
        try:
            for fd, ready in self._selector.wait(min(self._soonest, until) - monotonic()):
                task = self._by_fd.pop(fd, None)
                if task is not None:
                    task.fd = -1
                    self._resume(task, ready)  # it waits for nothing else
                elif fd == self._ears[0].fileno():
                    self._ears[0].recv(4096)
            self._resume_woken()
            now = monotonic()
            if now >= self._soonest:
                for task in [task for task in self.tasks if task.until <= now]:
                    self._unwatch(task)
                    self._resume(task, 0)
                # Looked at anew now and then, for an interrupt may have cut a step.
                self._soonest = min([task.until for task in self.tasks] + [now + RECHECK_SECONDS])
        finally:
            self._turned_at = monotonic()

    def cancel(self, task: Task) -> None:
        """Take no further step of it; what it holds is let go. Its end is not told."""
        self._unwatch(task)
        self.tasks.pop(task, None)
        task.steps.close()

    def close(self) -> None:
        """Let go of the system's resources; no task is left."""
        self._selector.close()
        for ear in self._ears:
            ear.close()

    def _move_limits(self) -> None:
        """Nobody listened during a pause, so what connects was not late by it."""
        pause = monotonic() - self._turned_at
        if pause < PAUSE_SECONDS:
            return
        for task in self.tasks:
            limit = task.limit
            if limit is not None:
                limit.move(pause)
                task.until = limit.at

    def _resume_woken(self) -> None:
        while self._woken:
            try:
                waker = self._woken.popleft()
            except IndexError:
                return
            task = waker.task
            if task is not None and task.waker is waker:
                self._unwatch(task)
                self._resume(task, WAKE)

    def _resume(self, task: Task, ready: "int | None") -> None:
        """Go on with a task that waits for nothing, to where it waits again or ends."""
        try:
            about, what, until = task.steps.send(ready)  # type: ignore[arg-type]  # the first step takes None
            while what == WAKE and about is not None and about.is_set:  # it was woken before it waited
                about.is_set = False
                about, what, until = task.steps.send(WAKE)
        except StopIteration as end:
            self.tasks.pop(task, None)
            task.owner.end(task.about, end.value, None)
            return
        except BaseException as error:
            self.tasks.pop(task, None)
            if not task.owner.end(task.about, None, error):
                raise
            return
        if isinstance(until, Limit):
            task.limit = until
            until = until.at
        elif task.limit is not None:
            task.limit = None
        task.until = until
        if until < self._soonest:  # noqa: PLR1730  # min() takes twice as long, in every call
            self._soonest = until
        if what != WAKE:
            task.fd = fd = about.fileno()
            self._by_fd[fd] = task
            self._selector.watch(fd, what)
        elif about is not None:
            task.waker = about
            about.task = task

    def _unwatch(self, task: Task) -> None:
        """It waits no longer."""
        waker = task.waker
        if waker is not None:
            task.waker = waker.task = None
            waker.is_set = False
        fd = task.fd
        if fd >= 0:
            task.fd = -1
            self._by_fd.pop(fd, None)
            self._selector.forget(fd)


def _open_pair() -> "tuple[socket.socket, socket.socket]":
    """Two sockets: what is sent into one ends a wait for the other."""
    pair = socket.socketpair()
    for each in pair:
        each.setblocking(False)
    return pair
