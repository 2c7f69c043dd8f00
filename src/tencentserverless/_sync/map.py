"""``map`` for threads: one poll loop takes the steps of all calls of the window, in the thread that iterates.

Between two steps of the iterator, only a thread that waits for a connection turns the loop; answers wait in the kernel.
So an answer that has arrived is read before its deadline is checked.
"""

import sys
from collections import deque
from functools import partial

from tencentserverless._base.arguments import iterate_inputs
from tencentserverless._base.map import BaseMapRun, MapWithErrors, make_interrupted
from tencentserverless._base.process import getpid
from tencentserverless._base.runtime import monotonic
from tencentserverless._base.signals import raised_by_handler
from tencentserverless._core import map_window as core
from tencentserverless._core.flow import Stopped
from tencentserverless._sync import waiting
from tencentserverless._sync.driver import call_steps
from tencentserverless._sync.step_loop import StepLoop, Task
from tencentserverless._sync.waiting import HELP_SECONDS, NEVER, TryLock, Turn
from tencentserverless.exception import CallError, TencentServerlessSDKException
from tencentserverless.journal import JournalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from tencentserverless._base.arguments import Options
    from tencentserverless._base.context import ClientContext
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.map_window import MapInput
    from tencentserverless._sync.pool import Pool
    from tencentserverless.models import InvokeResult

#: Inputs are taken for so long before outcomes are handed out. An input that takes longer is a slow one.
FILL_SECONDS = 0.01
#: After so many quick inputs in a row, more inputs are taken before outcomes are handed out, so that calls go on while
#: the caller works. A slow iterable, such as one that waits for messages, would delay those outcomes.
QUICK_INPUTS = 16
#: Containers, which give their next input without running any code of the caller's.
_CONTAINERS: "tuple[Iterable[object], ...]" = ([], (), range(0), set(), {}, {}.values(), {}.items(), "", deque())
_CONTAINER_KINDS = tuple(type(iter(each)) for each in _CONTAINERS)


class Map(MapWithErrors):
    """The outcomes of a ``map``, an iterator. Calls are driven while you iterate.

    Left early, by ``break``, an error or Ctrl-C, it sends no more requests, waits a while for calls under way, and
    logs the rest as MAYBE. ``close()`` does the same: ``with`` calls it, and any thread may call it. One thread at a
    time may iterate.
    """

    __slots__ = ("_run",)

    _run: "MapRun"

    def __init__(self, run: "Any") -> None:  # ``client.map`` makes a MapRun
        self._run = run

    def __iter__(self) -> "Map":
        return self

    def __next__(self) -> "InvokeResult":
        """Return the next outcome; its ``position`` is its input's."""
        run = self._run
        del self  # an error raised here would keep the map alive by this frame, so that ``break`` could not end it
        entry = run.advance()
        if entry is None:
            raise StopIteration
        return run.hand_out(entry)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Stop the map: see the class."""
        self._run.close()

    def __enter__(self) -> "Map":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        run = getattr(self, "_run", None)  # a fake map has no run
        if run is None or run.is_over:
            return
        if waiting.is_garbage(sys.getrefcount(self)):
            waiting.leave_behind(partial(run.close, grace=0.0))
        else:
            run.close()


class MapRun(BaseMapRun):
    """One map under way, for threads."""

    def __init__(
        self,
        context: "ClientContext",
        means: "tuple[Pool, Provider]",
        name: str,
        iterable: "Iterable[object]",
        options: "Options",
        **limits: "Any",
    ) -> None:
        self.pool, self._provider = means
        if self.pool.is_closed:
            raise RuntimeError("this client is closed; make a new one")
        inputs = iterate_inputs(iterable)
        super().__init__(context, name, inputs, options, **limits)
        self._tasks: "dict[MapInput, Task]" = {}
        self._is_container = isinstance(inputs, _CONTAINER_KINDS)
        self._quick_inputs = QUICK_INPUTS if self._is_container else 0  # in a row
        self._owed_until = 0.0  # calls go on until then before a slow iterable is asked again
        self._is_left = False  # True after a close while another thread iterates
        self.is_over = False  # True when no call is under way, and everything is released
        self._advancing = TryLock()  # held by the thread that iterates
        self._turning = TryLock()  # see Turn
        self._loop = StepLoop()
        self._make_waker = self._loop.make_waker
        waiting.register(self)

    def fileno(self) -> int:
        """Return a descriptor that is readable when ``help`` would finish a call; -1 if the system has none."""
        return self._loop.fileno()

    def help(self) -> bool:
        """Finish calls whose answers have arrived, for a thread that waits for a connection.

        :returns: False if no call is under way, or another thread turns the loop
        """
        if not self._tasks or getpid() != self._pid:
            return False
        turn = Turn(self._turning, self._pid)
        try:
            if not turn.try_take():
                return False
            self._loop.turn(0.0)
            return True
        finally:
            turn.give()

    def advance(self) -> "MapInput | None":
        """Wait for the next outcome; None when all were handed out."""
        if self.is_over:
            return None
        if getpid() != self._pid:
            self._refuse_child()
        if self._journal is None:
            entry = self.window.take_at_once()
            if entry is not None:
                return entry
        slot = self._advancing.take()
        if slot is None:
            raise RuntimeError("this map is being advanced already, by another thread or by its own iterable")
        turn = Turn(self._turning, self._pid)
        try:
            turn.take()
            return self._take(turn)
        except BaseException:
            self._finish(turn, self._grace)
            raise
        finally:
            turn.give()
            self._advancing.give(slot)

    def _refuse_child(self) -> None:
        raise RuntimeError("this map belongs to the process that forked; make a new one here")

    def close(self, grace: "float | None" = None) -> None:
        """Send no more requests, wait a while for calls under way, and release everything.

        If another thread iterates, that thread does so. If a signal handler raises in the middle, the next close goes
        on with it, at the latest the one at the end of the program.
        """
        if self.is_over:
            return
        if getpid() != self._pid:
            self._leave_parent()
            return
        slot = self._advancing.take()
        if slot is None:
            self._is_left = True
            self._loop.wake()
            return
        turn = Turn(self._turning, self._pid)
        try:
            self._finish(turn, self._grace if grace is None else grace)
        finally:
            turn.give()
            self._advancing.give(slot)

    def _take(self, turn: Turn) -> "MapInput | None":
        window = self.window
        self._is_left = self._is_left or self.is_closed
        while not self._is_left:
            step = window.next_step()
            until = NEVER
            if step is core.PULL and self._quick_inputs < QUICK_INPUTS:
                if window.has_outcome:
                    step = core.HAND_OUT
                elif window.under_way and monotonic() < self._owed_until:
                    step, until = core.WAIT, self._owed_until
            if step is core.PULL:
                self._fill(turn)
                if window.has_outcome:
                    return self._take_outcome()
            elif step is core.HAND_OUT:
                return self._take_outcome()
            elif step is core.WAIT:
                self._wait(until)
            else:
                self._is_left = True
        self._finish(turn, self._grace)
        if self._fault is not None:
            raise self._fault
        return None

    def _fill(self, turn: Turn) -> None:
        """Take inputs and start their calls, as far as the window allows."""
        window = self.window
        started = monotonic()
        held: "list[tuple[MapInput, Flow[InvokeResult]]]" = []  # calls whose intent is not committed yet
        try:
            while window.has_room and self._pull(turn, held) and not self._is_left:
                is_late = monotonic() - started > FILL_SECONDS
                if is_late:
                    self._launch(held)
                    self._loop.turn(0.0)
                    if window.has_outcome or not self._quick_inputs:
                        break
            if not self._is_left:
                self._launch(held)
        finally:
            for entry, _ in held:  # not launched, because an input was refused
                self._give_up(entry, [])

    def _pull(self, turn: Turn, held: "list[tuple[MapInput, Flow[InvokeResult]]]") -> bool:
        """Take the next input; False if there is none."""
        found = self._next_input() if self._is_container else self._next_of_caller(turn)
        if found is None:
            return False
        entry, flow = self._admit(found[0])
        if flow is not None:
            if self._journal is None:
                self._start(entry, flow)
            else:
                held.append((entry, flow))
        return True

    def _next_of_caller(self, turn: Turn) -> "tuple[object] | None":
        """Take the next input from the caller's code, which may call functions too, wait, fork, or close this map."""
        turn.give()
        started = monotonic()
        try:
            found = self._next_input()
        finally:
            turn.take()
        if getpid() != self._pid:
            self._refuse_child()
        seconds = monotonic() - started
        self._quick_inputs += 1
        if seconds > FILL_SECONDS:  # calls under way get as much time as the input took
            self._quick_inputs = 0
            self._owed_until = monotonic() + seconds
        return found

    def _next_input(self) -> "tuple[object] | None":
        if self._is_to_check:
            self._check_ahead(self._pull_ahead())
        if self._ahead:
            return (self._ahead.popleft(),)
        try:
            return (next(self._inputs),)
        except StopIteration:
            pass
        except Exception as error:  # the caller's own error: raised after the outcomes of started calls
            if raised_by_handler(error):
                raise
            self._fault = error
        self.window.drain()
        return None

    def _pull_ahead(self) -> "list[object]":
        """Pull the first inputs, which are compared with the journal before any is sent."""
        found: "list[object]" = []
        try:
            for data in self._inputs:
                found.append(data)
                if len(found) == self._ahead_limit:
                    break
        except Exception as error:  # the caller's own error: raised in its turn
            if raised_by_handler(error):
                raise
            self._inputs = _Broken(error)
        return found

    def _launch(self, held: "list[tuple[MapInput, Flow[InvokeResult]]]") -> None:
        if not held:
            return
        self._commit()
        launched = list(held)
        held.clear()
        for entry, flow in launched:
            self._start(entry, flow)

    def _start(self, entry: "MapInput", flow: "Flow[InvokeResult]") -> None:
        steps = call_steps(flow, self.pool, self._provider, self._make_waker)
        task = self._tasks[entry] = Task(steps, self, entry)
        self._loop.start(task)

    def _wait(self, until: float) -> None:
        """Wait for events, and resume the calls that they belong to."""
        if self.pool.is_wanted and waiting.help_others(self):
            until = min(until, monotonic() + HELP_SECONDS)
        self._loop.turn(until)

    def end(self, about: "MapInput", result: "InvokeResult", error: "BaseException | None") -> bool:
        """Note the end of a call. False if its error is not its own, but that of a signal handler."""
        del self._tasks[about]
        if error is None:
            if self._journal is None:
                self.window.note_ended(about, result)
            else:
                self._note(about, result)
        elif isinstance(error, Stopped):
            self._give_up(about, self._lost)
        elif isinstance(error, (CallError, TencentServerlessSDKException)):
            self._note(about, error)
        elif isinstance(error, (TypeError, ValueError)) and not about.has_begun:
            self._note(about, error)  # the input is larger than the platform takes
        else:
            self._note(about, make_interrupted(error, about.may_have_run))
            return False
        return True

    def _finish(self, turn: Turn, grace: float) -> None:
        """Send no more requests, wait ``grace`` seconds for calls under way, and release everything."""
        if self.is_over:
            return
        if getpid() != self._pid:  # a signal handler or the iterable forked, and this is the child
            self._leave_parent()
            return
        turn.take()
        deadline = monotonic() + (0.0 if self.is_closed else grace)  # 0 if an interrupt has ended an earlier wait
        self.window.is_stopped = True
        try:
            while self._stop_unsent() and monotonic() < deadline:
                self._loop.turn(deadline)
        finally:
            self._release_all()

    def _release_all(self) -> None:
        failure = None
        for entry in list(self._tasks):
            failure = self._stop(entry) or failure
        self._loop.close()
        try:
            self._settle()
        except JournalError as error:
            failure = failure or error
        waiting.unregister(self)
        self.is_over = True
        if failure is not None:
            raise failure

    def _leave_parent(self) -> None:
        """End the map in a forked child: its calls, their answers and the journal belong to the parent."""
        self.window.is_stopped = self.is_over = True
        self._loop.close()  # closes the child's descriptors; the parent's stay open
        waiting.unregister(self)

    def _stop_unsent(self) -> bool:
        """Give up every call whose request is not sent. True if others are left."""
        for entry in [entry for entry in self._tasks if not entry.may_be_running]:
            self._stop(entry)
        return bool(self._tasks)

    def _stop(self, entry: "MapInput") -> "JournalError | None":
        """Give up a call. Returns the error if the journal could not be written."""
        self._loop.cancel(self._tasks[entry])
        try:
            self._give_up(entry, self._lost)
        except JournalError as error:
            return error
        finally:
            del self._tasks[entry]
        return None


class _Broken:
    """Stands for an iterable that failed: raises its error in place of the next input."""

    __slots__ = ("_error",)

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __next__(self) -> object:
        raise self._error
