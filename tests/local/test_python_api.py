"""``Local``: a server from Python, with faults whose verdicts the ledger proves."""

import asyncio
import hashlib
import http.client
import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from tencentserverless.aio import AsyncClient
from tencentserverless.exception import (
    APIError,
    FunctionExited,
    FunctionThrottled,
    FunctionTimeout,
    NetworkError,
    TencentCloudSDKException,
    TencentServerlessSDKException,
)
from tencentserverless.local import Local, LocalError
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.conftest import child_environment, wait_until

CODE = "import os\ndef main_handler(event, context):\n    return [event, os.getpid()]\n"


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    (folder / "echo").mkdir()
    (folder / "echo" / "index.py").write_text(CODE)
    with Local(folder, "--time-scale", "1000", ledger=True, environment=child_environment()) as local:
        yield local


@pytest.fixture
def client(local):
    local.reset()
    with Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url, max_attempts=2) as client:
        yield client
    local.reset()


def ask(local, method="GET", path="/_local/status", body=None, token=None, **headers):
    host, _, port = local.url.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    sent = {"Authorization": f"Bearer {token or local.environment['TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN']}", **headers}
    try:
        connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def ran(local, data):
    """How often an event has run."""
    payload = hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()
    return sum(entry["begun"] for entry in local.ledger(payload=payload))


@pytest.mark.parametrize(
    ("rule", "error", "verdict", "times"),
    [
        ({"kind": "refuse", "code": "FailedOperation.FunctionStatusError"}, APIError, Verdict.NO, 0),
        ({"kind": "refuse", "code": "InternalError"}, APIError, Verdict.MAYBE, 0),
        ({"kind": "crash"}, FunctionExited, Verdict.YES, 1),
        ({"kind": "timeout"}, FunctionTimeout, Verdict.YES, 1),
        ({"kind": "lost"}, NetworkError, Verdict.MAYBE, 1),
        ({"kind": "cut"}, NetworkError, Verdict.MAYBE, 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "asyncio"])
def test_the_verdict_of_a_fault_is_what_the_ledger_says(local, client, rule, error, verdict, times, is_async):
    local.set_faults([rule])
    data = [rule, is_async, time.time_ns()]

    async def call():
        async with AsyncClient("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url) as other:
            await other.invoke("echo", data=data)

    with pytest.raises((TencentCloudSDKException, TencentServerlessSDKException)) as caught:
        asyncio.run(call()) if is_async else client.invoke("echo", data=data)
    assert isinstance(caught.value, error), caught.value
    assert caught.value.executed is verdict
    assert ran(local, data) == times
    assert local.faults()[0]["fired"] == 1  # nothing was tried again without consent


def test_a_call_that_did_not_run_is_tried_again(local, client):
    local.set_faults([{"kind": "throttle", "status": 429, "first": 1}])
    assert client.invoke("echo", data="throttled").json()[0] == "throttled"
    local.set_faults([{"kind": "refuse", "code": "RequestLimitExceeded", "first": 1}])
    assert client.invoke("echo", data="refused").json()[0] == "refused"
    assert (ran(local, "throttled"), ran(local, "refused")) == (1, 1)
    local.set_faults([{"kind": "throttle"}])
    with pytest.raises(FunctionThrottled) as caught:
        client.invoke("echo", data="never")
    assert caught.value.executed is Verdict.NO
    assert ran(local, "never") == 0


def test_with_consent_a_lost_answer_is_asked_for_again(local, client):
    local.set_faults([{"kind": "lost", "first": 1}])
    assert client.invoke("echo", data="twice", idempotent=True).json()[0] == "twice"
    assert ran(local, "twice") == 2


def test_a_delay_and_a_crash_are_what_they_say(local, client):
    before = client.invoke("echo", data="before").json()[1]
    local.set_faults([{"kind": "delay", "seconds": 0.3}])
    began = time.monotonic()
    assert client.invoke("echo", data="late").json() == ["late", before]
    assert time.monotonic() - began >= 0.3
    local.set_faults([{"kind": "crash", "first": 1}])
    with pytest.raises(FunctionExited):
        client.invoke("echo", data="crash")
    assert client.invoke("echo", data="after").json()[1] != before


def test_an_asynchronous_invocation_meets_faults_too(local, client):
    local.set_faults([{"kind": "crash", "first": 1}])
    assert client.spawn("echo", "again").result(30).json()[0] == "again"
    assert ran(local, "again") == 2  # the platform itself tries again
    local.set_faults([{"kind": "refuse", "first": 2}])
    assert client.spawn("echo", "patient").result(30).json()[0] == "patient"
    assert ran(local, "patient") == 1


@pytest.mark.parametrize("kind", ["crash", "timeout"])
def test_a_call_that_the_platform_refused_does_not_crash(kind, start_local_scf, tmp_path):
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "index.py").write_text(CODE)
    server = start_local_scf(tmp_path)
    server.request("PutReservedConcurrencyConfig", {"FunctionName": "fn", "ReservedConcurrencyMem": 0})
    token = server.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"]
    found = ask(server, "PUT", "/_local/faults", json.dumps({"rules": [{"kind": kind}]}), token=token)
    assert found[0] == 200
    assert server.invoke("fn", 0)["InvokeResult"] == 432


def test_the_ledger_leaves_nothing_out_silently(local, client, monkeypatch):
    monkeypatch.setattr(local, "_ask", lambda *_: {"entries": [{}] * 10_000, "count": 10_300})
    with pytest.raises(LocalError, match="10300 entries fit, an answer holds 10000"):
        local.ledger()


def test_bad_rules_are_refused_whole(local, client):
    local.set_faults([{"kind": "lost", "function": "nobody"}])
    with pytest.raises(LocalError, match=r"none counts: rules\[1\].rate must be 0 to 1"):
        local.set_faults([{"kind": "cut"}, {"kind": "cut", "rate": 7}])
    assert [rule["kind"] for rule in local.faults()] == ["lost"]


def test_the_ledger_and_the_status(local, client):
    result = client.invoke("echo", data="known")
    (entry,) = local.ledger(request_id=result.function_request_id)
    assert (entry["function"], entry["begun"], entry["ended"], entry["status"]) == ("echo", 1, 1, 0)
    assert local.ledger(function="nobody") == []
    with pytest.raises(LocalError, match="'colour' is no search"):
        local.ledger(colour="red")
    status = local.status()
    assert status["functions"] == ["ap-guangzhou/default/echo"]
    assert (status["calls"], status["instances"] >= 1) == (0, True)


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({}, 200, None),
        ({"Authorization": None}, 401, "Bearer"),
        ({"Authorization": "Bearer wrong"}, 401, "Bearer"),
        ({"Authorization": "Basic x"}, 401, "Bearer"),
        ({"Origin": "http://127.0.0.1"}, 403, "web pages"),
        ({"Host": "evil.example"}, 403, "Host"),
        ({"Host": "localhost:1"}, 200, None),
        ({"path": "/_local/nothing"}, 404, "GET /_local/faults"),
        ({"method": "POST", "path": "/_local/faults", "body": "{}"}, 404, "there is no POST"),
        ({"method": "PUT", "path": "/_local/faults", "body": "{"}, 400, "none counts"),
        ({"method": "PUT", "path": "/_local/faults", "body": " " * 70_000}, 413, "over"),
        ({"method": "PUT", "path": "/_local/ledger", "body": '{"on": 1}'}, 400, "is_on"),
    ],
)
def test_who_may_ask(local, options, status, words):
    found = ask(local, **options)
    assert found[0] == status, found
    assert words is None or words in found[1]["error"]


def test_nothing_is_left_behind(tmp_path, ends):
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "index.py").write_text(CODE)
    server = Local(tmp_path, environment=child_environment(TMPDIR=str(tmp_path)))
    seen = []

    def work_until_ctrl_c():
        with server as local, Client("ap-guangzhou", local.secret_id, local.secret_key, endpoint=local.url) as client:
            seen.extend([client.invoke("fn", data=1).json()[1], local._folder.name, local._process])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_until_ctrl_c()
    worker, folder, process = seen
    assert process.returncode == 0
    assert not os.path.exists(folder)
    assert ends(worker)
    with pytest.raises(LocalError, match="no such folder"):
        Local(tmp_path / "missing", environment=child_environment()).start()
    (tmp_path / "empty").mkdir()
    with Local(tmp_path / "empty", environment=child_environment()) as local:
        assert local.status()["functions"] == []
        assert "no functions here" in local.log


def runs(pid):
    """A process that no one has reaped has ended too."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


OWNER = """
import sys, time
from tencentserverless.local import Local
local = Local(sys.argv[1]).start()
print(local.url, local._process.pid, flush=True)
time.sleep(1000)
"""


def test_a_server_ends_with_the_process_that_started_it_though_that_is_killed(tmp_path):
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "index.py").write_text(CODE)
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=child_environment(TMPDIR=str(tmp_path))
    ) as owner:
        url, pid = owner.stdout.readline().split()
        assert runs(int(pid)), url
        owner.kill()
    wait_until(lambda: not runs(int(pid)))


def test_over_https_and_before_and_after(tmp_path):
    (tmp_path / "index.py").write_text("def main_handler(event, context):\n    print('printed', event)\n")
    server = Local(tmp_path, "--tls", f"--state={tmp_path / 'kept'}", environment=child_environment())
    with pytest.raises(LocalError, match="does not run"):
        server.set_faults([])
    with server as local:
        assert local.url.startswith("https:")
        assert local.status()["calls"] == 0
        with Client(
            "ap-guangzhou",
            local.secret_id,
            local.secret_key,
            endpoint=local.url,
            ca_file=local.environment["SSL_CERT_FILE"],
        ) as client:
            client.invoke(tmp_path.name, data="this")
        wait_until(lambda: "printed this" in local.log)  # a thread writes it: no call waits for a terminal
        with pytest.raises(LocalError, match="runs already"):
            local.start()
    with pytest.raises(LocalError, match="does not run"):
        _ = local.url
