"""The server's own terminal: one thread writes lines to stderr, so that a paused terminal never stops a call.

The last lines are kept, for ``scf local logs``. With ``--log-format json`` each line is a JSON object.
"""

import collections
import errno
import json
import queue
import re
import sys
import threading
import time
from collections.abc import Callable

#: CSI and OSC sequences whole, then every other control character but the tab: a function must not control the
#: terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_WAITING_LINES = 10_000
_MAX_KEPT_LINES = 2_000
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))  # where stderr is a file: there may be room again


class Console:
    """Takes lines from all threads and writes them in order. Lines over the limit are dropped and counted.

    :param is_json: write each line as a JSON object
    :ivar is_terminal: people read the lines as they come
    """

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_terminal: bool = sys.stderr is not None and sys.stderr.isatty()
        self._is_json = is_json
        self._blocks: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        self._waiting = 0  # lines
        self._dropped = 0
        self._kept: collections.deque[str] = collections.deque(maxlen=_MAX_KEPT_LINES)
        self._count = 0
        self._written = 0
        self._sources: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="scf-console", daemon=True)
        self._thread.start()

    def add_source(self, flush: Callable[[], None]) -> None:
        """Have lines that are collected elsewhere brought here before a reader gets the kept ones."""
        self._sources.append(flush)

    def show(self, line: str) -> None:
        """Queue a line for writing; never blocks."""
        self.show_block([_as_json(line) if self._is_json else line])

    def show_block(self, lines: list[str]) -> None:
        """Queue lines for writing as they are; never blocks."""
        with self._lock:
            self._kept.extend(lines)
            self._count += len(lines)
            if self._waiting + len(lines) > _MAX_WAITING_LINES:
                self._dropped += len(lines)
                return
            self._waiting += len(lines)
            self._blocks.put(lines)

    def kept(self, after: int = 0) -> tuple[list[str], int]:
        """Return the lines after the given count, as far as they are kept, and the number of all lines."""
        for flush in self._sources:
            flush()
        with self._lock:
            newer = max(0, min(self._count - after, len(self._kept)))
            return list(self._kept)[len(self._kept) - newer :], self._count

    @property
    def written(self) -> int:
        """Number of lines that were written or dropped."""
        return self._written

    def close(self, patience_seconds: float = 1.0) -> None:
        """Write the waiting lines, as far as the terminal takes them in that time."""
        self._blocks.put(None)
        self._thread.join(patience_seconds)

    def _write(self) -> None:
        passed = 0
        while (lines := self._blocks.get()) is not None:
            with self._lock:
                self._waiting -= len(lines)
                dropped, self._dropped = self._dropped, 0
            passed += len(lines) + dropped
            if dropped:
                note = f"({dropped} lines were dropped: the terminal is too slow)"
                lines = [*lines, _as_json(note) if self._is_json else note]
            try:
                sys.stderr.write("\n".join(lines) + "\n")
                if self._blocks.empty():
                    sys.stderr.flush()
                    self._written = passed
            except OSError as error:
                if error.errno not in _FULL:
                    return  # the terminal is gone; calls continue
                self._written = passed
            except ValueError:
                return


def _as_json(line: str) -> str:
    now = time.time()
    return json.dumps({"time": json_time(now), "line": line}, ensure_ascii=False)


def json_time(seconds: float) -> str:
    """Return a time as RFC 3339 has it, in UTC, with milliseconds.

    :param seconds: UNIX seconds
    """
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03d}Z"


def printable(text: str) -> str:
    """Return a text without characters that could control a terminal."""
    return _ESCAPES.sub("", text)
