"""One client in a process of its own: it makes N calls on demand, and prints their cost.

    python driver.py SETTINGS       SETTINGS: JSON

Each line of stdin is a number of calls; each line of stdout is ``[wall seconds, CPU seconds]``. The first line is
``"ready"`` and comes when the client has made its first calls.
"""

import asyncio
import importlib
import json
import os
import sys
import threading
import time

import wire

SETTLE_CALLS = 8  # before each slice, not counted: the caches hold data of the other clients then
READY = json.dumps("ready")


def run_alone(call):
    """Make one call after the other."""

    def run(calls):
        for _ in range(calls):
            call()

    serve(run, SETTLE_CALLS)


def run_threads(call, in_flight):
    """Make the calls in as many threads as calls are in flight. The threads are kept; each makes its share."""
    gate = threading.Barrier(in_flight + 1)
    shares = [0]

    def work():
        while True:
            gate.wait()
            for _ in range(shares[0]):
                call()
            gate.wait()

    for _ in range(in_flight):
        threading.Thread(target=work, daemon=True).start()

    def run(calls):
        shares[0] = max(1, calls // in_flight)
        gate.wait()
        gate.wait()

    serve(run, in_flight)


async def run_tasks(prepare, settings):
    """Make the calls in as many tasks as calls are in flight; each makes its share."""
    call = await prepare(settings)
    in_flight = settings["in_flight"]
    wire.check(await call())

    async def work(share):
        for _ in range(share):
            await call()

    async def run(calls):
        await asyncio.gather(*(work(max(1, calls // in_flight)) for _ in range(in_flight)))

    await run(settings["warm_calls"])
    tell(READY)
    # The loop may block here: it has nothing else to do.
    for line in sys.stdin:
        await run(in_flight)
        wall, cpu = time.perf_counter(), time.process_time()
        await run(int(line))
        tell(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


async def run_task_map(prepare, settings):
    """Make the calls by a map of an asyncio client."""
    run = await prepare(settings)
    await run(settings["warm_calls"])
    tell(READY)
    for line in sys.stdin:
        await run(settings["in_flight"])
        wall, cpu = time.perf_counter(), time.process_time()
        await run(int(line))
        tell(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


def serve(run, settle_calls):
    """Make the calls that the coordinator asks for on stdin."""
    tell(READY)
    for line in sys.stdin:
        run(min(settle_calls, int(line)))
        wall, cpu = time.perf_counter(), time.process_time()
        run(int(line))
        tell(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


def tell(line):
    os.write(1, line.encode() + b"\n")


def main():
    settings = json.loads(sys.argv[1])
    module, _, name = settings["client"].partition(":")
    prepare = getattr(importlib.import_module(module), name)
    if module == "tasks":
        asyncio.run((run_task_map if name == "prepare_map" else run_tasks)(prepare, settings))
        return
    if module == "maps":
        run = prepare(settings)
        run(settings["warm_calls"])
        serve(run, settings["in_flight"])
        return
    call = prepare(settings)
    for _ in range(settings["warm_calls"]):
        wire.check(call())
    if settings["in_flight"] > 1:
        run_threads(call, settings["in_flight"])
    else:
        run_alone(call)


if __name__ == "__main__":
    main()
