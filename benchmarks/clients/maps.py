"""Fan-out by one caller. Each ``prepare`` gives a function that makes N calls, 64 of them in flight."""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sdks
import wire


def prepare_ours(settings):
    """``Client.map``."""
    from tencentserverless.scf import Client

    client = sdks.make_ours(settings, Client)

    def run(calls):
        for answer in client.map(wire.FUNCTION, (wire.EVENT for _ in range(calls)), settings["in_flight"]):
            wire.check(answer)

    return run


def prepare_journal(settings):
    """``Client.map`` with a journal, a new one for each slice."""
    from tencentserverless.scf import Client

    client = sdks.make_ours(settings, Client)
    folder = tempfile.TemporaryDirectory(prefix="bench-journal-")
    number = 0

    def run(calls):
        nonlocal number
        number += 1
        path = Path(folder.name) / f"{number}.db"
        inputs = (wire.EVENT for _ in range(calls))
        for answer in client.map(wire.FUNCTION, inputs, settings["in_flight"], journal=path):
            wire.check(answer)
        path.unlink()

    return run


def prepare_official(settings):
    """A ThreadPoolExecutor over the official SDK, its client reused and its threads kept."""
    return pool(sdks.prepare_official(settings), settings["in_flight"])


def prepare_official_wide(settings):
    """A ThreadPoolExecutor over the official SDK, whose pool holds 64 connections."""
    return pool(sdks.prepare_official_wide(settings), settings["in_flight"])


def pool(call, in_flight):
    executor = ThreadPoolExecutor(in_flight)

    def run(calls):
        for answer in executor.map(lambda _: call(), range(calls)):
            wire.check(answer)

    return run


def main():
    """Print the growth of memory in MB during a map of many calls, as JSON: ``python maps.py SETTINGS CALLS``."""
    settings = json.loads(sys.argv[1])
    run = prepare_ours(settings)
    run(2000)
    before = wire.read_resident_mb()
    run(int(sys.argv[2]))
    print(json.dumps(wire.read_resident_mb() - before))


if __name__ == "__main__":
    main()
