"""The passes, in the order of the report."""

from __future__ import annotations

from typing import Any

from benchmarks.local.passes import cold, load, starts, warm
from benchmarks.local.section import Pass

PASSES: tuple[Pass[Any], ...] = (starts.PASS, cold.PASS, warm.PASS, load.PASS)
