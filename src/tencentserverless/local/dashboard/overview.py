"""The overview: every function with its state, what its last calls were like, and its instances."""

import math
from collections import defaultdict
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


async def show_overview(sources: Sources) -> JsonObject:
    """Return all functions, in the order of region, namespace and name."""
    figures = await sources.history.read(invocation_pages.list_figures)
    by_key = group_figures(figures)
    now, counts = sources.clock(), sources.engine.count_instances()
    functions = known_functions(sources)
    return {
        "server_id": sources.facts.server_id,
        "at": now,
        "items": [summary_of(functions[key], by_key.get(key, ()), counts, sources) for key in sorted(functions)],
        "next": None,
        "notices": list(sources.facts.notices),
        "bucket_seconds": BUCKET_SECONDS,
        "bucket_count": BUCKET_COUNT,
        "bucket_start_at": _first_bucket(now) * BUCKET_SECONDS,
        "instances": {"all": counts["instances"], "idle": counts["idle_instances"], "calls": counts["calls"]},
    }


def known_functions(sources: Sources) -> dict[FunctionKey, Function]:
    """Return every function, also those whose folder is away."""
    kept = (key for key, each in sources.catalogue.kept().items() if each.function is not None)
    found = {key: sources.catalogue.find_kept(key) for key in kept}
    return {key: function for key, function in found.items() if function is not None}


def group_figures(figures: Sequence[Figures]) -> Mapping[FunctionKey, list[Figures]]:
    """Return the figures of each function."""
    by_key: dict[FunctionKey, list[Figures]] = defaultdict(list)
    for each in figures:
        by_key[each.key].append(each)
    return by_key


def summary_of(
    function: Function, figures: Sequence[Figures], counts: Mapping[str, object], sources: Sources
) -> JsonObject:
    """Return the structure FunctionSummary.

    :param figures: of its calls
    :param counts: as the engine returns them
    """
    record, key = function.latest, function.key
    is_away = sources.catalogue.find_away(key) is not None
    durations = sorted(each.duration_ms for each in figures)
    last = max(figures, key=lambda each: each.started_at, default=None)
    return {
        **key_fields(key),
        "state": _AWAY if is_away else sources.engine.state_of(function),
        "runtime": record.runtime,
        "type": record.type,
        "handler": record.handler,
        "description": record.description,
        "last_call_at": last.started_at if last else None,
        "last_status": last.status if last else None,
        "calls": len(figures),
        "errors": sum(each.status != 0 for each in figures),
        "p50_ms": percentile(durations, 0.5),
        "p95_ms": percentile(durations, 0.95),
        "buckets": _buckets(figures, sources.clock()),
        "instances": _instances(key, counts),
    }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value below or at which a share of the values is; None of no values.

    :param ordered: in ascending order
    """
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else None


def _first_bucket(now: float) -> int:
    return int(now // BUCKET_SECONDS) - BUCKET_COUNT + 1


def _buckets(figures: Sequence[Figures], now: float) -> list[JsonObject]:
    first = _first_bucket(now)
    by_index: dict[int, list[Figures]] = defaultdict(list)
    for each in figures:
        index = int(each.started_at // BUCKET_SECONDS) - first
        if 0 <= index < BUCKET_COUNT:
            by_index[index].append(each)
    buckets: list[JsonObject] = []
    for index, found in sorted(by_index.items()):
        durations = sorted(each.duration_ms for each in found)
        buckets.append(
            {
                "index": index,
                "calls": len(found),
                "errors": sum(each.status != 0 for each in found),
                "p50_ms": percentile(durations, 0.5),
                "p95_ms": percentile(durations, 0.95),
            }
        )
    return buckets


def _instances(key: FunctionKey, counts: Mapping[str, object]) -> JsonObject:
    by_function = counts.get("by_function")
    found = by_function.get(str(key), {}) if isinstance(by_function, dict) else {}
    return {
        "all": found.get("instances", 0),
        "idle": max(0, found.get("instances", 0) - found.get("running", 0)),
        "calls": found.get("running", 0) + found.get("waiting", 0),
    }
