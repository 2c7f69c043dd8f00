"""The passes, in the order of the report."""

from __future__ import annotations

from typing import Any

from benchmarks.local.passes import cold, dashboard, heads, load, many, starts, stops, warm, web
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
    dashboard.PASS,
)
