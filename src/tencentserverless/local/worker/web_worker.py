"""A worker of a web function: a server of the user's own, which listens on port 9000 and gets requests as they are.

Source: cloud.tencent.com/document/product/583/56124, 56126 (web functions), 42611 (status codes).
"""

import asyncio
import contextlib
import functools
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local import outcome
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.settings import MIB
from tencentserverless.local.worker.isolation import Plan
from tencentserverless.local.worker.output import Output, Pipe
from tencentserverless.local.worker.process_group import Group, open_pipe
from tencentserverless.local.worker.time_limit import TimeLimit
from tencentserverless.local.worker.watchdog import WATCH
from tencentserverless.local.worker.web_headers import InjectedHeaders
from tencentserverless.local.worker.web_listening import Listening, Target
from tencentserverless.local.worker.web_ports import Way, launch_command
from tencentserverless.local.worker.web_start import START_FILE, Start
from tencentserverless.local.worker.worker import EndReason, ProcessWorker
from tencentserverless.local.worker.worker_states import TRANSITIONS, Move, State

_MEMORY_SECONDS = 0.05  # between two looks at the peak of the memory: a look costs as much as a short request
_DEATH_SECONDS = 0.2  # how long a request that broke off waits for the death of the process, which would explain it
_BREAKS = frozenset((502, outcome.EXITED))  # the app ended the connection; other statuses have their own reason


@dataclass(frozen=True, slots=True)
class WebCommand:
    """The command that starts a web function.

    :param launcher: the program that prepares the instance
    :param address: where it is to be found; its own unless there is one instance alone
    :param pipe: where the shims tell that it listens
    """

    start: Start
    way: Way
    address: tuple[str, int]
    launcher: Path
    code_folder: Path
    environment: Mapping[str, str]
    pipe: Path
    memory_mb: int
    umask: int
    isolation: Plan | None = None

    def arguments(self, descriptor: int) -> tuple[str, ...]:
        """Return the command line of the launcher.

        :param descriptor: its end of the socket pair
        """
        isolation = self.isolation
        if isolation is not None and self.start.covers is not None:
            isolation = {**isolation, "covers": [self.start.covers]}
        plan = {
            "socket": descriptor,
            "umask": self.umask,
            "watchdog": WATCH,
            "isolation": isolation,
            "filters": self.way is Way.SECCOMP,
            "tries": 0,
            "command": self.start.command,
        }
        return launch_command(self.launcher, plan)


class _Run:
    """A request that runs. It is used again for later ones, because its limit keeps its timer."""

    __slots__ = ("invocation", "limit")

    def __init__(self, expire: Callable[["_Run"], None]) -> None:
        self.invocation: Invocation | None = None
        self.limit = TimeLimit(functools.partial(expire, self))


class WebWorker(ProcessWorker):
    """A process that serves the requests of one web function, as many at once as it is given.

    :ivar address: where its server listens
    """

    state: State
    takes_keys: bool = True  # they come with each request, as headers

    def __init__(
        self,
        group: Group,
        lifeline: int,
        listening: Listening,
        output: Pipe,
        command: WebCommand,
        headers: InjectedHeaders,
    ) -> None:
        self._lifeline = lifeline
        self._listening = listening
        self._output = output
        self._memory_mb = command.memory_mb
        self._headers = headers
        self._runs: dict[str, _Run] = {}
        self._free: list[_Run] = []
        self._was_killed = False
        self._memory_bytes = 0
        self._looked_at = -_MEMORY_SECONDS
        self.address: tuple[str, int] = command.address
        super().__init__(group, _never)

    @property
    def running_seconds(self) -> float:
        """Duration of the longest request that runs; 0 if none does."""
        return max((run.limit.passed_ms() for run in self._runs.values()), default=0.0) / 1000

    @property
    def memory_pid(self) -> int:
        """The process whose memory counts: the one that listens, which the start file has started."""
        return self._listening.process or self.pid

    async def load(self, frame: dict[str, object], timeout_seconds: float) -> Outcome | None:
        """Wait until the server listens. Returns None then, else the failure.

        :param frame: unused; the server reads its environment
        """
        listening = self._loop.create_task(self._listening.wait())
        await asyncio.wait({listening, self._watch}, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._watch.done():
            listening.cancel()
            return self._listening.failure_of_launch() or self._died_at_start()
        if listening.done() and (fault := listening.result()) is None:
            self._move(Move.LOADED)
            return None
        fault = listening.result() if listening.done() else self._listening.describe_silence(timeout_seconds)
        listening.cancel()
        self.kill()
        self._listening.tell(fault or "")
        return outcome.not_listening(self._output.take())

    def begin(self, invocation: Invocation, environ: bytes, timeout_seconds: float) -> None:
        """Have the server answer one request; how it ends goes to ``on_end``, later.

        :param environ: new temporary keys, as a JSON object of variables; empty for none
        """
        assert invocation.exchange is not None, "only requests reach a web function"
        was_warm, self._has_served = self._has_served, True
        if was_warm and not self._runs:
            self._output.drop()  # of the time between requests; the first request's log has the output of the start
        if environ:
            self._headers.take_keys(environ)
        if not self.is_alive:
            self._loop.call_soon(self.on_end, invocation, None)
            return
        if not self._runs:
            self.state = TRANSITIONS[self.state, Move.BEGIN]
        run = self._free.pop() if self._free else _Run(self._expire_run)
        run.invocation = invocation
        self._runs[invocation.request_id] = run
        run.limit.begin(timeout_seconds)
        on_end = functools.partial(self._take_end, run, invocation)
        invocation.exchange.begin(self.address, self._headers.of(invocation.request_id), on_end)

    def prefetch(self, invocation: Invocation, environ: bytes) -> bool:
        """No: a server has no channel in which a request could wait and be taken back."""
        return False

    def revoke(self) -> None:
        """Nothing waits."""

    def kill_out_of_memory(self) -> None:
        """The process holds more memory than it may: all its requests end in that."""
        self._end_all(EndReason.OUT_OF_MEMORY)

    def kill(self) -> None:
        """Kill the process and everything in its group, at once."""
        self._was_killed = True
        super().kill()

    def _take_end(self, run: _Run, invocation: Invocation, status: int, message: str) -> None:
        """The exchange has ended by itself."""
        if run.invocation is not invocation:
            return
        if status not in _BREAKS or not self.is_alive:
            self._settle(run, self._outcome(run, status, message))
            if self._memory_bytes > self._memory_mb * MIB and self.is_alive:
                self._end_over_memory()
        else:
            self._loop.create_task(self._explain(run, invocation, status, message))

    async def _explain(self, run: _Run, invocation: Invocation, status: int, message: str) -> None:
        """End a request that broke off: with the end of the process, if that comes now."""
        await asyncio.wait({self._watch}, timeout=_DEATH_SECONDS)
        if run.invocation is invocation:
            self._settle(run, self._outcome(run, status, message))

    def _end_over_memory(self) -> None:
        """End a process that has held too much memory, after the answer in which it shows."""
        used_mb = self._memory_bytes // MIB
        self._listening.tell(
            f"has held {used_mb} MB, and may hold {self._memory_mb} MB: its instance ends; in the cloud that is 434"
        )
        self._end_all(EndReason.OUT_OF_MEMORY)
        self.kill()

    def _expire_run(self, run: _Run) -> None:
        """The time of one request is up: it ends alone."""
        seconds = int(run.limit.seconds)
        self._stop(run, outcome.timed_out(seconds, self._peak_bytes(), self._output.take()))

    def _end_all(self, reason: EndReason) -> None:
        """The process is dead, or is killed now, and with it all its requests."""
        if not self._runs:
            return
        output = self._output.take()
        if reason is EndReason.OUT_OF_MEMORY:
            self._looked_at = -_MEMORY_SECONDS
            self._peak_bytes()
            self.kill()
        for run in list(self._runs.values()):
            passed_ms = run.limit.passed_ms()
            if reason is EndReason.EXITED:
                self._stop(run, outcome.exited(passed_ms, output, self._group.ending))
            else:
                self._stop(run, outcome.memory_exceeded(passed_ms, self._memory_bytes, self._memory_mb, output))

    def _stop(self, run: _Run, result: Outcome) -> None:
        invocation = run.invocation
        if invocation is not None and invocation.exchange is not None:
            invocation.exchange.stop(result.status, result.message)
            self._settle(run, result)

    def _settle(self, run: _Run, result: Outcome) -> None:
        invocation, run.invocation = run.invocation, None
        if invocation is None:
            return
        run.limit.end()
        del self._runs[invocation.request_id]
        self._free.append(run)
        if not self._runs:
            self.state = TRANSITIONS[self.state, Move.ANSWERED]
        self.on_end(invocation, result)

    def _outcome(self, run: _Run, status: int, message: str) -> Outcome:
        output = self._output.take()
        return Outcome(status, "", message, "", run.limit.passed_ms(), self._peak_bytes(), output)

    def _peak_bytes(self) -> int:
        """Return the peak of the memory, as it was a moment ago."""
        now = time.monotonic()
        if now - self._looked_at >= _MEMORY_SECONDS:
            self._looked_at = now
            self._memory_bytes = self._group.peak_memory_bytes(self.memory_pid) or self._memory_bytes
        return self._memory_bytes

    def _died_at_start(self) -> Outcome:
        ending = self._group.ending
        words = f"{START_FILE} ended with {ending} before anything listened on port 9000"
        if self._listening.process:
            words = f"{START_FILE} ended with {ending}: the server that it starts has to stay in the foreground"
        if not self._was_killed:
            self._listening.tell(words)
        return Outcome(outcome.EXITED_AT_START, message=words, output=self._output.take(), ending=ending)

    async def _see_end(self) -> None:
        """Wait for the death of the process."""
        await self._group.wait()
        self._move(Move.EXITED)
        self._end_all(EndReason.EXITED)
        self._group.kill()  # what it had started and left behind
        self._listening.close()
        self._output.close()
        for run in self._free:
            run.limit.close()
        os.close(self._lifeline)


def _never() -> None:
    """Each request has a limit of its own."""


async def start_web_worker(
    command: WebCommand, output: Output, headers: InjectedHeaders, tell: Callable[[str], None]
) -> WebWorker:
    """Start a web function by the launcher, with one pipe for all its output.

    :param tell: called with a line for the user
    :raises OSError: if the process can't be started; ``strerror`` says why
    """
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as kept:
        kept.callback(ours.close)
        with contextlib.ExitStack() as given:
            given.callback(theirs.close)
            life_end, lifeline = open_pipe(given, kept)
            read_end, write_end = open_pipe(kept, given)
            process = await asyncio.create_subprocess_exec(
                *command.arguments(theirs.fileno()),
                stdin=life_end,
                stdout=write_end,
                stderr=write_end,
                cwd=command.code_folder,
                env=command.environment,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        kept.pop_all()
    group = Group(process)
    group.let_server_go_first()
    listening = Listening(ours, Target(command.way, command.address, command.pipe), tell)
    return WebWorker(group, lifeline, listening, Pipe(read_end, output), command, headers)
