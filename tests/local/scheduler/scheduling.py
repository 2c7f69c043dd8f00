"""A scheduler in this process, with real worker processes, and bounds small enough to meet."""

import contextlib
import json
import time
from pathlib import Path

from tencentserverless.local.access_keys import KeyRing, make_key_pair
from tencentserverless.local.console import Console
from tencentserverless.local.invocation import Invocation, new_request_id
from tencentserverless.local.invocations.middleware import FutureCaller
from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.launcher import LaunchContext, Launcher
from tencentserverless.local.scheduler.scheduler import Scheduler
from tencentserverless.local.settings import Limits, Settings
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tencentserverless.local.worker.run_directory import RunDirectory

FUNCTIONS = Path(__file__).parents[1] / "functions"


def record(name="behave", **changes):
    key = FunctionKey(changes.pop("region", "ap-tokyo"), "default", name)
    folder = changes.pop("folder", FUNCTIONS / "behave")
    return FunctionRecord(key, "index.main_handler", OWN_RUNTIME, folder, **changes)


@contextlib.asynccontextmanager
async def scheduling(clock=time.time, is_memory_short=lambda: False, provisions=None, **limits):
    bounds = Limits(**limits)
    settings = Settings(FUNCTIONS, limits=bounds)
    keys = KeyRing(make_key_pair(), clock, bounds.temporary_key_seconds)
    support, console, lifecycle = RunDirectory(), Console(), Lifecycle()
    context = LaunchContext(
        settings, keys, Interpreters(is_strict=False), support, console, "http://127.0.0.1:1", Ledger(), lifecycle
    )
    scheduler = Scheduler(Launcher(context), bounds, lifecycle, is_memory_short=is_memory_short, provisions=provisions)
    try:
        yield scheduler
    finally:
        await scheduler.close()
        support.close()
        console.close()


async def run(scheduler, function, request_id, event, **options):
    """The outcome of one invocation."""
    caller = FutureCaller()
    ends_instance = options.pop("ends_instance", False)
    invocation = Invocation(function, request_id, event, caller, **options)
    invocation.ends_instance = ends_instance
    invocation.around = (scheduler,)
    scheduler.submit(invocation)
    await caller.wait(invocation)
    return invocation.outcome


async def call(scheduler, function, event, **options):
    return await run(scheduler, function, new_request_id(), json.dumps(event).encode(), **options)


def value(outcome):
    assert outcome.status == 0, outcome
    return json.loads(outcome.text)
