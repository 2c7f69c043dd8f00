"""A fixed set of threads that do one caller's tasks.

The caller hands a task to an idle worker, so a worker needs no queue: it waits at a gate of its own. Results come back
through one queue. No object here refers to the caller, so that a caller that was dropped is collected at once.
"""

import threading
from queue import Empty, Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Task = Callable[[], object]
    #: The worker that did a task (None: the caller's thread), the caller's name for the task, and the task's outcome.
    Done = tuple["_Worker | None", object, object]

#: The longest wait for the end of an idle thread, which ends at once unless the machine stands still.
END_SECONDS = 5.0


class _Worker:
    """Does one task after the other in a daemon thread."""

    __slots__ = ("_done", "_gate", "_is_ended", "_task", "thread")

    def __init__(self, done: "Queue[Done]") -> None:
        self._done = done
        self._gate = threading.Lock()
        self._gate.acquire()  # opened for each task
        self._is_ended = False
        self._task: "tuple[object, Task] | None" = None
        self.thread = threading.Thread(target=self._work, name="tencentserverless-worker", daemon=True)

    def hand_over(self, name: object, task: "Task") -> None:
        """Give an idle worker its next task."""
        self._task = (name, task)
        self._gate.release()

    def end(self) -> None:
        """End the thread once it is idle. Takes no lock and never waits."""
        self._is_ended = True
        try:
            self._gate.release()
        except RuntimeError:  # the gate is open: a task was just handed over, or it was ended before
            pass

    def _work(self) -> None:
        while True:
            self._gate.acquire()
            if self._task is None:
                return
            name, task = self._task
            self._task = None
            self._done.put((self, name, _do(task)))
            del name, task  # they may hold the last reference to the caller's objects
            if self._is_ended:
                return


def _do(task: "Task") -> object:
    """Do a task; an exception that it raises is its outcome."""
    try:
        return task()
    except BaseException as error:  # noqa: BLE001  # also SystemExit of a hook: the caller must get the outcome of every task
        return error


class Workers:
    """Does tasks in threads, at most so many at once.

    One thread at a time may use it. Any thread may call ``end``, also a finaliser in the middle of any code.

    :param limit: threads at most; each is started when it is first needed
    """

    __slots__ = ("_done", "_idle", "_limit", "_workers")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._done: "Queue[Done]" = Queue()
        self._idle: "list[_Worker]" = []
        self._workers: "list[_Worker]" = []

    def begin(self, name: object, task: "Task") -> None:
        """Give a task to a worker, or do it in this thread if no thread can be started.

        :param name: comes back with the task's outcome
        """
        worker = self._idle.pop() if self._idle else self._start()
        if worker is not None:
            worker.hand_over(name, task)
            return
        found = _do(task)
        self._done.put((None, name, found))
        if isinstance(found, BaseException) and not isinstance(found, Exception):
            try:
                raise found  # an interrupt of this thread
            finally:
                del found  # break the cycle error -> traceback -> this frame -> error

    def _start(self) -> "_Worker | None":
        """Start one more thread. None if there are enough, or the system has no more."""
        if len(self._workers) >= self._limit:
            return None
        worker = None
        try:
            worker = _Worker(self._done)
            self._workers.append(worker)
            worker.thread.start()
        except RuntimeError:  # a limit of the system, the end of the program, or an isolated interpreter
            if worker is not None:
                self._workers.remove(worker)
            return None
        return worker

    def take(self, seconds: float) -> "tuple[Any, Any] | None":
        """Take the name of a task that was done, and its outcome: its value, or the error that it raised.

        :param seconds: to wait for one at the most
        :returns: None if there is none in time
        """
        try:
            worker, name, found = self._done.get(seconds > 0, min(seconds, threading.TIMEOUT_MAX))
        except Empty:
            return None
        if worker is not None:
            self._idle.append(worker)
        return name, found

    def is_at_work(self) -> bool:
        """True if the current thread is one of the workers."""
        current = threading.current_thread()
        return any(worker.thread is current for worker in self._workers)

    def end(self) -> None:
        """End each thread once it is idle. Takes no lock and never waits."""
        for worker in self._workers:
            worker.end()

    def close(self) -> None:
        """End all threads, which must be idle, and wait until they have ended."""
        self.end()
        while self._workers:
            self._workers.pop().thread.join(END_SECONDS)
        self._idle.clear()
