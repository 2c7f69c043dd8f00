"""A poll loop that takes the steps of many calls at once, in the thread that calls ``turn``."""

import select
import socket
from collections import deque
from math import ceil
from os import getpid

from tencentserverless._base.runtime import monotonic
from tencentserverless._sync.waiting import NEVER, READ, RECHECK_SECONDS, WAKE, Limit, select_ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from tencentserverless._sync.waiting import Steps

    class Owner(Protocol):
        """Starts tasks, and gets their ends."""

        def end(self, about: "Any", result: "Any", error: "BaseException | None") -> bool:
            """Take the steps' result, or the exception that they raised.

            :returns: False if the exception is not the task's own, so that the loop must raise it
            """


MAX_WAIT_SECONDS = 3600.0  # system calls take no endless wait
#: A loop that was not turned for longer than this was paused.
PAUSE_SECONDS = 0.05

# Not every system has both: Windows has no poll, only Linux has epoll.
_poll: "Any" = getattr(select, "poll", None)
_epoll: "Any" = getattr(select, "epoll", None)
_ONE_SHOT: int = getattr(select, "EPOLLONESHOT", 0)


class LoopWaker:
    """Makes a loop resume the task that waits for it; an earlier wake-up is kept. Any thread may wake."""

    __slots__ = ("_loop", "has_left", "is_set", "task")

    def __init__(self, loop: "StepLoop") -> None:
        self._loop = loop
        self.has_left = False  # True once it has left a pool's queue
        self.is_set = False
        self.task: "Task | None" = None

    def wake(self) -> None:
        """Make the loop resume the task."""
        self.is_set = True
        self._loop.wake(self)


class Task:
    """The steps of one call, and the event that they wait for.

    :param owner: gets the end of the steps
    :param about: the owner's name for the task, the first argument of ``owner.end``
    """

    __slots__ = ("about", "fd", "limit", "owner", "steps", "until", "waker")

    def __init__(self, steps: "Steps", owner: "Owner", about: "Any" = None) -> None:
        self.steps = steps
        self.owner = owner
        self.about = about
        self.fd = -1
        self.waker: "LoopWaker | None" = None
        self.limit: "Limit | None" = None  # the limit from which ``until`` was read
        self.until = 0.0


class Selector:
    """Watches descriptors. Each is reported once and must then be watched anew, except the permanent one.

    One thread at a time uses it.

    :param kept: the permanent descriptor, which stays watched
    """

    def __init__(self, kept: int) -> None:
        self._pid = getpid()
        self._kept = kept
        self._watched = {kept: READ}
        self._poll: "Any" = _epoll() if _epoll is not None else _poll() if _poll is not None else None
        if self._poll is not None:
            self._poll.register(kept, READ)

    def fileno(self) -> int:
        """Return a descriptor that is readable when ``wait`` would return; -1 if the system has none."""
        return int(self._poll.fileno()) if _epoll is not None else -1

    def watch(self, fd: int, what: int) -> None:
        """Watch a descriptor for READ, WRITE or both until it is reported."""
        if _epoll is not None:
            try:
                if fd in self._watched:
                    self._poll.modify(fd, what | _ONE_SHOT)
                    return
                self._poll.register(fd, what | _ONE_SHOT)
            except OSError:  # it was closed, and a new descriptor has its number; or epoll knows the number already
                other = self._poll.register if fd in self._watched else self._poll.modify
                other(fd, what | _ONE_SHOT)
        elif self._poll is not None:
            self._poll.register(fd, what)
        self._watched[fd] = what

    def forget(self, fd: int) -> None:
        """Stop watching a descriptor. Call this before it is closed: then a new descriptor may have its number."""
        # A forked child shares the kernel's list with its parent, to which the list belongs.
        if self._watched.pop(fd, None) is not None and self._poll is not None and getpid() == self._pid:
            try:
                self._poll.unregister(fd)
            except (OSError, KeyError):  # it was closed, which has the same effect
                pass

    def wait(self, seconds: float) -> "list[tuple[int, int]]":
        """Wait for descriptors. Returns each that is ready, with its events; none if the time passes first."""
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
        """Stop watching all descriptors."""
        self._watched.clear()
        if _epoll is not None:
            self._poll.close()


class StepLoop:
    """Runs many tasks; resumes each when its event is ready. One thread at a time turns the loop; any may wake it."""

    def __init__(self) -> None:
        self.tasks: "dict[Task, None]" = {}
        self._wakeup_sockets = _open_pair()
        self._selector = Selector(self._wakeup_sockets[0].fileno())
        self._by_fd: "dict[int, Task]" = {}
        self._woken: "deque[LoopWaker]" = deque()
        self._soonest = NEVER  # no task's time ends before
        self._turned_at = monotonic()

    def fileno(self) -> int:
        """Return a descriptor that is readable when a turn would resume a task; -1 if the system has none."""
        return self._selector.fileno()

    def make_waker(self) -> LoopWaker:
        """Make a waker for one of its tasks."""
        return LoopWaker(self)

    def wake(self, waker: "LoopWaker | None" = None) -> None:
        """End the turn that waits. Any thread may call this.

        :param waker: its task is resumed
        """
        if waker is not None:
            self._woken.append(waker)
        try:
            self._wakeup_sockets[1].send(b"!")
        except OSError:  # the socket's buffer is full, which wakes the loop too; or the loop is closed
            pass

    def start(self, task: Task) -> None:
        """Take the first steps of a task."""
        self.tasks[task] = None
        self._resume(task, None)

    def turn(self, until: float) -> None:
        """Wait for events, and resume their tasks.

        :param until: monotonic seconds; a time in the past means no waiting
        """
        self._move_limits()
        try:
            for fd, ready in self._selector.wait(min(self._soonest, until) - monotonic()):
                task = self._by_fd.pop(fd, None)
                if task is not None:
                    task.fd = -1
                    self._resume(task, ready)  # it has only this event to wait for
                elif fd == self._wakeup_sockets[0].fileno():
                    self._wakeup_sockets[0].recv(4096)
            self._resume_woken()
            now = monotonic()
            if now >= self._soonest:
                for task in [task for task in self.tasks if task.until <= now]:
                    self._unwatch(task)
                    self._resume(task, 0)
                # At most RECHECK_SECONDS later, because an interrupt may have cut a step.
                self._soonest = min([task.until for task in self.tasks] + [now + RECHECK_SECONDS])
        finally:
            self._turned_at = monotonic()

    def cancel(self, task: Task) -> None:
        """Cancel a task: close its steps, which release what they hold. Its owner does not get an end."""
        self._unwatch(task)
        self.tasks.pop(task, None)
        task.steps.close()

    def close(self) -> None:
        """Release the system's resources; no task is left."""
        self._selector.close()
        for sock in self._wakeup_sockets:
            sock.close()

    def _move_limits(self) -> None:
        """Move the limits of connecting tasks by the length of a pause, in which no thread turned the loop."""
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
        """Resume a task whose event is ready, until it waits again or ends."""
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
        """Remove the event that a task waits for."""
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
    """Open the wake-up socket pair: a byte sent into one socket ends a wait for the other."""
    pair = socket.socketpair()
    for each in pair:
        each.setblocking(False)
    return pair
