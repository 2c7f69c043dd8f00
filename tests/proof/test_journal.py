"""A map with a journal that is killed at any moment and run again: nothing runs twice, and nothing is lost.

``SOAK_KILLS`` says how often a run is killed.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tencentserverless.journal import Journal
from tests.proof import campaign

KILLS = int(os.environ.get("SOAK_KILLS", "2"))
INPUTS = 750 * KILLS
PROGRAM = """
import asyncio, sys
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client

url, path, face, key = sys.argv[1:]
inputs = ["c%d-ok|" % number for number in range({inputs})]
options = dict(concurrency=16, journal=path, return_exceptions=True)
keys = dict(region="ap-guangzhou", secret_id="AKIDcampaign", secret_key=key, endpoint=url)


def note(outcome):
    print(outcome.position, "in-doubt" if isinstance(outcome, Exception) else "ok", flush=True)


async def main():
    async with AsyncClient(**keys) as client:
        async for outcome in client.map("map", inputs, **options):
            note(outcome)


if face == "tasks":
    asyncio.run(main())
else:
    for outcome in Client(**keys).map("map", inputs, **options):
        note(outcome)
print("end", flush=True)
""".replace("{inputs}", str(INPUTS))


def run(server: campaign.FaultServer, path: Path, face: str, seconds: "float | None") -> "list[str]":
    """What a run printed, killed so many seconds after it has had one more call run, and printed something."""
    command = [sys.executable, "-c", PROGRAM, server.url, str(path), face, campaign.SECRET_KEY]
    with (path.parent / "printed").open("w+") as printed:
        process = subprocess.Popen(command, stdout=printed)
        if seconds is not None:
            before = server.read_ledger()["executed"]
            while process.poll() is None:
                if len(server.read_ledger()["executed"]) > len(before) and Path(printed.name).stat().st_size:
                    break
                time.sleep(0.005)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        process.wait(120)
        printed.seek(0)
        return printed.read().split("\n")[:-1]


@pytest.mark.parametrize("face", ["threads", pytest.param("tasks", marks=pytest.mark.proof)])
def test_what_was_killed_and_run_again_ran_once(face: str, tmp_path: Path) -> None:
    rng = random.Random(KILLS)
    path = tmp_path / "run.db"
    told: "set[int]" = set()
    with campaign.FaultServer(1, is_tame=True) as server:
        for _ in range(KILLS):
            lines = run(server, path, face, rng.random() * 0.2)
            told.update(int(line.split()[0]) for line in lines if line.endswith(" ok"))
        server.settle()
        lines = run(server, path, face, None)
        ledger = server.settle()
    assert lines[-1] == "end"
    assert [int(line.split()[0]) for line in lines[:-1]] == list(range(INPUTS))
    doubtful = {int(line.split()[0]) for line in lines[:-1] if line.endswith("in-doubt")}
    assert len(doubtful) <= 16 * KILLS
    with Journal(str(path)) as journal:
        assert {call.position for call in journal.in_doubt()} == doubtful
    executed = ledger["executed"]
    assert all(count == 1 for count in executed.values())
    assert {number for number in range(INPUTS) if "c{}".format(number) not in executed} <= doubtful
    assert len(executed) > INPUTS - 16 * KILLS
    assert told
    assert told.isdisjoint(doubtful), "what was handed out is on record"
