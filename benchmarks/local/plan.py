"""The plan of a run: the number of measurements, and the servers and tools that every pass gets."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local.load import Generator
from benchmarks.local.servers import BASE, OURS, Server


@dataclass(frozen=True)
class Plan:
    """The number of rounds, starts and calls of each pass."""

    starts: int = 12
    cold_calls: int = 30
    warm_rounds: int = 40
    warm_calls: int = 100  # in a slice
    load_rounds: int = 6
    load_seconds: int = 4  # of a slice
    head_rounds: int = 5  # of slices with our heads and with the official SDK's
    many_rounds: int = 5  # of starts with one function and with many
    stop_rounds: int = 5
    save_rounds: int = 9  # of a web function's file
    page_rounds: int = 10  # of first pages of the dashboard
    page_calls: int = 100_000  # while a page of it is open


QUICK = Plan(
    starts=3,
    cold_calls=6,
    warm_rounds=5,
    load_rounds=3,
    load_seconds=2,
    head_rounds=3,
    many_rounds=3,
    stop_rounds=1,
    save_rounds=3,
    page_rounds=5,
    page_calls=20_000,
)


@dataclass(frozen=True)
class PassContext:
    """The servers and tools that a pass gets.

    :ivar folder: a temporary folder; every server gets a new folder in it
    :ivar servers: ours is the first, and that of ``base`` follows
    :ivar trust_python: an interpreter that has trustme, for the static responder
    :ivar base: the interpreter of the build to compare with, None for none
    """

    plan: Plan
    folder: Path
    servers: tuple[Server, ...]
    generator: Generator
    trust_python: Path
    base: Path | None = None

    @property
    def builds(self) -> dict[str, Path]:
        """The interpreters of the builds that are measured, by their label."""
        builds = {OURS: Path(sys.executable)}
        if self.base is not None:
            builds[BASE] = self.base
        return builds

    def make_folder(self) -> Path:
        """Make a new folder for a server."""
        return Path(tempfile.mkdtemp(dir=self.folder))


def list_turns(servers: Sequence[Server], rounds: int) -> Iterator[tuple[int, Server]]:
    """List the turns: each server once a round, forwards in one round and backwards in the next."""
    for number in range(rounds):
        for server in servers if number % 2 == 0 else reversed(servers):
            yield number, server


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)
