"""The overview: every function with its state, what its last calls were like, and its instances."""

import asyncio
import itertools
import math
import operator
import time
from collections.abc import Mapping, Sequence

from tencentserverless.local.dashboard.sources import JsonObject, Sources
from tencentserverless.local.dashboard.texts import key_fields
from tencentserverless.local.registry import invocation_pages
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.invocation_pages import Figures

BUCKET_SECONDS = 60
BUCKET_COUNT = 30
_AWAY = "Away"
_MAX_IS_P95 = 20  # of fewer values, the greatest is the p95
_REST = 20  # times as long as it takes to make: a page that asks again and again takes a twentieth of one core


class Overview:
    """Answers with the overview. Where it takes long to make, it is made seldom: a page asks for it again and again.

    A request waits for its turn and gets what is true then, never something older.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._next: asyncio.Task[JsonObject] | None = None  # has not begun to read
        self._free_at = 0.0

    async def show(self) -> JsonObject:
        """Return all functions, in the order of region, namespace and name."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._make())
        return await asyncio.shield(self._next)

    async def _make(self) -> JsonObject:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._free_at - loop.time())
        self._next = None
        sources = self._sources
        figures = await sources.history.read(invocation_pages.list_figures())
        functions, counts = known_functions(sources), sources.engine.count_instances()
        states = {key: state_of(function, sources) for key, function in functions.items()}
        made, cpu_seconds = await asyncio.to_thread(_describe, functions, figures, counts, states, sources)
        self._free_at = loop.time() + cpu_seconds * _REST
        return made


def _describe(
    functions: Mapping[FunctionKey, Function],
    figures: Mapping[FunctionKey, Sequence[Figures]],
    counts: Mapping[str, object],
    states: Mapping[FunctionKey, str],
    sources: Sources,
) -> tuple[JsonObject, float]:
    """Return the overview, and the CPU seconds that it took to make."""
    began, now = time.thread_time(), sources.clock()
    items = [_row_of(functions[key], figures.get(key, ()), counts, states[key], now) for key in sorted(functions)]
    made: JsonObject = {
        "server_id": sources.facts.server_id,
        "at": now,
        "items": items,
        "next": None,
        "notices": list(sources.facts.notices),
        "bucket_count": BUCKET_COUNT,
        "instances": {"all": counts["instances"], "idle": counts["idle_instances"], "calls": counts["calls"]},
    }
    return made, time.thread_time() - began


def known_functions(sources: Sources) -> dict[FunctionKey, Function]:
    """Return every function, also those whose folder is away."""
    kept = (key for key, each in sources.catalogue.kept().items() if each.function is not None)
    found = {key: sources.catalogue.find_kept(key) for key in kept}
    return {key: function for key, function in found.items() if function is not None}


def state_of(function: Function, sources: Sources) -> str:
    """Return the state of a function, as the API names it; ``Away`` if its folder is missing."""
    is_away = sources.catalogue.find_away(function.key) is not None
    return _AWAY if is_away else sources.engine.state_of(function)


def summary_of(
    function: Function, figures: Sequence[Figures], counts: Mapping[str, object], state: str, now: float
) -> JsonObject:
    """Return the structure FunctionSummary.

    :param figures: of its calls
    :param counts: as the engine returns them
    """
    record = function.latest
    return {
        **_facts_of(function, figures, counts, state),
        "handler": record.handler,
        "description": record.description,
        "buckets": _buckets(figures, now),
        "bucket_seconds": BUCKET_SECONDS,
        "bucket_start_at": _first_bucket(now) * BUCKET_SECONDS,
    }


def _row_of(
    function: Function, figures: Sequence[Figures], counts: Mapping[str, object], state: str, now: float
) -> JsonObject:
    """The structure FunctionRow: of a thousand functions, each name and each digit counts."""
    return {**_facts_of(function, figures, counts, state), "p95_line": p95_line(figures, now)}


def _facts_of(function: Function, figures: Sequence[Figures], counts: Mapping[str, object], state: str) -> JsonObject:
    """The part of both a row of the overview and the page of a function."""
    record = function.latest
    durations = sorted([duration_ms for _, _, duration_ms in figures])
    last_at, last_status = max([(at, status) for status, at, _ in figures], default=(None, None))
    return {
        **key_fields(function.key),
        "state": state,
        "runtime": record.runtime,
        "type": record.type,
        "last_call_at": last_at,
        "last_status": last_status,
        "calls": len(figures),
        "errors": len([status for status, _, _ in figures if status]),
        "p50_ms": percentile(durations, 0.5),
        "p95_ms": percentile(durations, 0.95),
        "instances": _instances(function.key, counts),
    }


def p95_line(figures: Sequence[Figures], now: float) -> list[tuple[int, float]]:
    """Return the buckets that have calls, each with its p95 in milliseconds."""
    first = _first_bucket(now)
    start = first * BUCKET_SECONDS
    found = sorted(
        [(int(at // BUCKET_SECONDS) - first, round(duration_ms, 3)) for _, at, duration_ms in figures if at >= start]
    )
    if len(found) < _MAX_IS_P95:
        return list(dict(found).items())  # of each index the last one, which is the greatest
    groups = itertools.groupby(found, operator.itemgetter(0))
    return [(index, percentile([each for _, each in group], 0.95) or 0.0) for index, group in groups]


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value below or at which a share of the values is; None of no values.

    :param ordered: in ascending order
    """
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None


def _first_bucket(now: float) -> int:
    return int(now // BUCKET_SECONDS) - BUCKET_COUNT + 1


def _buckets(figures: Sequence[Figures], now: float) -> list[JsonObject]:
    first = _first_bucket(now)
    by_index: dict[int, list[Figures]] = {}
    for each in figures:
        index = int(each[1] // BUCKET_SECONDS) - first
        if 0 <= index < BUCKET_COUNT:
            by_index.setdefault(index, []).append(each)
    return [_bucket(index, found) for index, found in sorted(by_index.items())]


def _bucket(index: int, figures: Sequence[Figures]) -> JsonObject:
    durations = sorted([duration_ms for _, _, duration_ms in figures])
    return {
        "index": index,
        "calls": len(figures),
        "errors": len([status for status, _, _ in figures if status]),
        "p50_ms": percentile(durations, 0.5),
        "p95_ms": percentile(durations, 0.95),
    }


def _instances(key: FunctionKey, counts: Mapping[str, object]) -> JsonObject:
    by_function = counts.get("by_function")
    found = by_function.get(str(key), {}) if isinstance(by_function, dict) else {}
    return {
        "all": found.get("instances", 0),
        "idle": max(0, found.get("instances", 0) - found.get("running", 0)),
        "calls": found.get("running", 0) + found.get("waiting", 0),
    }
