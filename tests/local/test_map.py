"""``map`` on the local SCF: seeded faults on one side, its ledger on the other, and a function with little room.

``SOAK_CALLS`` lengthens it.
"""

import asyncio
import hashlib
import json
import logging
import os
from collections import Counter

import pytest

from tencentserverless.aio import AsyncClient
from tencentserverless.local import Local
from tencentserverless.models import InvokeResult, Verdict
from tencentserverless.scf import Client
from tests.conftest import child_environment

CALLS = max(200, int(os.environ.get("SOAK_CALLS", "0")) // 8)
BATCH = 5000  # what one answer of the ledger holds, with room
CODE = "def main_handler(event, context):\n    return event\n"
SLOW = "import time\ndef main_handler(event, context):\n    time.sleep(0.02)\n    return event\n"
RULES = [
    {"kind": kind, "rate": 0.04, "seed": seed, "seconds": 0.02}
    for seed, kind in enumerate(("lost", "cut", "throttle", "refuse", "delay", "crash", "timeout"))
]


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    for name, code in (("echo", CODE), ("slow", SLOW)):
        (folder / name).mkdir()
        (folder / name / "index.py").write_text(code)
    with Local(folder, ledger=True, environment=child_environment()) as local:
        yield local


def map_from_threads(options, name, inputs, **limits):
    with Client(**options) as client:
        return list(client.map(name, inputs, **limits))


def map_from_tasks(options, name, inputs, **limits):
    async def collect():
        async with AsyncClient(**options) as client:
            return [outcome async for outcome in client.map(name, inputs, **limits)]

    return asyncio.run(collect())


@pytest.fixture(params=[map_from_threads, map_from_tasks], ids=["threads", "tasks"])
def collect(request, local):
    local.reset()
    options = {
        "region": "ap-guangzhou",
        "secret_id": local.secret_id,
        "secret_key": local.secret_key,
        "endpoint": local.url,
    }
    yield lambda *args, **limits: request.param(options, *args, **limits)
    local.reset()


@pytest.mark.campaign
def test_nothing_runs_twice_and_every_verdict_is_true(local, collect):
    local.set_faults(RULES)
    verdicts = Counter()
    for start in range(0, CALLS, BATCH):
        verdicts += judge(local, collect, range(start, min(CALLS, start + BATCH)))
    assert verdicts[Verdict.YES] > CALLS // 2
    assert verdicts[Verdict.MAYBE] > 0


def judge(local, collect, numbers):
    """Verdicts of a map over these numbers, each held against the ledger."""
    local._ask("DELETE", "ledger")
    inputs = [{"n": number} for number in numbers]
    found = collect("echo", inputs, concurrency=16, return_exceptions=True)
    assert [outcome.position for outcome in found] == list(range(len(inputs)))
    ran = Counter(entry["payload"] for entry in local.ledger())
    verdicts = Counter()
    for data, outcome in zip(inputs, found, strict=True):
        count = ran[hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()]
        assert count <= 1, "{} ran {} times".format(data, count)
        verdict = Verdict.YES if isinstance(outcome, InvokeResult) else outcome.executed
        verdicts[verdict] += 1
        assert verdict is Verdict.MAYBE or count == (verdict is Verdict.YES), (data, outcome)
    return verdicts


@pytest.mark.proof
def test_a_function_with_little_room_is_called_as_fast_as_it_takes(local, collect, caplog):
    caplog.set_level(logging.INFO)
    with Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url) as client:
        client.invoke("slow")
    reserve(local, 128 * 3)
    found = collect("slow", range(150), concurrency=24)
    assert [result.json() for result in found] == list(range(150))
    assert any("throttled (432)" in record.getMessage() for record in caplog.records)
    assert len(local.ledger(function="slow")) == 151


def reserve(local, megabytes):
    from tencentcloud.common.common_client import CommonClient
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    http = HttpProfile(protocol="http", endpoint=local.url.removeprefix("http://"))
    credential = Credential(local.secret_id, local.secret_key)
    client = CommonClient("scf", "2018-04-16", credential, "ap-guangzhou", ClientProfile(httpProfile=http))
    client.call_json("PutReservedConcurrencyConfig", {"FunctionName": "slow", "ReservedConcurrencyMem": megabytes})
