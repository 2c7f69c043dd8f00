"""The passes, in the order of the report."""

from __future__ import annotations

from typing import Any

from benchmarks.local.passes import cold, dashboard, heads, load, many, starts, stops, warm, web, web_saves, web_streams
from benchmarks.local.section import Pass

PASSES: tuple[Pass[Any], ...] = (
    starts.PASS,
    many.PASS,
    cold.PASS,
    warm.PASS,
    load.PASS,
    heads.PASS,
    stops.PASS,
    web.PASS,
    web_streams.PASS,
    web_saves.PASS,
    dashboard.PASS,
)
