"""One worker process, seen from the parent: its channel, its output, its death."""

import asyncio
import contextlib
import enum
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tencentserverless.local.logs import Output
from tencentserverless.local.worker import outcome
from tencentserverless.local.worker.frames import FrameError, FrameReader, pack
from tencentserverless.local.worker.outcome import Outcome

_READ_BYTES = 256 * 1024
_MAX_DRAIN_READS = 64  # a function that never stops printing must not hold the loop
_START = "import sys; sys.path[0] = sys.argv[1]; import _scf_bootstrap; _scf_bootstrap.main()"


class _Answer(msgspec.Struct, frozen=True):
    """Every head that a child may send, checked before it is believed."""

    kind: str
    request_id: str = ""
    status: int = 0
    message: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0


class _End(enum.Enum):
    """Why no answer came."""

    EXITED = "the process ended"
    EXPIRED = "the time was up"


_heads = msgspec.json.Decoder(_Answer)
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

    def arguments(self, descriptor: int) -> list[str]:
        """The command line, given the child's end of the channel."""
        unbuffered = ["-u"] if self.is_python2 else []
        return [str(self.interpreter), *unbuffered, "-c", _START, str(self.child_folder), str(descriptor), self.label]


class Worker:
    """A process that runs one function, one call at a time. Make it with ``start_worker``."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket, output: "_Pipe") -> None:
        self.is_alive: bool = True
        self._process = process
        self._channel = channel
        self._output = output
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._expected: tuple[str, ...] = ()
        self._request_id = ""
        self._answer: asyncio.Future[tuple[_Answer, bytes] | _End] | None = None
        self._has_served = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(channel.fileno(), self._read_channel)
        self._watch = self._loop.create_task(self._see_end())

    @property
    def pid(self) -> int:
        """Of the process, which leads a group of the same number."""
        return self._process.pid

    async def load(self, frame: dict[str, object], timeout_seconds: int) -> Outcome | None:
        """Have the child load the handler. None when it is ready, else what went wrong."""
        self._send(pack(frame))
        answer = await self._next_answer(_LOADED, "", timeout_seconds)
        if isinstance(answer, tuple) and answer[0].kind == "ready":
            return None
        output = self._output.take()
        if isinstance(answer, tuple):
            return Outcome(answer[0].status, message=answer[1].decode("utf-8", "replace"), output=output)
        if answer is _End.EXPIRED:
            self.kill()
            return outcome.start_timed_out(timeout_seconds, output)
        return outcome.start_failed("it exited while the module was loaded", output)

    async def call(
        self, request_id: str, event: bytes, environ: Mapping[str, str], timeout_seconds: int
    ) -> Outcome | None:
        """Run the handler on one event. After an outcome that ends the instance the process is dead or dying.

        :return: None if the process had died since its last call: nothing ran
        """
        was_warm, self._has_served = self._has_served, True
        if was_warm:
            self._output.take()  # what a thread wrote between calls belongs to no call
        started = time.monotonic()
        head: dict[str, object] = {"kind": "invoke", "request_id": request_id}
        if environ:
            head["environ"] = dict(environ)
        has_begun = self.is_alive and self._send(pack(head, event))
        if was_warm and not has_begun:
            return None
        answer = await self._next_answer(_CALLED, request_id, timeout_seconds)
        if isinstance(answer, tuple):
            return _outcome_of(*answer, output=self._output.take())
        if answer is _End.EXPIRED:
            memory_bytes = _peak_memory_bytes(self.pid)
            self.kill()
            return outcome.timed_out(timeout_seconds, memory_bytes, self._output.take())
        return outcome.exited((time.monotonic() - started) * 1000, self._output.take())

    def kill(self) -> None:
        """End the process and everything in its group, at once."""
        self.is_alive = False
        if self._process.returncode is None:
            self._kill_group()

    async def wait_closed(self) -> None:
        """Wait until the process is dead and its descriptors are closed."""
        await self._watch

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _next_answer(
        self, kinds: tuple[str, ...], request_id: str, timeout_seconds: int
    ) -> tuple[_Answer, bytes] | _End:
        if not self.is_alive:
            return _End.EXITED
        self._expected, self._request_id = kinds, request_id
        answer = self._answer = self._loop.create_future()
        timer = self._loop.call_later(timeout_seconds, self._resolve, _End.EXPIRED)
        try:
            result: tuple[_Answer, bytes] | _End = await answer
        finally:
            timer.cancel()
            self._answer = None
        return result

    def _resolve(self, result: tuple[_Answer, bytes] | _End) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result)

    def _send(self, data: bytes) -> bool:
        """Write without blocking; what the socket does not take goes as it drains. False when nobody can read it."""
        if not self._unsent:
            try:
                data = data[self._channel.send(data) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                return False  # its death will be seen by wait
        if data and self.is_alive:
            self._unsent += data
            self._loop.add_writer(self._channel.fileno(), self._send_rest)
        return True

    def _send_rest(self) -> None:
        try:
            del self._unsent[: self._channel.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._unsent.clear()  # its death will be seen by wait
        if not self._unsent:
            self._loop.remove_writer(self._channel.fileno())

    def _read_channel(self) -> bool:
        """Take what has come. False when there is nothing more for now."""
        try:
            data = self._channel.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionError:
            data = b""
        if not data:
            self._loop.remove_reader(self._channel.fileno())
            return False
        try:
            for head, body in self._reader.feed(data):
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
        self._resolve((answer, body))

    async def _see_end(self) -> None:
        """Wait for the death of the process; what it said before still counts."""
        await self._process.wait()
        self.is_alive = False
        for _ in range(_MAX_DRAIN_READS):
            if not self._read_channel():
                break
        self._resolve(_End.EXITED)
        self._kill_group()  # what it had started and left behind
        self._loop.remove_reader(self._channel.fileno())
        self._loop.remove_writer(self._channel.fileno())
        self._channel.close()
        self._output.close()


class _Pipe:
    """The read end of what a worker writes to stdout and stderr."""

    def __init__(self, descriptor: int, output: Output) -> None:
        self._descriptor = descriptor
        self._output = output
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def take(self) -> bytes:
        """All that has been written until now and since the last take, as far as it is kept."""
        self._drain()
        return self._output.take()

    def close(self) -> None:
        """Read what is left, then close."""
        if self._descriptor < 0:
            return
        self._drain()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1

    def _drain(self) -> None:
        for _ in range(_MAX_DRAIN_READS):
            if not self._read():
                return

    def _read(self) -> bool:
        if self._descriptor < 0:
            return False
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            self._loop.remove_reader(self._descriptor)
            return False
        self._output.write(data)
        return True


async def start_worker(command: Command, output: Output) -> Worker:
    """Start a process with a private descriptor for answers and one pipe for all that it prints.

    :raises OSError: if the process can't be started
    """
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    try:
        ours.setblocking(False)
        process = await asyncio.create_subprocess_exec(
            *command.arguments(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            cwd=command.code_folder,
            env=command.environment,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        os.close(read_end)
        raise
    finally:
        theirs.close()
        os.close(write_end)
    return Worker(process, ours, _Pipe(read_end, output))


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


def _peak_memory_bytes(pid: int) -> int:
    """What a process that can't be asked any more has used; 0 where the system does not tell."""
    with (
        contextlib.suppress(OSError, ValueError),
        open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines,
    ):
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
