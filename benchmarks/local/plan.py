"""The plan of a run: the number of measurements, and the servers and tools that every pass gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.local.load import Generator
from benchmarks.local.servers import Server


@dataclass(frozen=True)
class Plan:
    """The number of rounds, starts and calls of each pass."""

    starts: int = 12
    cold_calls: int = 30
    warm_rounds: int = 40
    warm_calls: int = 100  # in a slice
    load_rounds: int = 6
    load_seconds: int = 4  # of a slice


QUICK = Plan(starts=3, cold_calls=6, warm_rounds=5, load_rounds=2, load_seconds=2)


@dataclass(frozen=True)
class PassContext:
    """The servers and tools that a pass gets.

    :ivar folder: a temporary folder; every server gets a new folder in it
    :ivar servers: ours is the first
    :ivar trust_python: an interpreter that has trustme, for the static responder
    """

    plan: Plan
    folder: Path
    servers: tuple[Server, ...]
    generator: Generator
    trust_python: Path


def list_turns(servers: Sequence[Server], rounds: int) -> Iterator[tuple[int, Server]]:
    """List the turns: each server once a round, forwards in one round and backwards in the next."""
    for number in range(rounds):
        for server in servers if number % 2 == 0 else reversed(servers):
            yield number, server


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)
