"""``map`` for threads: one thread, the caller's, drives all calls of the window by one poll loop.

Between two steps of the iterator nothing happens here; answers wait in the kernel. So what has arrived is read before a
deadline is held against it.
"""

import os
from time import monotonic

from tencentserverless._base.map import BaseFanout, MapFacts
from tencentserverless._core import flow as effects
from tencentserverless._core import map_window as core
from tencentserverless._sync.driver import get_credentials
from tencentserverless._sync.lanes import Lanes
from tencentserverless._sync.poller import NEVER, RING, Poller
from tencentserverless.exception import CallError, NetworkError, TencentServerlessSDKException
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from tencentserverless._core.flow import Exchange, Flow
    from tencentserverless._core.map_window import MapInput
    from tencentserverless._sync.net import Connection, Steps
    from tencentserverless.models import InvokeResult

#: How long inputs are taken before outcomes that are there are handed out: an iterable may be slow.
FILL_SECONDS = 0.01

#: How often a map whose calls wait for connections attends to other maps of its thread.
HELP_SECONDS = 0.005


class Map(MapFacts):
    """The outcomes of a ``map``, an iterator. Calls are driven while you iterate.

    Left early, by ``break``, an error or Ctrl-C, it sends nothing more, waits a while for what is under way, and logs
    the rest as MAYBE. So does ``close()``, which ``with`` calls too. One thread at a time may use it.
    """

    __slots__ = ("_fanout",)

    _fanout: "Fanout"

    def __init__(
        self, client: "Any", name: str, iterable: "Iterable[Any]", options: "dict[str, Any]", **limits: "Any"
    ) -> None:
        self._fanout = Fanout(client, name, iter(iterable), options, **limits)

    def __iter__(self) -> "Map":
        return self

    def __next__(self) -> "InvokeResult":
        """The next outcome; its ``position`` is its input's."""
        entry = self._fanout.advance()
        if entry is None:
            raise StopIteration
        return self._fanout.hand_out(entry)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Stop: see the class."""
        self._fanout.close()

    def __enter__(self) -> "Map":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_fanout"):  # an argument may have been refused
            self._fanout.close()


class _Job:
    """A call under way."""

    __slots__ = ("bell", "connection", "entry", "fd", "has_begun", "steps", "until")

    def __init__(self, entry: "MapInput") -> None:
        self.entry = entry
        self.steps: "Steps"
        self.connection: "Connection | None" = None  # that its request goes over
        self.fd = -1  # that it waits for
        self.bell: "object | None" = None  # that it waits for
        self.until = NEVER
        self.has_begun = False  # has a request been built, so that the input is none that the platform cannot take?

    @property
    def may_be_running(self) -> bool:
        """Can its request have arrived whole, with no answer so far?"""
        return self.connection is not None and self.connection.has_handed_over


class Fanout(BaseFanout):
    """One map under way, for threads."""

    def __init__(self, client: "Any", name: str, inputs: "Any", options: "dict[str, Any]", **limits: "Any") -> None:
        if client._pool.is_closed:
            raise RuntimeError("this client is closed; make a new one")
        self._provider = client._get_provider()
        super().__init__(client, name, inputs, options, **limits)
        self._poller = Poller()
        self._lanes = Lanes(client._pool, client._connect_timeout, self._poller)
        self._pid = os.getpid()
        self._jobs: "dict[_Job, None]" = {}
        self._waiting: "dict[int, _Job]" = {}  # by the descriptor that each waits for
        self._soonest = NEVER  # no job's time is up before
        self._is_advancing = self._is_turning = False
        self._pool = client._pool
        self._pool.enlist(self)

    def advance(self) -> "MapInput | None":
        """The next outcome, None when all were handed out."""
        if self.is_closed:
            return None
        if os.getpid() != self._pid:
            raise RuntimeError("this map belongs to the process that forked; make a new one here")
        if self._is_advancing:
            raise RuntimeError("this map is being advanced already, by another thread or by its own iterable")
        self._is_advancing = True
        try:
            return self._take()
        except BaseException:
            self._is_advancing = False
            self.close()
            raise
        finally:
            self._is_advancing = False

    def _take(self) -> "MapInput | None":
        window = self.window
        while True:
            step = window.next_step()
            if step is core.PULL:
                self._fill()
                if window.has_outcome:
                    return self._take_outcome()
            elif step is core.HAND_OUT:
                return self._take_outcome()
            elif step is core.WAIT:
                self._turn(NEVER)
            else:
                self.close()
                if self._fault is not None:
                    raise self._fault
                return None

    def _fill(self) -> None:
        """Take inputs and start their calls, while there is room."""
        window = self.window
        started = monotonic()
        held: "list[_Job]" = []  # whose intent is not committed yet
        try:
            while window.has_room and self._pull(held):
                is_late = monotonic() - started > FILL_SECONDS
                if self._journal is None or is_late:
                    self._launch(held)
                if is_late and window.has_outcome:
                    break
            self._launch(held)
        finally:
            for job in held:  # not launched, for an input was refused
                self._give_up(job.entry, [])
        self._lanes.give_back()

    def _pull(self, held: "list[_Job]") -> bool:
        """Take the next input; False if there is none."""
        found = self._next_input()
        if found is None:
            return False
        entry, flow = self._admit(found[0])
        if flow is not None:
            job = _Job(entry)
            job.steps = self._drive(job, flow)
            held.append(job)
        return True

    def _next_input(self) -> "tuple[Any] | None":
        if self._is_to_check:
            self._check_ahead([data for _, data in zip(range(self._ahead_limit), self._inputs)])
        if self._ahead:
            return (self._ahead.popleft(),)
        try:
            return (next(self._inputs),)
        except StopIteration:
            pass
        except Exception as error:  # noqa: BLE001  # the caller's own: raised when what was started is handed out
            self._fault = error
        self.window.drain()
        return None

    def _launch(self, held: "list[_Job]") -> None:
        if not held:
            return
        self._commit()
        jobs = list(held)
        self._jobs.update(dict.fromkeys(jobs))
        held.clear()
        self._is_turning = True
        try:
            for job in jobs:
                self._resume(job, None)
        finally:
            self._is_turning = False

    def assist(self, seconds: float) -> bool:
        """Finish calls whose answers are there, for a call of the same thread that waits for a connection. False if
        there is nothing to finish.
        """
        if self._is_turning or self.is_closed or os.getpid() != self._pid:
            return False
        self._lanes.give_back()
        if not self._jobs:
            return False
        self._turn(monotonic() + seconds)
        return True

    def _turn(self, until: float) -> None:
        """Wait for something to happen, and go on with what it happened to."""
        self._is_turning = True
        try:
            if self._lanes.are_wanted and self._pool.drive_maps(0.0, but=self):
                until = min(until, monotonic() + HELP_SECONDS)
            self._go_on(until)
        finally:
            self._is_turning = False

    def _go_on(self, until: float) -> None:
        ready = self._poller.wait(min(self._soonest, until) - monotonic())
        for fd in ready:
            job = self._waiting.get(fd)
            if job is not None:
                self._resume(job, True)
            else:
                self._poller.forget(fd)
        bell = self._poller.take_rung()
        while bell is not None:
            for job in [job for job in self._jobs if job.bell is bell]:
                self._resume(job, True)
            bell = self._poller.take_rung()
        now = monotonic()
        if now >= self._soonest:
            for job in [job for job in self._jobs if job.until <= now]:
                self._resume(job, False)
            self._soonest = min([job.until for job in self._jobs] or [NEVER])

    def _resume(self, job: _Job, answer: "bool | None") -> None:
        """Go on with a job, to where it waits again or ends."""
        self._unwatch(job)
        try:
            about, what, job.until = job.steps.send(answer)  # type: ignore[arg-type]  # the first step takes None
        except StopIteration as end:
            self._end(job, end.value)
        except (CallError, TencentServerlessSDKException) as error:
            self._end(job, error)
        except (TypeError, ValueError) as error:
            if job.has_begun:
                raise
            self._end(job, error)  # the input is larger than the platform takes
        else:
            if what == RING:
                job.bell = about
            else:
                job.fd = fd = about.fileno()
                self._waiting[fd] = job
                self._poller.watch(fd, what)
            self._soonest = min(self._soonest, job.until)

    def _unwatch(self, job: _Job) -> None:
        """It waits no longer."""
        job.bell = None
        fd = job.fd
        if fd >= 0:
            job.fd = -1
            del self._waiting[fd]
            if job.connection is None:  # a socket that is being opened, which may be replaced by another
                self._poller.forget(fd)

    def _end(self, job: _Job, outcome: "Any") -> None:
        del self._jobs[job]
        self._note(job.entry, outcome)

    def _drive(self, job: _Job, flow: "Flow[Any]") -> "Steps":
        """The flow's effects, in steps. Returns its result, raises its error."""
        answer: "Any" = None
        try:
            while True:
                effect: "Any" = flow.send(answer)
                kind = type(effect)
                if kind is effects.Exchange:
                    if self.is_closed:
                        yield None, RING, NEVER  # nothing is sent any more; it is given up here
                    job.has_begun = True
                    answer = yield from self._exchange_steps(job, effect)
                elif kind is effects.GetCredentials:
                    answer = get_credentials(effect, self._provider)
                else:
                    answer = None
                    yield None, RING, monotonic() + effect.seconds
        except StopIteration as end:
            return end.value
        finally:
            answer = None  # perhaps the error being raised, which must not hold itself by this frame
            flow.close()

    def _exchange_steps(self, job: _Job, effect: "Exchange") -> "Steps":
        """Send a request and read its answer; the connection is then the next call's, or dropped."""
        connection = response = None
        is_unsent = False
        try:
            connection = self._lanes.take() or (yield from self._lanes.acquire_steps(effect))
            connection.has_handed_over = False
            job.connection = connection
            response = yield from connection.exchange_steps(effect.request, effect.deadline)
            return response
        except NetworkError as error:
            if connection is not None and connection.sent_at:
                effect.mark("send", connection.sent_at)
            is_unsent = error.executed is Verdict.NO
            return error
        finally:
            job.connection = None
            if connection is not None:
                if response is not None and response.reusable:
                    self._lanes.keep(connection)
                else:
                    has_left = connection.has_handed_over and not is_unsent
                    job.entry.may_have_run |= has_left and response is None
                    effect.may_have_left = connection.has_handed_over
                    self._lanes.drop(connection, abort=not has_left)

    def close(self) -> None:
        """Send nothing more, wait a while for what is under way, and let go of everything."""
        if self.is_closed:
            return
        self.window.is_stopped = True
        if os.getpid() != self._pid:
            return  # the sockets are the parent's
        self._lanes.is_keeping = False
        deadline = monotonic() + self._grace
        lost: "list[int]" = []
        try:
            while self._stop_unsent(lost) and monotonic() < deadline:
                self._turn(deadline)
        finally:
            for job in list(self._jobs):
                self._stop(job, lost)
            self._lanes.give_back()
            self._poller.close()
            self._pool.dismiss(self)
            self._settle(lost)

    def _stop_unsent(self, lost: "list[int]") -> bool:
        """Give up every call whose request is not out. True if others are left."""
        for job in [job for job in self._jobs if not job.may_be_running]:
            self._stop(job, lost)
        return bool(self._jobs)

    def _stop(self, job: _Job, lost: "list[int]") -> None:
        self._unwatch(job)
        del self._jobs[job]
        job.steps.close()
        self._give_up(job.entry, lost)
