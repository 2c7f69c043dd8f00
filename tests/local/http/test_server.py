"""The HTTP side: the envelope, the bounds, and requests that are none."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import uuid

import pytest

from tests.conftest import Request

ECHO = {"FunctionName": "echo", "Event": '{"a": 1}'}


def raw(local_scf, data):
    """The whole answer to bytes that no client would send; they ask the server to close."""
    with (
        socket.create_connection((local_scf.host, local_scf.port), 10) as connection,
        connection.makefile("rb") as file,
    ):
        connection.sendall(data)
        return file.read()


def test_an_answer_is_http_200_with_the_exact_content_type_and_a_date(local_scf):
    for parameters in (ECHO, {"FunctionName": "nobody"}):
        answer = local_scf.request("InvokeFunction", parameters)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert answer.status == 200
        assert headers["content-type"] == "application/json"
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
        assert "server" not in headers
        uuid.UUID(answer.response["RequestId"])


def test_the_two_request_ids_are_one(local_scf):
    response = local_scf.request("InvokeFunction", ECHO).response
    assert response["RequestId"] == response["Result"]["FunctionRequestId"]


OFFER = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}


def test_a_signed_request_that_offers_http_2_is_answered(local_scf):
    for parameters in (ECHO, {**ECHO, "Event": json.dumps("x" * 300_000)}):
        answer = local_scf.request("InvokeFunction", parameters, extra=OFFER)
        assert answer.response["Result"]["RetMsg"] == parameters["Event"]


def test_curl_offers_http_2_and_is_answered(local_scf):
    if shutil.which("curl") is None or "HTTP2" not in subprocess.check_output(["curl", "--version"], text=True):
        pytest.skip("needs a curl that knows HTTP/2")
    body = json.dumps(ECHO).encode()
    keys = (local_scf.env["TENCENTCLOUD_SECRETID"], local_scf.env["TENCENTCLOUD_SECRETKEY"])
    request = Request(f"{local_scf.host}:{local_scf.port}", "InvokeFunction", body, *keys)
    options = [word for name, value in request.headers().items() for word in ("-H", f"{name}: {value}")]
    command = ["curl", "-sS", "--noproxy", "*", "--http2", *options, "--data-binary", "@-", local_scf.url]
    answer = json.loads(subprocess.check_output(command, input=body, timeout=60))
    assert answer["Response"]["Result"]["RetMsg"] == ECHO["Event"]


def test_a_connection_carries_many_calls(local_scf):
    connection = http.client.HTTPConnection(local_scf.host, local_scf.port, timeout=10)
    for _ in range(5):
        connection.request("POST", "/", b"{}")
        answer = connection.getresponse()
        assert answer.read()
        assert answer.getheader("connection") is None
    connection.close()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "PUT"}, "UnsupportedProtocol"),
        ({"method": "DELETE"}, "UnsupportedProtocol"),
        ({"path": "/other"}, "InvalidParameter"),
        ({"path": "/?Action=Invoke"}, "InvalidParameter"),
        ({"content_type": "text/plain"}, "UnsupportedProtocol"),
        ({"leave_out": ("X-TC-Action",)}, "MissingParameter"),
        ({"leave_out": ("X-TC-Version",)}, "MissingParameter"),
        ({"leave_out": ("X-TC-Region",)}, "MissingParameter"),
        ({"version": "2017-01-01"}, "NoSuchVersion"),
        ({"action": "NoSuchAction"}, "InvalidAction"),
        ({"action": "invokefunction"}, "InvalidAction"),
    ],
)
def test_what_is_no_request_of_this_api(local_scf, changes, code):
    assert local_scf.error("InvokeFunction", ECHO, **changes)[0] == code


def test_a_header_that_decides_must_not_come_twice(local_scf):
    for header in ("Authorization: x", "X-TC-Action: Invoke", "Host: a", "X-TC-Token: t"):
        head = f"POST / HTTP/1.1\r\nHost: b\r\n{header}\r\n{header}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
        answer = raw(local_scf, head.encode() + b"{}")
        assert b"HTTP/1.1 200" in answer
        assert b"is sent twice" in answer


def test_a_body_over_the_cap_is_refused_before_it_is_read(local_scf):
    head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n"
    signed = "Authorization: TC3-HMAC-SHA256 x\r\n"
    for headers, cap in ((head + signed, 10_485_760), (head, 1_048_576)):  # a form that is named JSON has a form's cap
        answer = raw(local_scf, headers.encode() + b"Content-Length: %d\r\n\r\n" % (cap + 1))
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["Response"]["Error"] == {
            "Code": "RequestSizeLimitExceeded",
            "Message": f"Your current request size exceed  max {cap}B, but your {cap + 1}B.",
        }


def test_a_chunked_body_over_the_cap_is_refused(local_scf):
    connection = http.client.HTTPConnection(local_scf.host, local_scf.port, timeout=20)
    chunks = (b"x" * 1_048_576 for _ in range(11))
    connection.request("POST", "/", chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    assert json.loads(connection.getresponse().read())["Response"]["Error"]["Code"] == "RequestSizeLimitExceeded"
    connection.close()


def test_the_largest_event_passes_and_a_larger_one_is_refused(local_scf):
    at_limit = json.dumps("x" * (6 * 1024 * 1024 - 2))
    result = local_scf.request("InvokeFunction", {"FunctionName": "echo", "Event": at_limit}).response["Result"]
    assert result["RetMsg"] == at_limit
    over = {"FunctionName": "echo", "Event": json.dumps("x" * (6 * 1024 * 1024 - 1))}
    assert local_scf.error("InvokeFunction", over)[0] == "InvalidParameter.RequestTooLarge"


def test_a_client_that_goes_away_harms_nobody(local_scf):
    with socket.create_connection((local_scf.host, local_scf.port), 10) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
    assert "Result" in local_scf.request("InvokeFunction", ECHO).response
    assert "internal error" not in local_scf.settled_stderr()
