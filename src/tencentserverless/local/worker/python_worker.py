"""One worker of Python code, seen from the server: its channel, its output, its death."""

import asyncio
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.channel import HAS_PACKETS, Channel
from tencentserverless.local.worker.child.frames import FrameError, pack, pack_call, read_answer, read_call
from tencentserverless.local.worker.output import Output, Pipe
from tencentserverless.local.worker.process_group import Group
from tencentserverless.local.worker.worker import EndReason, ProcessWorker
from tencentserverless.local.worker.worker_states import TRANSITIONS, Move, State

_MAX_PREFETCHED_BYTES = 16 * 1024  # of an event that waits in a worker's channel
_MAX_DRAIN_READS = 256
_MAX_ANSWERS = 16  # that are taken at once: connections wait meanwhile
_START = "import sys; sys.path[0] = sys.argv[1]; import _scf_bootstrap; _scf_bootstrap.main()"
#: The statuses that the bootstrap sends, and their messages; any other one is not from our bootstrap.
_MESSAGES = {
    outcome.SUCCESS: "",
    400: "event is not JSON that this runtime can decode",
    407: "The size of response exceeds the upper limit (6MB)",
    outcome.USER_ERROR: "user code exception caught",
}
_LOAD_STATUSES = {"ready": (0,), "failed": (437, 443)}


class _LoadAnswer(msgspec.Struct, frozen=True):
    """The head of the answer to the load frame, checked before it is believed."""

    kind: str
    status: int = 0


_load_answers = msgspec.json.Decoder(_LoadAnswer)


@dataclass(frozen=True, slots=True)
class Command:
    """The command line and the environment of a worker. ``label`` shows in ``ps``.

    :param hides_site: the function does not see the packages that are installed for the interpreter
    """

    interpreter: Path
    is_python2: bool
    child_folder: Path
    code_folder: Path
    label: str
    environment: Mapping[str, str]
    memory_mb: int
    hides_site: bool = False

    def arguments(self, descriptor: int) -> list[str]:
        """Return the command line, for the child's end of the channel."""
        options = ["-u"] * self.is_python2 + ["-S"] * self.hides_site
        return [str(self.interpreter), *options, "-c", _START, str(self.child_folder), str(descriptor), self.label]


class PythonWorker(ProcessWorker):
    """A process that runs one function, one call at a time. Make it with ``start_python_worker``.

    A call may be prefetched, given before the one that runs has ended: it waits in the channel, unread, and can be
    revoked until the process reads it. The process reads a call when it begins to run it, never before.

    :param memory_mb: the memory that the process may hold; a call that has used more has failed
    """

    takes_keys: bool = True
    state: State
    prefetched: int  # calls that wait in the channel behind the one that runs

    def __init__(self, group: Group, channel: Channel, output: Pipe, memory_mb: int) -> None:
        super().__init__(group, self._expire)
        self._memory_mb = memory_mb
        self._channel = channel
        self._output = output
        self._prefetched: deque[Invocation] = deque()
        self._may_prefetch = False
        self._loaded: asyncio.Future[tuple[_LoadAnswer | EndReason, bytes]] = self._loop.create_future()
        channel.watch(self._take_answers)

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Have the child load the handler. None when it is ready, else the failure."""
        self._channel.send(pack({**frame, "boundary": self._output.boundary}))
        self._limit.begin(timeout_seconds)
        answer, body = await self._loaded
        if isinstance(answer, _LoadAnswer) and answer.kind == "ready":
            self._move(Move.LOADED)
            return None
        output = self._output.take()
        if isinstance(answer, _LoadAnswer):
            return Outcome(answer.status, message=body.decode("utf-8", "replace"), output=output)
        if answer is EndReason.EXITED:
            return outcome.start_failed("it exited while the module was loaded", output)
        self.kill()
        return outcome.start_timed_out(int(timeout_seconds), output)

    def begin(self, invocation: Invocation, environ: bytes, timeout_seconds: float) -> None:
        """Run the handler on one event, of a process that runs nothing; the outcome goes to ``on_end``, later.

        After an outcome that ends the instance, the process is dead or dying.
        """
        was_warm, self._has_served = self._has_served, True
        if was_warm and not self._output.output.is_empty:
            self._output.drop()  # a thread wrote it between calls; the first call's log has the output of loading
        self._may_prefetch = HAS_PACKETS and len(invocation.event) <= _MAX_PREFETCHED_BYTES
        self._current = invocation
        self.state = TRANSITIONS[self.state, Move.BEGIN]
        self._limit.begin(timeout_seconds)
        order = pack_call(invocation.request_id.encode("ascii"), environ, invocation.event)
        is_reached = self.is_alive and (self._may_prefetch or not self._group.is_dead()) and self._channel.send(order)
        if not is_reached and was_warm:
            self._loop.call_soon(self._end_unbegun)
        elif not self.is_alive:
            self._loop.call_soon(self._end_last_call, EndReason.EXITED)

    def prefetch(self, invocation: Invocation, environ: bytes) -> bool:
        """Give a call to the process while another one runs. False if the channel does not take it."""
        if not self._may_prefetch or len(invocation.event) > _MAX_PREFETCHED_BYTES or not self.is_alive:
            return False
        self._output.unwatch()
        if not self._channel.send_now(pack_call(invocation.request_id.encode("ascii"), environ, invocation.event)):
            self._watch_output()
            return False
        self._prefetched.append(invocation)
        self.prefetched += 1
        return True

    def revoke(self) -> None:
        """Take back the calls that wait in the channel: ``on_end`` is told, at once, that nothing of them ran.

        The child may read a later call while an earlier one is taken back, and then runs the later one.
        """
        for invocation in reversed(self._take_unread()):
            if invocation is self._current:
                self._current = None
                self.state = TRANSITIONS[self.state, Move.ANSWERED]
                if self._prefetched:
                    self._begin_next()
            self.on_end(invocation, None)
        self._watch_output()

    def kill_out_of_memory(self) -> None:
        """End the call: the process holds more memory than it may."""
        self._end_last_call(EndReason.OUT_OF_MEMORY)

    def _expire(self) -> None:
        if self._loaded.done():
            self._end_last_call(EndReason.EXPIRED)
        else:
            self._settle_load(EndReason.EXPIRED, b"")

    def _settle_load(self, answer: _LoadAnswer | EndReason, body: bytes) -> None:
        if not self._loaded.done():
            self._limit.end()
            self._loaded.set_result((answer, body))

    def _begin_next(self) -> None:
        """The next call that the process has read, or is about to read, is the one that it runs."""
        self._current = self._prefetched.popleft()
        self.state = TRANSITIONS[self.state, Move.BEGIN]
        self.prefetched -= 1
        self._limit.begin(self._limit.seconds)
        self._watch_output()

    def _watch_output(self) -> None:
        if not self._prefetched:
            self._output.watch()

    def _end_unbegun(self) -> None:
        """The process had died before it could read the call: nothing of it ran."""
        self.kill()
        invocation, self._current = self._current, None
        if invocation is not None:
            self.on_end(invocation, None)

    def _end_call(self, status: int, body: bytes, duration_ms: float, memory_bytes: int, *, has_output: bool) -> None:
        """The process has answered the call that runs."""
        invocation = self._current
        assert invocation is not None, "an answer is matched with the call that runs"
        is_silent = not has_output and self._output.output.is_empty
        output = b"" if is_silent else self._output.take(has_output=has_output)
        if memory_bytes > self._memory_mb * MIB:
            result = self._end_out_of_memory(memory_bytes, output)
        else:
            text = body.decode("utf-8", "replace")
            texts = (text, "", "") if status == outcome.SUCCESS else ("", _MESSAGES[status], text)
            result = Outcome(status, *texts, duration_ms, memory_bytes, output)
        self._current = None
        self.state = TRANSITIONS[self.state, Move.ANSWERED]
        if self._prefetched:
            self._begin_next()
        self.on_end(invocation, result)

    def _end_last_call(self, reason: EndReason) -> None:
        """The process is dead, or is killed now. The calls that it has not read did not run; the others may have."""
        invocation = self._current
        if invocation is None:
            return  # the limit of an earlier call, which runs on while no other one begins
        unread = self._take_unread()
        output = self._output.take()
        if reason is EndReason.EXITED:
            result = outcome.exited(self._limit.passed_ms(), output, self._group.ending)
        elif reason is EndReason.OUT_OF_MEMORY:
            result = self._end_out_of_memory(self._group.peak_memory_bytes(), output)
        else:
            result = outcome.timed_out(int(self._limit.seconds), self._group.peak_memory_bytes(), output)
            self.kill()
        read = list(self._prefetched)
        self._prefetched.clear()
        self.prefetched = 0
        self._current = None
        if invocation not in unread:
            self.on_end(invocation, result)
        for each in read:
            self.on_end(each, outcome.exited(0.0, b""))
        for each in reversed(unread):
            self.on_end(each, None)

    def _take_unread(self) -> list[Invocation]:
        """Take every call out of the channel that the process has not read."""
        if not self._may_prefetch:
            return []
        given = [*([self._current] if self._current is not None else []), *self._prefetched]
        by_id = {each.request_id.encode("ascii"): each for each in given}
        unread = [by_id[read_call(head)[0]] for head, _ in self._channel.unread()]
        self._prefetched = deque(each for each in self._prefetched if each not in unread)
        self.prefetched = len(self._prefetched)
        return unread

    def _end_out_of_memory(self, memory_bytes: int, output: bytes) -> Outcome:
        self.kill()
        return outcome.memory_exceeded(self._limit.passed_ms(), memory_bytes, self._memory_mb, output)

    def _take_answers(self) -> None:
        """Take the answers that have come: while more calls are out, another look costs less than another wake-up.

        Of a dead process, every answer is taken that it has left.
        """
        try:
            for _ in range(_MAX_ANSWERS if self.is_alive else _MAX_DRAIN_READS):
                frames = self._channel.read()
                for head, body in frames or ():
                    self._deliver(head, body)
                if frames is None or (self._current is None and self.is_alive):
                    return
        except (FrameError, msgspec.MsgspecError):
            self.kill()  # user code has written to the channel: later frames can't be trusted

    def _deliver(self, head: bytes, body: bytes) -> None:
        answer = read_answer(head)
        if answer is None:
            self._deliver_load(_load_answers.decode(head), body)
            return
        request_id, status, duration_ms, memory_bytes, has_output = answer
        if self._current is None or self._current.request_id.encode("ascii") != request_id:
            return
        if status not in _MESSAGES or not 0.0 <= duration_ms < float("inf"):
            raise FrameError("an answer that the bootstrap never sends")
        self._end_call(status, body, duration_ms, memory_bytes, has_output=has_output)

    def _deliver_load(self, answer: _LoadAnswer, body: bytes) -> None:
        if self._loaded.done():
            return
        if answer.status not in _LOAD_STATUSES.get(answer.kind, ()):
            raise FrameError("a status that the bootstrap never sends")
        self._settle_load(answer, body)

    async def _see_end(self) -> None:
        """Wait for the death of the process; its earlier answers still count."""
        await self._group.wait()
        self._move(Move.EXITED)
        self._take_answers()
        self._settle_load(EndReason.EXITED, b"")
        self._end_last_call(EndReason.EXITED)
        self._group.kill()  # the processes that it has left behind
        self._channel.close()
        self._output.close()
        self._limit.close()


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
