"""The server's own terminal: one thread writes lines to stderr, so that a paused terminal never stops a call."""

import queue
import sys
import threading

_MAX_WAITING_LINES = 10_000


class Console:
    """Takes lines from anywhere and writes them in order. Lines over the bound are dropped and counted."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(_MAX_WAITING_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="scf-console", daemon=True)
        self._thread.start()

    def show(self, line: str) -> None:
        """Have a line written; never blocks."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, patience_seconds: float = 1.0) -> None:
        """Write what is waiting, as far as the terminal takes it in that time."""
        try:
            self._lines.put(None, timeout=patience_seconds)
        except queue.Full:
            return
        self._thread.join(patience_seconds)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._dropped:
                line = f"{line}\n({self._dropped} lines were dropped: the terminal is too slow)"
                self._dropped = 0
            try:
                sys.stderr.write(line + "\n")
                if self._lines.empty():
                    sys.stderr.flush()
            except (OSError, ValueError):
                return  # the terminal has gone; calls go on
