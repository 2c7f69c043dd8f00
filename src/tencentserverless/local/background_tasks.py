"""The tasks that run beside all calls. What ends unexpectedly is shown, and started again where that is safe."""

import asyncio
import contextlib
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path

FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0

Work = Callable[[], Coroutine[None, None, None]]


class Background:
    """Runs tasks until the server stops, and knows which of them have ended before.

    :param show: called with a line that the user should see
    :param pause_seconds: before a task is started again; twice as long each time, up to a minute
    """

    def __init__(self, show: Callable[[str], None], pause_seconds: float = FIRST_PAUSE_SECONDS) -> None:
        self.show = show
        self._pause_seconds = pause_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._down: dict[str, str] = {}
        self._shown: set[tuple[str, str]] = set()
        self._is_ending = False

    def keep(self, name: str, work: Work, *, restarts: bool = True) -> "asyncio.Task[None]":
        """Run something for as long as the server runs.

        :param name: of what it is to the user: "timers"
        :param work: makes the coroutine, again for each start
        :param restarts: whether it is safe to start it again
        """
        task = asyncio.get_running_loop().create_task(self._run(name, work, restarts=restarts), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def expect_end(self) -> None:
        """The server is stopping: what ends from now on was to end."""
        self._is_ending = True

    def down(self) -> dict[str, str]:
        """What does not run though it should, by name, with the reason."""
        return dict(self._down)

    def report(self, name: str, error: BaseException) -> None:
        """Show an error that nobody waits for, once for each place."""
        self._tell(name, describe(error), "")

    def watch_loop(self) -> None:
        """Show what tasks and callbacks raise that nobody waits for."""
        asyncio.get_running_loop().set_exception_handler(self._take_from_loop)

    async def close(self) -> None:
        """End every task."""
        self.expect_end()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    async def _run(self, name: str, work: Work, *, restarts: bool) -> None:
        loop = asyncio.get_running_loop()
        pause_seconds = self._pause_seconds
        while True:
            began = loop.time()
            reason = await _end_of(loop.create_task(work(), name=name))
            if self._is_ending:
                return
            self._down[name] = reason
            self._tell(name, reason, "it is started again" if restarts else "it is not started again")
            if not restarts:
                return
            if loop.time() - began > _LONGEST_PAUSE_SECONDS:
                pause_seconds = self._pause_seconds  # it had been well for long
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(_LONGEST_PAUSE_SECONDS, 2 * pause_seconds)
            self._down.pop(name, None)

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
    """Why a task has ended. If the one who waits is cancelled, so is the task."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
        raise
    if task.cancelled():
        return "it was cancelled"
    error = task.exception()
    return "it ended by itself" if error is None else describe(error)


def describe(error: BaseException) -> str:
    """An error with its kind and where it was raised, on one line."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
