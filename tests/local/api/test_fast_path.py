"""The short way of a call answers as the long way does, and lets nothing through that the long way refuses."""

import json
import socket
import time

import pytest

from tencentserverless.local.control import ask
from tests.conftest import wait_until

ECHO = {"FunctionName": "echo", "Event": '{"a": 1}'}
PATIENCE_SECONDS = 20


@pytest.fixture
def warm(local_scf):
    """A server that knows this kind of call."""
    local_scf.request("InvokeFunction", ECHO)
    return local_scf


def code(server, **changes):
    response = server.request("InvokeFunction", changes.pop("parameters", ECHO), **changes).response
    return response["Error"]["Code"] if "Error" in response else None


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({}, None),
        ({"skew_seconds": -200}, None),
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDunknown"}, "AuthFailure.SecretIdNotFound"),
        ({"sent_body": b'{"FunctionName": "behave"}'}, "AuthFailure.SignatureFailure"),
        ({"skew_seconds": -400}, "AuthFailure.SignatureExpire"),
        ({"skew_seconds": 400}, "AuthFailure.SignatureExpire"),
        ({"extra": {"X-TC-Timestamp": "1"}}, "AuthFailure.SignatureExpire"),
        ({"extra": {"X-TC-Timestamp": "soon"}}, "InvalidParameterValue"),
        ({"extra": {"Authorization": "SKIP"}}, "AuthFailure.InvalidAuthorization"),
        ({"leave_out": ("Authorization",)}, "AuthFailure.InvalidAuthorization"),
        ({"leave_out": ("X-TC-Timestamp",)}, "MissingParameter"),
        ({"token": "a-token-of-nobody"}, "AuthFailure.TokenFailure"),
        ({"parameters": {"FunctionName": "nobody"}}, "ResourceNotFound.Function"),
        ({"parameters": {**ECHO, "Colour": "red"}}, "UnknownParameter"),
        ({"parameters": {**ECHO, "Event": "{"}}, "InvalidParameterValue.Param"),
        ({"parameters": b"[1]"}, "InvalidParameter"),
        ({"path": "/other"}, "InvalidParameter"),
        ({"method": "PUT"}, "UnsupportedProtocol"),
    ],
)
def test_what_the_long_way_refuses_the_short_one_does_too(warm, changes, refusal):
    assert code(warm, **changes) == refusal
    assert code(warm) is None


def test_both_ways_answer_alike(start_local_scf, tmp_path):
    (tmp_path / "echo").mkdir()
    (tmp_path / "echo" / "index.py").write_text("def main_handler(event, context):\n    print('x')\n    return event\n")
    server = start_local_scf(tmp_path)
    answers = [server.request("InvokeFunction", {**ECHO, "LogType": "Tail"}) for _ in range(3)]  # the first teaches
    results = [answer.response["Result"] for answer in answers]
    assert {tuple(sorted(result)) for result in results} == {tuple(sorted(results[0]))}
    assert {result["RetMsg"] for result in results} == {'{"a": 1}'}
    assert all("\nx\n" in result["Log"] for result in results)
    assert {answer.headers.get("content-type") or answer.headers.get("Content-Type") for answer in answers} == {
        "application/json"
    }
    assert len({answer.response["RequestId"] for answer in answers}) == 3
    assert all(answer.response["RequestId"] == answer.response["Result"]["FunctionRequestId"] for answer in answers)
    assert {"date" in {name.lower() for name in answer.headers} for answer in answers} == {True}


def test_keys_that_were_taken_back_open_nothing(local_scf):
    variables = json.loads(local_scf.invoke("behave", {"do": "environ"})["RetMsg"])
    keys = {
        "secret_id": variables["TENCENTCLOUD_SECRETID"],
        "secret_key": variables["TENCENTCLOUD_SECRETKEY"],
        "token": variables["TENCENTCLOUD_SESSIONTOKEN"],
    }
    for _ in range(2):
        assert code(local_scf, **keys) is None
    assert code(local_scf, **{**keys, "token": "wrong"}) == "AuthFailure.TokenFailure"
    local_scf.invoke("behave", {"do": "kill_self"})
    assert code(local_scf, **keys) == "AuthFailure.SecretIdNotFound"


def test_an_event_and_a_large_call_go_the_long_way(warm):
    event = {"FunctionName": "echo", "ClientContext": "{}", "InvocationType": "Event"}
    for _ in range(2):
        assert warm.request("Invoke", event).response["Result"]["RetMsg"] == ""
    large = json.dumps("x" * 300_000)
    for _ in range(2):
        result = warm.request("InvokeFunction", {"FunctionName": "echo", "Event": large}).response["Result"]
        assert result["RetMsg"] == large


def test_requests_on_one_connection_are_answered_in_order(warm):
    """Also where they come before the answers leave, and in pieces."""
    from tests.conftest import Request

    def raw(number, method="POST"):
        body = json.dumps({"FunctionName": "echo", "Event": json.dumps(number)}).encode()
        request = Request(
            f"{warm.host}:{warm.port}",
            "InvokeFunction",
            body,
            warm.env["TENCENTCLOUD_SECRETID"],
            warm.env["TENCENTCLOUD_SECRETKEY"],
        )
        lines = [f"{name}: {value}" for name, value in request.headers().items()]
        head = f"{method} / HTTP/1.1\r\n" + "\r\n".join([*lines, f"Content-Length: {len(body)}"]) + "\r\n\r\n"
        return head.encode() + body

    stream = b"".join(raw(number) for number in range(6))
    for size in (len(stream), 700, 64):
        with socket.create_connection((warm.host, warm.port), PATIENCE_SECONDS) as connection:
            for start in range(0, len(stream), size):
                connection.sendall(stream[start : start + size])
            received = b""
            deadline = time.monotonic() + PATIENCE_SECONDS
            while received.count(b'"RetMsg"') < 6 and time.monotonic() < deadline:
                received += connection.recv(65536)
        places = [received.find(b'"RetMsg":"%d"' % number) for number in range(6)]
        assert all(place > 0 for place in places)
        assert places == sorted(places)


def test_a_client_that_leaves_before_its_answer_harms_nobody(warm, gate):
    body = json.dumps({"FunctionName": "behave", "Event": json.dumps({"do": "hold", "gate": str(gate)})}).encode()
    from tests.conftest import Request

    request = Request(
        f"{warm.host}:{warm.port}",
        "InvokeFunction",
        body,
        warm.env["TENCENTCLOUD_SECRETID"],
        warm.env["TENCENTCLOUD_SECRETKEY"],
    )
    lines = "\r\n".join(
        [*(f"{name}: {value}" for name, value in request.headers().items()), f"Content-Length: {len(body)}"]
    )

    def count_ended():
        by_function = ask(warm.env, "GET", "status")[1]["by_function"]
        return by_function.get("ap-guangzhou/default/behave", {"ended": 0})["ended"]

    before = count_ended()
    begun_at = len(warm.settled_stderr())  # other tests use this server too
    with socket.create_connection((warm.host, warm.port), PATIENCE_SECONDS) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n\r\n".encode() + body)
        wait_until(gate.begun)
    gate.open()
    wait_until(lambda: count_ended() > before)
    assert warm.invoke("echo", 1)["RetMsg"] == "1"
    said = warm.settled_stderr()[begun_at:]
    assert "internal error" not in said
    assert "Traceback" not in said
