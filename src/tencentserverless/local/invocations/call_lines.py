"""A line on the server's terminal for each call that has ended: time, function, status, duration and request id.

A call only leaves its facts here. They become lines a moment later, many at once: to format and write each on its own
would cost a quick call a tenth of its time. On a terminal, which people read, a second has few lines; a file or a pipe
gets all of them.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tencentserverless.local.console import Console, json_time, printable
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import SUCCESS, Outcome
from tencentserverless.local.registry.function_version import FunctionRecord

_FLUSH_SECONDS = 0.05
_LINES_PER_SECOND = 20  # on a terminal
_SHOWN_SUCCESS = 200  # the platform writes it so in its own logs of calls


class EndedCall(NamedTuple):
    """The facts of a call that has succeeded.

    :ivar ended_at: UNIX seconds
    """

    ended_at: float
    record: FunctionRecord
    request_id: str
    duration_ms: float


class LineLimit:
    """Lets so many lines of each second through, and counts the others."""

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._second = 0
        self._shown = 0
        self._held = 0

    @property
    def has_held(self) -> bool:
        """True if lines of this second were not let through."""
        return self._held > 0

    def admit(self, now: float) -> bool:
        """True if a line of this moment may be shown."""
        if int(now) != self._second:
            self._second, self._shown = int(now), 0
        self._shown += 1
        self._held += self._shown > self._lines
        return self._shown <= self._lines

    def take_held(self, now: float) -> int:
        """Return the number of lines that a second which is over did not let through; they are told once."""
        if int(now) == self._second:
            return 0
        held, self._held = self._held, 0
        return held


class CallLines:
    """Shows ended calls.

    :param log_format: ``text`` or ``json``; ``none`` for failures alone, as text
    :param clock: UNIX seconds
    """

    def __init__(self, console: Console, log_format: str = "text", clock: Callable[[], float] = time.time) -> None:
        self._console = console
        self._clock = clock
        self._shows_all = log_format != "none"
        self._is_json = log_format == "json"
        self._limit = LineLimit(_LINES_PER_SECOND) if console.is_terminal else None
        self._ended: deque[tuple[float, FunctionRecord, str, float]] = deque()  # plain tuples are made twice as fast
        self._timer: asyncio.TimerHandle | None = None
        self._write = _write_json if self._is_json else _Text(is_short=console.is_terminal).write
        console.add_source(self.flush)

    def after(self, invocation: Invocation) -> None:
        """Note a call that has ended; show a failure at once."""
        outcome = invocation.outcome
        if outcome is None:
            return
        if outcome.status != SUCCESS:
            self._show_failure(invocation, outcome)
        elif self._shows_all:
            self._ended.append((self._clock(), invocation.record, invocation.request_id, outcome.duration_ms))
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flush_in_time)

    def flush(self) -> None:
        """Show the calls that have ended until now."""
        limit, write, lines = self._limit, self._write, []
        while self._ended:
            call = self._ended.popleft()
            if limit is not None:
                lines += self._told_held(call[0])
                if not limit.admit(call[0]):
                    continue
            lines.append(write(*call))
        lines += self._told_held(self._clock())
        if lines:
            self._console.show_block(lines)

    def _flush_in_time(self) -> None:
        self._timer = None
        self.flush()
        if self._limit is not None and self._limit.has_held:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flush_in_time)

    def _told_held(self, now: float) -> list[str]:
        held = self._limit.take_held(now) if self._limit is not None else 0
        return [f"... {held:,} more"] if held else []

    def _show_failure(self, invocation: Invocation, outcome: Outcome) -> None:
        self.flush()  # the calls before it come first
        now = self._clock()
        if self._limit is not None:
            for line in self._told_held(now):
                self._console.show(line)
            if not self._limit.admit(now):
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._flush_in_time)
                return
        if self._is_json:
            facts = {**_facts(EndedCall(now, invocation.record, invocation.request_id, outcome.duration_ms))}
            facts |= {"status": outcome.status, "error": outcome.message, "stack_trace": outcome.stack_trace}
            self._console.show_block([json.dumps(facts | {"ending": outcome.ending}, ensure_ascii=False)])
            return
        trace = f"\n{outcome.stack_trace}" if outcome.stack_trace else ""
        ending = f"{outcome.ending}, " if outcome.ending else ""
        words = f"status {outcome.status}: {outcome.message} ({ending}{outcome.duration_ms:.2f} ms){trace}"
        line = f"[{invocation.record.key.name}] ERROR RequestId:{invocation.request_id} {words}"
        self._console.show(printable(f"{_Text(is_short=self._console.is_terminal).stamp(now)} {line}"))


class _Text:
    """Writes lines as text. The time of a second is written once.

    :param is_short: write times without the day
    """

    def __init__(self, *, is_short: bool) -> None:
        self._layout = "%H:%M:%S" if is_short else "%Y-%m-%d %H:%M:%S"
        self._second = -1
        self._prefix = ""

    def stamp(self, seconds: float) -> str:
        """Return a time of this machine's zone, with milliseconds."""
        whole = int(seconds)
        if whole != self._second:
            self._second, self._prefix = whole, time.strftime(self._layout, time.localtime(whole))
        return f"{self._prefix}.{int((seconds - whole) * 1000):03d}"

    def write(self, ended_at: float, record: FunctionRecord, request_id: str, duration_ms: float) -> str:
        """Write the line of a call that has succeeded."""
        return f"{self.stamp(ended_at)} [{record.key.name}] {_SHOWN_SUCCESS} {duration_ms:.2f} ms {request_id}"


def _write_json(ended_at: float, record: FunctionRecord, request_id: str, duration_ms: float) -> str:
    call = EndedCall(ended_at, record, request_id, duration_ms)
    return json.dumps(_facts(call) | {"status": _SHOWN_SUCCESS}, ensure_ascii=False)


def _facts(call: EndedCall) -> dict[str, object]:
    key = call.record.key
    return {
        "time": json_time(call.ended_at),
        "function": key.name,
        "namespace": key.namespace,
        "region": key.region,
        "version": call.record.version,
        "request_id": call.request_id,
        "duration_ms": round(call.duration_ms, 3),
    }
