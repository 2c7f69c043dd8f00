"""Sample events of every trigger: those of ``scf event``, whose file is read as data."""

import functools
import json
from pathlib import Path

from tencentserverless.local.dashboard.sources import JsonObject

_FILE = Path(__file__).parents[2] / "cli" / "reference" / "sample_events.json"


@functools.cache
def list_samples() -> JsonObject:
    """Return the sample events."""
    found = json.loads(_FILE.read_text(encoding="utf-8"))
    items = [{"name": name, "about": sample["about"], "event": sample["event"]} for name, sample in found.items()]
    return {"items": items, "next": None}
