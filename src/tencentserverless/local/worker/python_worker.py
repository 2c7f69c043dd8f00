"""One worker process, seen from the parent: its channel, its output, its death."""

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

_MAX_QUEUED_BYTES = 16 * 1024  # of an event that waits in a worker's channel
_MAX_DRAIN_READS = 256
_START = "import sys; sys.path[0] = sys.argv[1]; import _scf_bootstrap; _scf_bootstrap.main()"


class _Answer(msgspec.Struct, frozen=True):
    """Every head that a child may send, checked before it is believed."""

    kind: str
    request_id: str = ""
    status: int = 0
    message: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0


class _Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """The head of a call.

    :param queued: it was sent while another one ran; the child sets a boundary between what the two print
    """

    kind: str
    request_id: str
    environ: dict[str, str] = {}
    queued: bool = False


class _End(enum.Enum):
    """Why no answer came."""

    EXITED = "the process ended"
    EXPIRED = "the time was up"
    OVERFLOWED = "the memory was up"


_OnSettled = Callable[["_Answer | _End", bytes], None]

_heads = msgspec.json.Decoder(_Answer)
_order_heads = msgspec.json.Decoder(_Order)
_orders = msgspec.json.Encoder()
#: What each kind of answer may say; anything else is not from our bootstrap.
_STATUSES = {"ready": (0,), "failed": (437, 443), "result": (0,), "error": (400, 407, 430)}
_LOADED = ("ready", "failed")
_CALLED = ("result", "error")


@dataclass(frozen=True, slots=True)
class Command:
    """How a worker is started. ``label`` shows in ``ps``."""

    interpreter: Path
    is_python2: bool
    child_folder: Path
    code_folder: Path
    label: str
    environment: Mapping[str, str]
    memory_mb: int

    def arguments(self, descriptor: int) -> list[str]:
        """The command line, given the child's end of the channel."""
        unbuffered = ["-u"] if self.is_python2 else []
        return [str(self.interpreter), *unbuffered, "-c", _START, str(self.child_folder), str(descriptor), self.label]


class PythonWorker:
    """A process that runs one function, one call at a time. Make it with ``start_python_worker``.

    A call may be handed over before the one that runs has ended: it waits in the channel, unread, and can be taken
    back until the process reads it. The process reads it when it begins to run it, never before.

    :param memory_mb: what the process may hold; a call that has used more has failed
    :param on_end: called with the request id and the outcome of every call that was handed over, or with None if
        nothing of it ran. Set it before the first call
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
        self._queued: deque[str] = deque()
        self._may_prefetch = False
        self._on_settled: _OnSettled | None = None
        self._has_served = False
        self._limit = TimeLimit(self._expire)
        self._loop = asyncio.get_running_loop()
        channel.watch(self._read_channel)
        self._watch = self._loop.create_task(self._see_end())

    @property
    def pid(self) -> int:
        """Of the process, which leads a group of the same number."""
        return self._group.pid

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Have the child load the handler. None when it is ready, else what went wrong."""
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
    def queued(self) -> int:
        """Calls that wait in the channel for the one that runs."""
        return len(self._queued)

    @property
    def running_seconds(self) -> float:
        """How long the call that it runs has taken until now; 0 if it runs none."""
        return self._limit.passed_ms() / 1000 if self._expected is _CALLED else 0.0

    def begin(self, request_id: str, event: bytes, environ: dict[str, str], timeout_seconds: float) -> None:
        """Run the handler on one event, of a process that runs nothing; how it ends goes to ``on_end``, later.

        After an outcome that ends the instance the process is dead or dying.
        """
        was_warm, self._has_served = self._has_served, True
        if was_warm:
            self._output.drop()  # what a thread wrote between calls; the first call's log has what loading wrote
        self._was_prefetched = False
        self._may_prefetch = HAS_PACKETS and len(event) <= _MAX_QUEUED_BYTES
        self._await_answer(_CALLED, request_id, timeout_seconds, self._end_call)
        order = join(_orders.encode(_Order("invoke", request_id, environ)), event)
        is_reached = self.is_alive and (self._may_prefetch or not self._group.is_dead()) and self._channel.send(order)
        if not is_reached and was_warm:
            self._expected = ()
            self._loop.call_soon(self._settle_dead)
        elif not self.is_alive:
            self._loop.call_soon(self._settle, _End.EXITED, b"")

    def queue(self, request_id: str, event: bytes, environ: dict[str, str]) -> bool:
        """Hand a call over while another one runs. False if the channel does not take it."""
        if not self._may_prefetch or len(event) > _MAX_QUEUED_BYTES or not self.is_alive:
            return False
        order = _orders.encode(_Order("invoke", request_id, environ, queued=True))
        if not self._channel.queue(join(order, event)):
            return False
        self._queued.append(request_id)
        return True

    def revoke(self) -> None:
        """Take back what waits in the channel: ``on_end`` is told, at once, that nothing of it ran.

        The process may read a later call while an earlier one is taken back, and runs that one then.
        """
        for request_id in reversed(self._unread_orders()):
            if request_id == self._request_id and not self._queued:
                self._settle_unbegun()
                continue
            if request_id == self._request_id:
                self._await_queued()
            self.on_end(request_id, None)

    def kill_out_of_memory(self) -> None:
        """The process holds more memory than it may: its call ends in that."""
        self._settle(_End.OVERFLOWED, b"")

    def kill(self) -> None:
        """End the process and everything in its group, at once."""
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

    def _await_queued(self) -> None:
        """The next call that the process has read, or is about to read, is the one that it runs."""
        self._was_prefetched = True
        self._await_answer(_CALLED, self._queued.popleft(), self._limit.seconds, self._end_call)

    def _expire(self) -> None:
        self._settle(_End.EXPIRED, b"")

    def _settle(self, answer: "_Answer | _End", body: bytes) -> None:
        on_settled, self._on_settled = self._on_settled, None
        if on_settled is not None:
            self._expected = ()
            self._limit.end()
            on_settled(answer, body)

    def _settle_dead(self) -> None:
        """The process had died before it could read the call."""
        self.kill()
        self._settle_unbegun()

    def _settle_unbegun(self) -> None:
        """Nothing of the call ran."""
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
        if self._queued:  # the process has begun the next one, or is about to
            self._await_queued()
        self.on_end(request_id, result)

    def _end_last_call(self, end: _End) -> None:
        """The process is dead, or is killed now. What it has not read did not run; what it has read may have."""
        unread = self._unread_orders()
        output = self._output.take(was_prefetched=self._was_prefetched)
        if end is _End.EXITED:
            result = outcome.exited(self._limit.passed_ms(), output)
        elif end is _End.OVERFLOWED:
            result = self._end_overflown(self._group.peak_memory_bytes(), output)
        else:
            result = outcome.timed_out(int(self._limit.seconds), self._group.peak_memory_bytes(), output)
            self.kill()
        read = list(self._queued)
        self._queued.clear()
        if self._request_id not in unread:
            self.on_end(self._request_id, result)
        for request_id in read:
            self.on_end(request_id, outcome.exited(0.0, b""))
        for request_id in reversed(unread):
            self.on_end(request_id, None)

    def _unread_orders(self) -> list[str]:
        """Take every call out of the channel that the process has not read."""
        if not self._may_prefetch:
            return []
        unread = [_order_heads.decode(head).request_id for head, _ in self._channel.unread()]
        self._queued = deque(request_id for request_id in self._queued if request_id not in unread)
        return unread

    def _end_overflown(self, memory_bytes: int, output: bytes) -> Outcome:
        self.kill()
        return outcome.memory_exceeded(self._limit.passed_ms(), memory_bytes, self._memory_mb, output)

    def _read_channel(self) -> bool:
        """Take what has come. False when there is nothing more for now."""
        try:
            frames = self._channel.read()
            if frames is None:
                return False
            for head, body in frames:
                self._deliver(_heads.decode(head), body)
        except (FrameError, msgspec.MsgspecError):
            self.kill()  # user code has written to the channel: nothing that follows can be trusted
            return False
        return True

    def _deliver(self, answer: _Answer, body: bytes) -> None:
        if answer.kind not in self._expected or answer.request_id != self._request_id:
            return
        if answer.status not in _STATUSES[answer.kind]:
            raise FrameError("a status that the bootstrap never sends")
        self._settle(answer, body)

    async def _see_end(self) -> None:
        """Wait for the death of the process; what it said before still counts."""
        await self._group.wait()
        self.is_alive = False
        for _ in range(_MAX_DRAIN_READS):
            if not self._read_channel():
                break
        self._settle(_End.EXITED, b"")
        self._group.kill()  # what it had started and left behind
        self._channel.close()
        self._output.close()
        self._limit.close()


def _ignore(request_id: str, result: Outcome | None) -> None:
    """Nobody waits."""


async def start_python_worker(command: Command, output: Output) -> PythonWorker:
    """Start a process with a private descriptor for answers and one pipe for all that it prints.

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
