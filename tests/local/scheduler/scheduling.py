"""A scheduler in this process, with real worker processes, and bounds small enough to meet."""

import contextlib
import json
import time
from pathlib import Path

from tencentserverless.local.console import Console
from tencentserverless.local.ids import new_request_id
from tencentserverless.local.keys import KeyRing, make_key_pair
from tencentserverless.local.registry.records import FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.dispatch import Scheduler
from tencentserverless.local.scheduler.instances import Ground, Launcher
from tencentserverless.local.settings import Limits, Settings
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tencentserverless.local.worker.support import Support

FUNCTIONS = Path(__file__).parents[1] / "functions"


def record(name="behave", **changes):
    key = FunctionKey(changes.pop("region", "ap-tokyo"), "default", name)
    folder = changes.pop("folder", FUNCTIONS / "behave")
    return FunctionRecord(key, "index.main_handler", OWN_RUNTIME, folder, **changes)


@contextlib.asynccontextmanager
async def scheduling(clock=time.time, **limits):
    bounds = Limits(**limits)
    settings = Settings(FUNCTIONS, limits=bounds)
    keys = KeyRing(make_key_pair(), clock, bounds.temporary_key_seconds)
    support, console = Support(), Console()
    ground = Ground(settings, keys, Interpreters(is_strict=False), support, console, "http://127.0.0.1:1")
    scheduler = Scheduler(Launcher(ground), bounds)
    try:
        yield scheduler
    finally:
        await scheduler.close()
        support.close()
        console.close()


async def call(scheduler, function, event, **options):
    return await scheduler.run(function, new_request_id(), json.dumps(event).encode(), **options)


def value(outcome):
    assert outcome.has_succeeded, outcome
    return json.loads(outcome.text)
