"""The tour, taken in two terminals: the commands in the first, the server in the second."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

from . import rows
from .page import ROOT, SERVE, Step

#: For what programs fit to the terminal. The longest line of the tour has 97 characters.
COLUMNS = 98
LINES = 40
PATIENCE_SECONDS = 60
STOP_SECONDS = 20
QUIET_SECONDS = 1
#: Colours and the text of the server's lines: it redraws a table below them, and clears its line before each.
_CODES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_CLEARED = "\x1b[2K"
#: The server's lines: of the calls and changes of the function, and the one that says where it serves.
_SAID = re.compile(r"^\[hello\] (?!greeting number )")
_READY = re.compile(r"^SCF local ready ")
#: Of the lines of a map one of the first is shown, with a mark for the others: they come in any order, and the server
#: leaves some out where its terminal is slow.
_OF_MAP = re.compile(r"^\[hello\] greeting number ")
_FIRST_OF_MAP = re.compile(r"^\[hello\] greeting number 1$")
MORE = "\u2026"


class Event(NamedTuple):
    """An addition to one terminal: a command, if one is typed, and the rows below it."""

    terminal: int
    command: str
    rows: tuple[rows.Row, ...]


def make_environment(home: Path, locale: str) -> dict[str, str]:
    """The environment of a user with an empty home."""
    ours = ("TENCENT", "PYTEST", "LC_", "LANG", "NO_COLOR", "FORCE_COLOR")
    environ = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environ.update(PATH=path, PYTHONPATH=str(ROOT / "src"), HOME=str(home), XDG_RUNTIME_DIR=str(home))
    environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LC_CTYPE="C.UTF-8", LC_MESSAGES=locale)
    return environ


def start(command: str, folder: Path, environ: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command in a terminal of its own; the value has the other side of the terminal."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, rows.WIDTH, 0, 0))
    try:
        process = subprocess.Popen(
            ["bash", "-c", command],  # noqa: S607 - the one that a user finds
            cwd=folder,
            env=environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


def read_all(terminal: int) -> Iterator[bytes]:
    """Read what is written to a terminal, until its last program has ended."""
    with open(terminal, "rb", buffering=0) as stream:
        while True:
            try:
                part = stream.read(65536)
            except OSError:  # Linux says so that no program has it open any more
                return
            if not part:
                return
            yield part


def run(command: str, folder: Path, environ: Mapping[str, str]) -> bytes:
    """Run a command to its end; the value is its output."""
    process, terminal = start(command, folder, environ)
    output = b"".join(read_all(terminal))
    process.wait()
    return output


class Server:
    """The server in its terminal."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._process, terminal = start(f"exec {SERVE} --port 0", folder, environ)
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(terminal,), daemon=True)
        self._reader.start()

    def _read(self, terminal: int) -> None:
        rest = b""
        for part in read_all(terminal):  # at once: a server whose terminal is slow leaves lines out
            *whole, rest = (rest + part).split(b"\r\n")
            self._lines += [_CODES.sub("", line.decode().rpartition(_CLEARED)[2]) for line in whole]

    def list_lines(self, pattern: re.Pattern[str]) -> list[str]:
        """The lines that begin with a pattern, as far as they are whole."""
        return [line for line in self._lines if pattern.match(line)]

    def wait_for_lines(self, pattern: re.Pattern[str], count: int) -> list[str]:
        """Wait until there are so many lines that begin with a pattern."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(lines := self.list_lines(pattern)) < count:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server's terminal has {len(lines)} of {count} lines {pattern.pattern!r}")
            time.sleep(0.05)
        return lines

    def wait_until_quiet(self, pattern: re.Pattern[str]) -> None:
        """Wait until there are no more new lines that begin with a pattern."""
        before = -1
        while before != (now := len(self.list_lines(pattern))):
            before = now
            time.sleep(QUIET_SECONDS)

    def end(self) -> int:
        """Wait for its end, and bring it about where it does not come; the status."""
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its workers too: they have its terminal open
            return self._process.wait()
        finally:
            self._reader.join()

    def stop(self) -> None:
        """Stop it if it runs."""
        if self._process.poll() is None:
            self._process.terminate()
        self.end()


class Tour:
    """A walk through the steps.

    :param locale: of the programs, such as ``zh_CN.UTF-8``
    """

    def __init__(self, home: Path, locale: str) -> None:
        self._folder = home
        self._environ = make_environment(home, locale)
        self._server: Server | None = None
        self._heard = 0

    def take(self, steps: list[Step]) -> Iterator[Event]:
        """Take the steps, and tell what the terminals show."""
        for step in steps:
            if not step.command:
                yield self._hear(step.printed)
            elif step.command == SERVE:
                self._server = Server(self._folder, self._environ)
                ready, *_ = self._server.wait_for_lines(_READY, 1)
                yield Event(1, SERVE, make_rows(ready, step.printed))
            else:
                yield from self._type(step)

    def _type(self, step: Step) -> Iterator[Event]:
        output = run(step.command, self._folder, self._environ)
        yield Event(0, step.command, tuple(rows.take_values(rows.show(output), step.printed)))
        if step.command.startswith("cd "):
            self._folder = self._folder / step.command.split()[1]
        if step.command.startswith("scf invoke "):
            yield self._hear()
        elif step.command.startswith("scf map "):
            yield self._hear_map()

    def _hear(self, page: str = "") -> Event:
        """The next line of the server."""
        assert self._server is not None
        self._heard += 1
        lines = self._server.wait_for_lines(_SAID, self._heard)
        return Event(1, "", make_rows(lines[self._heard - 1], page))

    def _hear_map(self) -> Event:
        """The server's lines of a map."""
        assert self._server is not None
        first, *_ = self._server.wait_for_lines(_FIRST_OF_MAP, 1)
        self._server.wait_until_quiet(_OF_MAP)
        return Event(1, "", (*make_rows(first), (rows.Run(MORE),)))

    def close(self) -> None:
        """Wait until the server has ended, as the last step has told it."""
        if self._server is not None and self._server.end():
            raise RuntimeError("the server ended with an error")

    def abort(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.stop()


def make_rows(line: str, page: str = "") -> tuple[rows.Row, ...]:
    """The row of a line without colours, with the page's values."""
    return tuple(rows.take_values([(rows.Run(line),)], page))


@contextmanager
def make_home() -> Iterator[Path]:
    """An empty home, which is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tour-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def take_tour(steps: list[Step], locale: str) -> list[Event]:
    """Take the whole tour in an empty home."""
    with make_home() as home:
        tour = Tour(home, locale)
        try:
            events = list(tour.take(steps))
            tour.close()
        finally:
            tour.abort()
    return events
