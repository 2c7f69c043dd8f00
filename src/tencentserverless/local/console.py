"""The server's own terminal: one thread writes lines to stderr, so that a paused terminal never stops a call.

The last lines are kept, for ``scf local logs``.
"""

import collections
import errno
import queue
import re
import sys
import threading

#: CSI and OSC sequences whole, then every other control character but the tab: a function must not control the
#: terminal.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAX_WAITING_LINES = 10_000
_MAX_KEPT_LINES = 2_000
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))  # where stderr is a file: there may be room again


class Console:
    """Takes lines from all threads and writes them in order. Lines over the limit are dropped and counted."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(_MAX_WAITING_LINES)
        self._dropped = 0
        self._kept: collections.deque[str] = collections.deque(maxlen=_MAX_KEPT_LINES)
        self._count = 0
        self._written = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="scf-console", daemon=True)
        self._thread.start()

    def show(self, line: str) -> None:
        """Queue a line for writing; never blocks."""
        with self._lock:
            self._kept.append(line)
            self._count += 1
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def kept(self, after: int = 0) -> tuple[list[str], int]:
        """Return the lines after the given count, as far as they are kept, and the number of all lines."""
        with self._lock:
            newer = max(0, min(self._count - after, len(self._kept)))
            return list(self._kept)[len(self._kept) - newer :], self._count

    @property
    def written(self) -> int:
        """Number of lines that were written or dropped."""
        return self._written

    def close(self, patience_seconds: float = 1.0) -> None:
        """Write the waiting lines, as far as the terminal takes them in that time."""
        try:
            self._lines.put(None, timeout=patience_seconds)
        except queue.Full:
            return
        self._thread.join(patience_seconds)

    def _write(self) -> None:
        passed = 0
        while (line := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            passed += 1 + dropped
            if dropped:
                line = f"{line}\n({dropped} lines were dropped: the terminal is too slow)"
            try:
                sys.stderr.write(line + "\n")
                if self._lines.empty():
                    sys.stderr.flush()
                    self._written = passed
            except OSError as error:
                if error.errno not in _FULL:
                    return  # the terminal is gone; calls continue
                self._written = passed
            except ValueError:
                return


def printable(text: str) -> str:
    """Return a text without characters that could control a terminal."""
    return _ESCAPES.sub("", text)
