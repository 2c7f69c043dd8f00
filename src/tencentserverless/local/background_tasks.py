"""The tasks that run beside all calls. A task that ends unexpectedly is reported, and restarted if that is safe."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path

from tencentserverless.local.lifecycle import Lifecycle

FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_CANCEL_SECONDS = 0.5

Work = Callable[[], Coroutine[None, None, None]]


class Background:
    """Runs tasks until the server stops, and knows which of them have ended before.

    :param show: called with a line for the user
    :param lifecycle: of the server; once it stops, the end of a task is expected
    :param pause_seconds: before a restart; doubled each time, up to a minute
    """

    def __init__(
        self, show: Callable[[str], None], lifecycle: Lifecycle, pause_seconds: float = FIRST_PAUSE_SECONDS
    ) -> None:
        self.show = show
        self.lifecycle = lifecycle
        self._pause_seconds = pause_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._down: dict[str, str] = {}
        self._shown: set[tuple[str, str]] = set()

    def keep(self, name: str, work: Work, *, restarts: bool = True) -> "asyncio.Task[None]":
        """Run a task for as long as the server runs.

        :param name: name of the task for the user, such as "timers"
        :param work: makes the coroutine, again for each start
        :param restarts: true if the task may be restarted
        """
        task = asyncio.get_running_loop().create_task(self._run(name, work, restarts=restarts), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def down(self) -> dict[str, str]:
        """Return the tasks that have ended too early, by name, with the reason."""
        return dict(self._down)

    def report(self, name: str, error: BaseException) -> None:
        """Show an error that no caller receives, once for each place."""
        self._tell(name, describe(error), "")

    def watch_loop(self) -> None:
        """Show errors of tasks and callbacks that no caller receives."""
        asyncio.get_running_loop().set_exception_handler(self._take_from_loop)

    async def close(self) -> None:
        """End every task."""
        self.lifecycle.stop()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    async def _run(self, name: str, work: Work, *, restarts: bool) -> None:
        loop = asyncio.get_running_loop()
        pause_seconds = self._pause_seconds
        while True:
            began = loop.time()
            task = loop.create_task(work(), name=name)
            recovery = loop.call_later(pause_seconds, self._down.pop, name, None)  # not while it may fail again at once
            try:
                reason = await _end_of(task)
            finally:
                recovery.cancel()
            if self.lifecycle.is_stopping:
                return
            self._down[name] = reason
            self._tell(name, reason, "it is started again" if restarts else "it is not started again")
            if not restarts:
                return
            if loop.time() - began > _LONGEST_PAUSE_SECONDS:
                pause_seconds = self._pause_seconds  # the task had run well for long
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(_LONGEST_PAUSE_SECONDS, 2 * pause_seconds)

    def _tell(self, name: str, reason: str, outlook: str) -> None:
        if (name, reason) not in self._shown:
            self._shown.add((name, reason))
            self.show(f"error: {name}: {reason}" + (f"; {outlook}" if outlook else ""))

    def _take_from_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.report(str(context.get("message", "unexpected")), error)
        else:
            loop.default_exception_handler(context)


async def _end_of(task: "asyncio.Task[None]") -> str:
    """Return the reason of a task's end. If the waiting caller is cancelled, the task is too."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        while not task.done():  # again and again: code in between may lose a cancellation, and the server would not end
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
        if not task.cancelled():
            task.exception()
        raise
    if task.cancelled():
        return "it was cancelled"
    error = task.exception()
    return "it ended by itself" if error is None else describe(error)


def describe(error: BaseException) -> str:
    """Return an error with its type and its place, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
