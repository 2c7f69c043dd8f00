"""Run a page as its reader would: its files are written, its commands are typed, and what they print is compared.

A block of code whose first line is a comment with a path is a file. A block ``console`` has commands behind ``$``, each
with all that it prints. ``scf local start`` runs in a terminal of its own until the page stops or replaces it; a block
``text`` is what it says there later.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import SOURCE, end_process
from tests.peer import unused_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
SERVE = "scf local start"
#: Commands that are only looked at, because they would reach the cloud, and a file of an editor.
TESTED_ELSEWHERE = ("sh", "json")
#: What differs from run to run: ids, durations, ports, the names of a server's URLs, where the folder is.
CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"(?<![\w.])[\d.,]+ (ms|MB|KB)\b"), r"N \1"),
    (re.compile(r"\b[\d,]+ (zipped|bytes\b)"), r"N \1"),  # as the machine's zlib packs them
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"1250000000-[a-z0-9]{10}"), "1250000000-ID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"^ +[~^]+\n", re.MULTILINE), ""),  # Python 3.10 shows no carets there
)


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def path(self) -> str | None:
        """The file that the block is."""
        found = re.match(r"(?:#|//) ([\w./-]+\.\w+|[\w./-]+/[\w.-]+)\n", self.text)
        return found[1] if found and self.language != "console" else None


def read_blocks(text: str) -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def split_commands(console: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, each with what it prints."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = re.sub(r"\\\n> ", "", part).partition("\n")
        yield command, printed


def settle(text: str, folder: Path) -> str:
    """Replace what differs from run to run."""
    text = text.replace(f"{folder}/", "/home/ada/")
    for pattern, constant in CHANGING:
        text = pattern.sub(constant, text)
    return text.strip()


class Terminal:
    """A shell that keeps its folder and its variables from one command to the next, and one that serves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self._variables = folder / "variables"
        self._place = folder / "place"
        self._said = folder / "said"
        self._said_before = 0  # the bytes that the server had said when the last command was typed
        self._server: subprocess.Popen[bytes] | None = None
        (folder / "runtime").mkdir(mode=0o700)
        self.folder.mkdir()
        self._place.write_text(f"{self.folder}\n")
        scripts = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TENCENT", "PYTEST", "LC_"))}
        own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "runtime"), "LANG": "C.UTF-8", "COLUMNS": "120"}
        self._environ = {**kept, **own, "PATH": scripts, "PYTHONPATH": str(SOURCE)}

    def settle(self, text: str) -> str:
        return settle(text, self.folder)

    @property
    def place(self) -> Path:
        """The folder that the commands are in."""
        return Path(self._place.read_text(encoding="utf-8").rstrip("\n"))

    def write(self, path: str, text: str) -> None:
        """Save a file, as in an editor."""
        file = self.place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(self, command: str) -> str:
        """Type a command, and return all that it prints."""
        self._said_before = self._said.stat().st_size if self._server is not None else 0
        before = f'[ -e {self._variables} ] && . {self._variables}; cd "$(cat {self._place})"\n'
        after = f"\nexport -p > {self._variables}; pwd > {self._place}"
        done = subprocess.run(
            ["bash", "-c", before + command + after],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return done.stdout

    def check(self, command: str, printed: str) -> None:
        """Type a command, and compare what it prints."""
        found, wanted = self.settle(self.run(command)), self.settle(printed)
        assert found == wanted, f"{command}\nprints:\n{found}\nnot:\n{wanted}"

    def serve(self, command: str, printed: str) -> None:
        """Start a server on a free port in place of the last one, and wait for what it says."""
        self.close()
        self._said_before = 0
        command = re.sub(r"(--debug \w+)(:\d+)?", lambda found: f"{found[1]}:{unused_port()}", command)
        with self._said.open("wb") as said:
            self._server = subprocess.Popen(
                ["bash", "-c", f"exec {command} --port 0"],
                cwd=self.place,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        if "SCF local ready" in printed:
            self.expect(printed)
        else:
            assert self._server.wait(PATIENCE_SECONDS) != 0
            found, wanted = self.said(), self.settle(printed)
            assert found == wanted, f"{command}\nprints:\n{found}\nnot:\n{wanted}"

    def said(self) -> str:
        """Return what the server has said since the last command was typed."""
        return self.settle(self._said.read_bytes()[self._said_before :].decode("utf-8", "replace"))

    def expect(self, printed: str) -> None:
        """Wait until the server has said each of some lines since the last command was typed."""
        lines = set(self.settle(printed).splitlines())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not lines <= set(self.said().splitlines()):
            assert time.monotonic() < deadline, f"missing {lines - set(self.said().splitlines())} in:\n{self.said()}"
            time.sleep(0.02)

    def close(self) -> None:
        if self._server is not None:
            end_process(self._server)
            self._server = None


def run_page(page: Path, folder: Path) -> int:
    """Run all blocks of a page, and return the number of commands that were typed."""
    terminal = Terminal(folder)
    count = 0
    try:
        for block in read_blocks(page.read_text(encoding="utf-8")):
            if block.path:
                terminal.write(block.path, block.text)
            elif block.language == "text":
                terminal.expect(block.text)
            elif block.language not in TESTED_ELSEWHERE:
                assert block.language == "console", f"no file and no command: {block.text}"
                for command, printed in split_commands(block.text):
                    count += 1
                    if command.startswith(SERVE):
                        terminal.serve(command, printed)
                    else:
                        terminal.check(command, printed)
    finally:
        terminal.close()
    return count
