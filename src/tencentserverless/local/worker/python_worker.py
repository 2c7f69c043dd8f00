"""A worker of a Python runtime, seen from the server: its channel, its output, its end."""

import asyncio
import enum
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tencentserverless.local import outcome
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.channel import HAS_PACKETS, Channel
from tencentserverless.local.worker.child.frames import FrameError, join, pack
from tencentserverless.local.worker.limits import TimeLimit
from tencentserverless.local.worker.output import Output, Pipe
from tencentserverless.local.worker.process_group import Group
from tencentserverless.local.worker.worker import OnEnd

_MAX_PREFETCHED_BYTES = 16 * 1024  # of an event that is prefetched into a worker's channel
_MAX_DRAIN_READS = 256
_START = "import sys; sys.path[0] = sys.argv[1]; import _scf_bootstrap; _scf_bootstrap.main()"


class _Answer(msgspec.Struct, frozen=True):
    """A head that a child may send, checked before use."""

    kind: str
    request_id: str = ""
    status: int = 0
    message: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0


class _Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """The head of a call.

    :param prefetched: sent while another call ran; the child writes a boundary between the output of the two
    """

    kind: str
    request_id: str
    environ: dict[str, str] = {}
    prefetched: bool = False


class _End(enum.Enum):
    """The reason why no answer came."""

    EXITED = "the process ended"
    EXPIRED = "the time was up"
    OVERFLOWED = "the memory was up"


_OnSettled = Callable[["_Answer | _End", bytes], None]

_heads = msgspec.json.Decoder(_Answer)
_order_heads = msgspec.json.Decoder(_Order)
_orders = msgspec.json.Encoder()
#: Valid statuses of each kind of answer; others do not come from our bootstrap.
_STATUSES = {"ready": (0,), "failed": (437, 443), "result": (0,), "error": (400, 407, 430)}
_LOADED = ("ready", "failed")
_CALLED = ("result", "error")


@dataclass(frozen=True, slots=True)
class Command:
    """The command that starts a worker. ``label`` shows in ``ps``."""

    interpreter: Path
    is_python2: bool
    child_folder: Path
    code_folder: Path
    label: str
    environment: Mapping[str, str]
    memory_mb: int

    def arguments(self, descriptor: int) -> list[str]:
        """Return the command line, for the child's end of the channel."""
        unbuffered = ["-u"] if self.is_python2 else []
        return [str(self.interpreter), *unbuffered, "-c", _START, str(self.child_folder), str(descriptor), self.label]


class PythonWorker:
    """A process that runs one function, one call at a time. Make it with ``start_python_worker``.

    A call may be prefetched: it is sent while another call runs, waits in the channel, and can be taken back until the
    child reads it. The child reads a call only when it begins to run it.

    :param memory_mb: the memory limit of the process; a call that has used more has failed
    :param on_end: called with the request id and the outcome of every call that was given to the worker, or with None
        if nothing of it ran. Set it before the first call
    """

    takes_keys: bool = True

    def __init__(self, group: Group, channel: Channel, output: Pipe, memory_mb: int) -> None:
        self.is_alive: bool = True
        self.on_end: OnEnd = _ignore
        self._memory_mb = memory_mb
        self._group = group
        self._channel = channel
        self._output = output
        self._expected: tuple[str, ...] = ()
        self._request_id = ""
        self._was_prefetched = False
        self._prefetched: deque[str] = deque()
        self._may_prefetch = False
        self._on_settled: _OnSettled | None = None
        self._has_served = False
        self._limit = TimeLimit(self._expire)
        self._loop = asyncio.get_running_loop()
        channel.watch(self._read_channel)
        self._watch = self._loop.create_task(self._see_end())

    @property
    def pid(self) -> int:
        """Process id of the worker, and number of its group."""
        return self._group.pid

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Let the child load the handler. Returns None if it is ready, else the failure."""
        settled: asyncio.Future[tuple[_Answer | _End, bytes]] = self._loop.create_future()

        def settle(answer: _Answer | _End, body: bytes) -> None:
            if not settled.done():
                settled.set_result((answer, body))

        self._channel.send(pack({**frame, "boundary": self._output.boundary}))
        self._await_answer(_LOADED, "", timeout_seconds, settle)
        answer, body = await settled
        if isinstance(answer, _Answer) and answer.kind == "ready":
            return None
        output = self._output.take()
        if isinstance(answer, _Answer):
            return Outcome(answer.status, message=body.decode("utf-8", "replace"), output=output)
        if answer is _End.EXITED:
            return outcome.start_failed("it exited while the module was loaded", output)
        self.kill()
        return outcome.start_timed_out(int(timeout_seconds), output)

    @property
    def prefetched(self) -> int:
        """Number of prefetched calls, which wait in the channel."""
        return len(self._prefetched)

    @property
    def running_seconds(self) -> float:
        """Duration of the running call until now; 0 if no call runs."""
        return self._limit.passed_ms() / 1000 if self._expected is _CALLED else 0.0

    def begin(self, request_id: str, event: bytes, environ: dict[str, str], timeout_seconds: float) -> None:
        """Run the handler on one event, in an idle process; the outcome goes to ``on_end``, later.

        After an outcome that ends the instance, the process is dead or dying.
        """
        was_warm, self._has_served = self._has_served, True
        if was_warm:
            self._output.drop()  # output of a thread between calls; the first call's log keeps the output of loading
        self._was_prefetched = False
        self._may_prefetch = HAS_PACKETS and len(event) <= _MAX_PREFETCHED_BYTES
        self._await_answer(_CALLED, request_id, timeout_seconds, self._end_call)
        order = join(_orders.encode(_Order("invoke", request_id, environ)), event)
        is_reached = self.is_alive and (self._may_prefetch or not self._group.is_dead()) and self._channel.send(order)
        if not is_reached and was_warm:
            self._expected = ()
            self._loop.call_soon(self._settle_dead)
        elif not self.is_alive:
            self._loop.call_soon(self._settle, _End.EXITED, b"")

    def prefetch(self, request_id: str, event: bytes, environ: dict[str, str]) -> bool:
        """Prefetch a call: send it while another call runs. Returns False if the channel does not take it."""
        if not self._may_prefetch or len(event) > _MAX_PREFETCHED_BYTES or not self.is_alive:
            return False
        order = _orders.encode(_Order("invoke", request_id, environ, prefetched=True))
        if not self._channel.send_now(join(order, event)):
            return False
        self._prefetched.append(request_id)
        return True

    def revoke(self) -> None:
        """Take back the calls in the channel: ``on_end`` is told, at once, that nothing of them ran.

        The child may read a later call while an earlier one is taken back, and then runs the later one.
        """
        for request_id in reversed(self._unread_orders()):
            if request_id == self._request_id and not self._prefetched:
                self._settle_unread()
                continue
            if request_id == self._request_id:
                self._await_prefetched()
            self.on_end(request_id, None)

    def kill_out_of_memory(self) -> None:
        """End the running call, because the process is over its memory limit."""
        self._settle(_End.OVERFLOWED, b"")

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""
        self.is_alive = False
        if self._group.is_led:
            self._group.kill()

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
        await self._watch

    def _await_answer(
        self, kinds: tuple[str, ...], request_id: str, timeout_seconds: float, on_settled: _OnSettled
    ) -> None:
        self._expected, self._request_id, self._on_settled = kinds, request_id, on_settled
        self._limit.begin(timeout_seconds)
        if kinds is _LOADED and not self.is_alive:
            self._settle(_End.EXITED, b"")

    def _await_prefetched(self) -> None:
        """Wait for the answer to the next call, which the child has read or will read now."""
        self._was_prefetched = True
        self._await_answer(_CALLED, self._prefetched.popleft(), self._limit.seconds, self._end_call)

    def _expire(self) -> None:
        self._settle(_End.EXPIRED, b"")

    def _settle(self, answer: "_Answer | _End", body: bytes) -> None:
        on_settled, self._on_settled = self._on_settled, None
        if on_settled is not None:
            self._expected = ()
            self._limit.end()
            on_settled(answer, body)

    def _settle_dead(self) -> None:
        """Report that nothing of the call ran: the process had died before it could read the call."""
        self.kill()
        self._settle_unread()

    def _settle_unread(self) -> None:
        """Report that nothing of the call ran."""
        if self._on_settled is not None:
            self._on_settled = None
            self._expected = ()
            self._limit.end()
            self.on_end(self._request_id, None)

    def _end_call(self, answer: "_Answer | _End", body: bytes) -> None:
        request_id = self._request_id
        if isinstance(answer, _End):
            self._end_last_call(answer)
            return
        output = self._output.take(was_prefetched=self._was_prefetched)
        if answer.memory_bytes > self._memory_mb * MIB:
            result = self._end_overflown(answer.memory_bytes, output)
        else:
            result = _outcome_of(answer, body, output)
        if self._prefetched:  # the child has begun the next call, or will now
            self._await_prefetched()
        self.on_end(request_id, result)

    def _end_last_call(self, end: _End) -> None:
        """End all calls of a dead process, or of one that is killed now.

        Unread calls did not run; read ones may have run.
        """
        unread = self._unread_orders()
        output = self._output.take(was_prefetched=self._was_prefetched)
        if end is _End.EXITED:
            result = outcome.exited(self._limit.passed_ms(), output)
        elif end is _End.OVERFLOWED:
            result = self._end_overflown(self._group.peak_memory_bytes(), output)
        else:
            result = outcome.timed_out(int(self._limit.seconds), self._group.peak_memory_bytes(), output)
            self.kill()
        read = list(self._prefetched)
        self._prefetched.clear()
        if self._request_id not in unread:
            self.on_end(self._request_id, result)
        for request_id in read:
            self.on_end(request_id, outcome.exited(0.0, b""))
        for request_id in reversed(unread):
            self.on_end(request_id, None)

    def _unread_orders(self) -> list[str]:
        """Take every call that the child has not read out of the channel."""
        if not self._may_prefetch:
            return []
        unread = [_order_heads.decode(head).request_id for head, _ in self._channel.unread()]
        self._prefetched = deque(request_id for request_id in self._prefetched if request_id not in unread)
        return unread

    def _end_overflown(self, memory_bytes: int, output: bytes) -> Outcome:
        self.kill()
        return outcome.memory_exceeded(self._limit.passed_ms(), memory_bytes, self._memory_mb, output)

    def _read_channel(self) -> bool:
        """Read the channel. Returns False if there is nothing more for now."""
        try:
            frames = self._channel.read()
            if frames is None:
                return False
            for head, body in frames:
                self._deliver(_heads.decode(head), body)
        except (FrameError, msgspec.MsgspecError):
            self.kill()  # user code has written to the channel: later frames can't be trusted
            return False
        return True

    def _deliver(self, answer: _Answer, body: bytes) -> None:
        if answer.kind not in self._expected or answer.request_id != self._request_id:
            return
        if answer.status not in _STATUSES[answer.kind]:
            raise FrameError("a status that the bootstrap never sends")
        self._settle(answer, body)

    async def _see_end(self) -> None:
        """Wait for the end of the process; answers that it sent before still count."""
        await self._group.wait()
        self.is_alive = False
        for _ in range(_MAX_DRAIN_READS):
            if not self._read_channel():
                break
        self._settle(_End.EXITED, b"")
        self._group.kill()  # processes that it started and that are still running
        self._channel.close()
        self._output.close()
        self._limit.close()


def _ignore(request_id: str, result: Outcome | None) -> None:
    """Default callback, used until the scheduler sets ``on_end``: ignore the outcome."""


async def start_python_worker(command: Command, output: Output) -> PythonWorker:
    """Start a process with a private descriptor for answers and one pipe for all its output.

    :raises OSError: if the process can't be started
    """
    channel = Channel()
    read_end, write_end = os.pipe()
    try:
        descriptor = channel.child_end.fileno()
        process = await asyncio.create_subprocess_exec(
            *command.arguments(descriptor),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            cwd=command.code_folder,
            env=command.environment,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
    except BaseException:
        channel.close()
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    group = Group(process)
    group.let_server_go_first()
    channel.keep_to_parent()
    return PythonWorker(group, channel, Pipe(read_end, output), command.memory_mb)


def _outcome_of(answer: _Answer, body: bytes, output: bytes) -> Outcome:
    text = body.decode("utf-8", "replace")
    has_returned = answer.kind == "result"
    return Outcome(
        status=answer.status,
        text=text if has_returned else "",
        message=answer.message,
        stack_trace="" if has_returned else text,
        duration_ms=max(0.0, answer.duration_ms),
        memory_bytes=max(0, answer.memory_bytes),
        output=output,
    )
