"""A worker of a custom runtime: any executable called ``bootstrap``, which uses the runtime API over HTTP.

Source: the pages on custom runtimes under cloud.tencent.com/document/product/583, and 583/42611 (status codes).
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.isolation import Plan, launch_command
from tencentserverless.local.worker.output import Output, Pipe
from tencentserverless.local.worker.process_group import Group, open_pipe
from tencentserverless.local.worker.runtime_api import HOST, Event, Reply, RuntimeApi
from tencentserverless.local.worker.watchdog import WATCH
from tencentserverless.local.worker.worker import EndReason, ProcessWorker
from tencentserverless.local.worker.worker_states import TRANSITIONS, Move, State

START_FILE = "bootstrap"
_OVERSIZED = 407
_MAX_ERROR_CHARS = 256 * 1024
_MAGIC_BYTES = 128
#: Sets the mode of new files, starts the watchdog, and becomes the bootstrap. The watchdog is double-forked and so not
#: the bootstrap's child: a bootstrap that waits for all its children must not wait for it.
_START = f"""
umask "$1"
exec 3<&0 </dev/null
({{ {WATCH} }} >/dev/null 2>&1 &)
exec 3<&-
exec ./{START_FILE}
"""


@dataclass(frozen=True, slots=True)
class CustomCommand:
    """The command that starts a bootstrap.

    :param umask: umask of the bootstrap
    """

    code_folder: Path
    environment: Mapping[str, str]
    handler: str
    memory_mb: int
    umask: int
    isolation: Plan | None = None

    def arguments(self) -> tuple[str, ...]:
        """Return the command line."""
        return launch_command(self.isolation, ("/bin/sh", "-c", _START, START_FILE, f"{self.umask:04o}"))

    def variables(self, port: int) -> dict[str, str]:
        """Return the whole environment, for a runtime API on this port."""
        api = {"SCF_RUNTIME_API": HOST, "SCF_RUNTIME_API_PORT": str(port), "_HANDLER": self.handler}
        return {**self.environment, **api}


class CustomWorker(ProcessWorker):
    """A process that runs one function, one call at a time: a ``Worker``. Make it with ``start_custom_worker``."""

    state: State
    takes_keys: bool = False  # they are in its environment, and the runtime API has no call that brings new ones

    def __init__(self, group: Group, lifeline: int, api: RuntimeApi, output: Pipe, memory_mb: int) -> None:
        super().__init__(group, self._expire)
        self._lifeline = lifeline
        self._api = api
        self._output = output
        self._memory_mb = memory_mb
        self._was_killed = False
        self._is_warm = False  # it has served before the call that it runs now
        api.on_reply = self._settle

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until the bootstrap reports that it is ready. Returns None then, else the failure.

        :param frame: unused; a bootstrap reads its environment
        """
        waited = {self._api.ready, self._watch}
        await asyncio.wait(waited, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._api.ready.done():
            self._move(Move.LOADED)
            return None
        if self._watch.done():
            status = await self._group.wait()
            how = f"with status {status}" if status >= 0 else f"by signal {-status}"
            message = f"{START_FILE} ended {how} before it was ready"
            return Outcome(outcome.EXITED_AT_START, message=message, output=self._output.take())
        self.kill()
        message = (
            f"Initialization timed out after {timeout_seconds:g} seconds: {START_FILE} did not say that it is ready"
        )
        return Outcome(outcome.START_TIMED_OUT, message=message, output=self._output.take())

    def begin(self, invocation: Invocation, environ: bytes, timeout_seconds: float) -> None:
        """Have the bootstrap run one event; how it ends goes to ``on_end``, later.

        :param environ: empty, see ``takes_keys``
        """
        self._is_warm, self._has_served = self._has_served, True
        if self._is_warm:
            self._output.drop()  # output between calls; the first call's log keeps the output of the start
        if not self.is_alive:
            has_run = not (self._is_warm or self._was_killed)
            result = outcome.exited(0.0, self._output.take(), self._group.ending) if has_run else None
            self._loop.call_soon(self.on_end, invocation, result)
            return
        self._current = invocation
        self.state = TRANSITIONS[self.state, Move.BEGIN]
        self._limit.begin(timeout_seconds)
        self._api.offer(Event(invocation.request_id, invocation.event, self._memory_mb, int(timeout_seconds * 1000)))

    def prefetch(self, invocation: Invocation, environ: bytes) -> bool:
        """No: asked for its next event, the runtime API gives the one that has no answer yet."""
        return False

    def revoke(self) -> None:
        """Take back the event if the bootstrap has not asked for it yet."""
        if not self._api.is_taken:
            self._settle(None)

    def kill_out_of_memory(self) -> None:
        """The process holds more memory than it may: its call ends in that."""
        self._settle(EndReason.OUT_OF_MEMORY)

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""
        self._was_killed = True
        super().kill()

    def _expire(self) -> None:
        self._settle(EndReason.EXPIRED)

    def _settle(self, end: Reply | EndReason | None) -> None:
        """The call has ended, if one runs."""
        invocation, self._current = self._current, None
        if invocation is not None:
            self.state = TRANSITIONS[self.state, Move.ANSWERED]
            self._limit.end()
            self._api.withdraw()
            self.on_end(invocation, None if end is None else self._outcome(end))

    def _outcome(self, end: Reply | EndReason) -> Outcome:
        duration_ms, output = self._limit.passed_ms(), self._output.take()
        if end is EndReason.EXITED:
            return outcome.exited(duration_ms, output, self._group.ending)
        memory_bytes = self._group.peak_memory_bytes()
        if end is EndReason.EXPIRED:
            self.kill()
            return outcome.timed_out(int(self._limit.seconds), memory_bytes, output)
        if not isinstance(end, Reply) or memory_bytes > self._memory_mb * MIB:
            self.kill()
            return outcome.memory_exceeded(duration_ms, memory_bytes, self._memory_mb, output)
        status, text, message = _read(end)
        return Outcome(
            status=status,
            text=text,
            message=message,
            duration_ms=duration_ms,
            memory_bytes=memory_bytes,
            output=output,
        )

    async def _see_end(self) -> None:
        """Wait for the death of the process."""
        await self._group.wait()
        self._move(Move.EXITED)
        has_run = self._api.is_taken or not self._is_warm or self._was_killed
        self._settle(EndReason.EXITED if has_run else None)
        self._group.kill()  # what it had started and left behind
        self._api.close()
        self._output.close()
        self._limit.close()
        os.close(self._lifeline)


def _read(reply: Reply) -> tuple[int, str, str]:
    """Return status, return value and error message of a call that the bootstrap has answered."""
    if reply.is_cut:
        return _OVERSIZED, "", "The size of response exceeds the upper limit (6MB)"
    text = reply.body.decode("utf-8", "replace")
    if reply.has_succeeded:
        return outcome.SUCCESS, text, ""
    return outcome.USER_ERROR, "", text[:_MAX_ERROR_CHARS].strip() or "user code exception caught"


class NotExecutable(Exception):
    """The system would not start a bootstrap; the message says why, and what to do."""


async def start_custom_worker(command: CustomCommand, output: Output) -> CustomWorker:
    """Start a bootstrap with a runtime API of its own and one pipe for all its output.

    :raises NotExecutable: if the bootstrap can't be executed
    :raises OSError: if the process can't be started; ``strerror`` says why
    """
    await asyncio.to_thread(_check_start_file, command.code_folder / START_FILE)
    api = RuntimeApi()
    with contextlib.ExitStack() as ours:
        ours.callback(api.close)
        await api.open()
        with contextlib.ExitStack() as theirs:
            life_end, lifeline = open_pipe(theirs, ours)
            read_end, write_end = open_pipe(ours, theirs)
            process = await asyncio.create_subprocess_exec(
                *command.arguments(),
                stdin=life_end,
                stdout=write_end,
                stderr=write_end,
                cwd=command.code_folder,
                env=command.variables(api.port),
                start_new_session=True,
            )
        ours.pop_all()
    group = Group(process)
    group.let_server_go_first()
    return CustomWorker(group, lifeline, api, Pipe(read_end, output), command.memory_mb)


def _check_start_file(path: Path) -> None:
    """Find out why the system would not start a file, in words that say what to do.

    :raises NotExecutable: if the system would not start the file
    :raises OSError: if the file can't be read
    """
    if not path.is_file():
        raise NotExecutable(f"there is no file {START_FILE!r} in the root of the code")
    if not os.access(path, os.X_OK):
        raise NotExecutable(f"{START_FILE!r} is not executable: chmod 755 it, before it is packed too")
    with path.open("rb") as file:
        head = file.read(_MAGIC_BYTES)
    first_line = head.partition(b"\n")[0]
    if b"\0" not in head and not head.startswith(b"#!"):
        raise NotExecutable(f"{START_FILE!r} is no program, nor a script whose first line is such as #!/bin/bash")
    if head.startswith(b"#!") and first_line.endswith(b"\r"):
        raise NotExecutable(
            f"the first line of {START_FILE!r} ends as on Windows: the return is read as part of the interpreter's name"
        )
