"""A line on the server's terminal for each call that has ended: time, function, status, duration and request id.

A call only leaves its facts here. They become lines a moment later, many at once: to format and write each on its own
would cost a quick call a tenth of its time. On a terminal, which people read, a second has few lines; a file or a pipe
gets all of them.
"""

import asyncio
import json
import time
from collections.abc import Callable

from tencentserverless.exception import explain_traceback
from tencentserverless.local.console import Console, json_time, printable
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import SUCCESS, Outcome
from tencentserverless.local.registry.function_version import FunctionRecord

_FLUSH_SECONDS = 0.05
_LINES_PER_SECOND = 20  # on a terminal
_SHOWN_SUCCESS = 200  # the platform writes it so in its own logs of calls


#: UNIX seconds of the end, version, request id, milliseconds.
EndedCall = tuple[float, FunctionRecord, str, float]


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
    :param advise: returns advice for the user of a function that has failed, ``""`` for none
    """

    def __init__(
        self,
        console: Console,
        log_format: str = "text",
        clock: Callable[[], float] = time.time,
        advise: Callable[[FunctionRecord, Outcome], str] | None = None,
    ) -> None:
        self._console = console
        self._advise = advise
        self._clock = clock
        self._shows_all = log_format != "none"
        self._limit = LineLimit(_LINES_PER_SECOND) if console.is_terminal else None
        self._ended: list[EndedCall] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writer = _Json() if log_format == "json" else _Text(is_short=console.is_terminal)
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
        ended, self._ended = self._ended, []
        lines = self._writer.write_all(ended) if self._limit is None else self._few_lines(ended, self._limit)
        if lines:
            self._console.show_block(lines)

    def _few_lines(self, ended: list[EndedCall], limit: LineLimit) -> list[str]:
        """The lines of a terminal."""
        lines: list[str] = []
        for call in ended:
            lines += self._told_held(call[0])
            if limit.admit(call[0]):
                lines += self._writer.write_all([call])
        return lines + self._told_held(self._clock())

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
        if isinstance(self._writer, _Json):
            self._console.show_block([self._writer.write_failure(now, invocation, outcome)])
            return
        summary, detail = explain_traceback(outcome.message)
        ending = f"{outcome.ending}, " if outcome.ending else ""
        words = f"status {outcome.status}: {summary} ({ending}{outcome.duration_ms:.2f} ms)"
        head = (
            f"{self._writer.stamp(now)} [{invocation.record.key.name}] ERROR RequestId:{invocation.request_id} {words}"
        )
        advice = self._advise(invocation.record, outcome) if self._advise is not None else ""
        self._console.show(printable("\n".join(filter(None, (head, detail, outcome.stack_trace, advice)))))


class _Text:
    """Writes lines as text.

    :param is_short: write times without the day
    """

    def __init__(self, *, is_short: bool) -> None:
        self._layout = "%H:%M:%S" if is_short else "%Y-%m-%d %H:%M:%S"
        self._moment = -1
        self._stamp = ""

    def stamp(self, seconds: float) -> str:
        """Return a time of this machine's zone, with milliseconds. That of a millisecond is made once."""
        moment = int(seconds * 1000)
        if moment != self._moment:
            second, ms = divmod(moment, 1000)
            self._moment, self._stamp = moment, f"{time.strftime(self._layout, time.localtime(second))}.{ms:03d}"
        return self._stamp

    def write_all(self, ended: list[EndedCall]) -> list[str]:
        """Write the lines of calls that have succeeded."""
        stamp = self.stamp
        return [
            f"{stamp(ended_at)} [{record.key.name}] {_SHOWN_SUCCESS} {duration_ms:.2f} ms {request_id}"
            for ended_at, record, request_id, duration_ms in ended
        ]


class _Json:
    """Writes lines as JSON objects. The part that all calls of a version share is written once."""

    def __init__(self) -> None:
        self._moment = -1
        self._stamp = ""
        self._record: FunctionRecord | None = None
        self._place = ""

    def write_all(self, ended: list[EndedCall]) -> list[str]:
        """Write the lines of calls that have succeeded."""
        return [
            f'{self._head(ended_at, record)}, "request_id": "{request_id}", "duration_ms": {duration_ms:.3f}, '
            f'"status": {_SHOWN_SUCCESS}}}'
            for ended_at, record, request_id, duration_ms in ended
        ]

    def write_failure(self, now: float, invocation: Invocation, outcome: Outcome) -> str:
        """Write the line of a call that has failed."""
        facts = {
            "request_id": invocation.request_id,
            "duration_ms": round(outcome.duration_ms, 3),
            "status": outcome.status,
            "error": outcome.message,
            "stack_trace": outcome.stack_trace,
            "ending": outcome.ending,
        }
        return f"{self._head(now, invocation.record)}, {json.dumps(facts, ensure_ascii=False)[1:]}"

    def _head(self, seconds: float, record: FunctionRecord) -> str:
        moment = int(seconds * 1000)
        if moment != self._moment:
            self._moment, self._stamp = moment, json_time(seconds)
        if record is not self._record:
            key = record.key
            place = {"function": key.name, "namespace": key.namespace, "region": key.region, "version": record.version}
            self._record, self._place = record, json.dumps(place, ensure_ascii=False)[1:-1]
        return f'{{"time": "{self._stamp}", {self._place}'
