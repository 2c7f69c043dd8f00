"""Bad input gets a code of the platform in the envelope, with HTTP 200: no 500, no traceback, and no silence."""

import http.client
import json
import re
import socket
import time
import uuid
from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless._core import signing_v1
from tests.profiles import examples

ECHO = {"FunctionName": "echo", "Event": '{"a": 1}'}
CODE = re.compile(r"[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)?\Z")
INSIDE = re.compile(rb"Traceback|File \\?\"|line \d+, in|msgspec|httptools|/src/")


def exchange(local_scf, data, *, ends=False):
    """Everything that comes back for these bytes."""
    with socket.create_connection((local_scf.host, local_scf.port), 10) as connection:
        connection.sendall(data)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def error_of(answer):
    """The error in an answer, which must be one whole envelope of HTTP 200."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert headers["content-type"] == "application/json"
    assert int(headers["content-length"]) == len(body)
    assert not INSIDE.search(body), body
    response = json.loads(body)["Response"]
    uuid.UUID(response["RequestId"])
    assert CODE.match(response["Error"]["Code"])
    assert response["Error"]["Message"]
    return response["Error"]["Code"]


def post(*lines, body=b"{}", length=None):
    head = ["POST / HTTP/1.1", "Host: h", "Connection: close", *lines]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture(autouse=True)
def nothing_failed_inside(local_scf):
    before = len(local_scf.settled_stderr())
    yield
    written = local_scf.settled_stderr()[before:]
    assert "internal error" not in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", "UnsupportedProtocol"),  # a TLS client on a port of HTTP
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "UnsupportedProtocol"),
        (b"nonsense\r\n\r\n", "UnsupportedProtocol"),
        (b"POST / HTTP/9.9\r\n\r\n", "UnsupportedProtocol"),
        (b"POST /\r\n\r\n", "MissingAuthorization"),  # HTTP/0.9, to the parser
        (b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "UnsupportedProtocol"),
        (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", "InvalidParameter"),
        (b"CONNECT scf.tencentcloudapi.com:443 HTTP/1.1\r\nHost: h\r\n\r\n", "UnsupportedProtocol"),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "UnsupportedProtocol"),
        (b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "UnsupportedProtocol"),
        (post("Bad Header: x"), "UnsupportedProtocol"),
        (post(": x"), "UnsupportedProtocol"),
        (post("X: a\0b"), "UnsupportedProtocol"),
        (post("Content-Length: -1"), "UnsupportedProtocol"),
        (post("Content-Length: 2", "Content-Length: 3"), "UnsupportedProtocol"),
        (post("Content-Length: 2", "Transfer-Encoding: chunked"), "UnsupportedProtocol"),
        (post("Content-Length: " + "9" * 40), "UnsupportedProtocol"),
        (post("Content-Length: " + "9" * 17, "Content-Type: application/json"), "RequestSizeLimitExceeded"),
        (post("Transfer-Encoding: chunked", "Content-Type: application/json", body=b"zz\r\n"), "UnsupportedProtocol"),
        (post("Content-Type: text/plain"), "UnsupportedProtocol"),
        (post("Content-Type: multipart/form-data; boundary=x"), "UnsupportedProtocol"),
        (post("Content-Type: \xff\xfe"), "UnsupportedProtocol"),
        (post("Content-Type: application/json"), "MissingAuthorization"),
        (post("Content-Type: application/json", "Authorization: \xff"), "AuthFailure.InvalidAuthorization"),
        (post("Content-Type: application/json", "Authorization: SKIP"), "AuthFailure.InvalidAuthorization"),
        (post("X-TC-Region: a", "x-tc-region: b"), "InvalidParameter"),
        (post("X-TC-Language: a", "X-TC-Language: a"), "InvalidParameter"),
        (post("Content-Type: application/x-www-form-urlencoded", body=b"\xff\xfe"), "InvalidParameter"),
        (post("Content-Type: application/x-www-form-urlencoded", body=b"a=%ff"), "InvalidParameter"),
        (post("Content-Type: application/x-www-form-urlencoded", body=b"a=1&a=2"), "InvalidParameter"),
        (post(body=b""), "MissingAuthorization"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "MissingAuthorization"),
        (b"GET /?SecretId=a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "MissingParameter"),
        (b"GET /index.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "InvalidParameter"),
        (b"GET /%2e%2e/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "InvalidParameter"),
        (b"GET / HTTP/1.0\r\n\r\n", "MissingAuthorization"),
        (b"GET http://h:99999/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "InvalidParameter"),
        (b"GET http:///? HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "InvalidParameter"),
    ],
)
def test_bytes_that_no_client_sends(local_scf, data, code):
    code = code.replace("MissingAuthorization", "AuthFailure.InvalidAuthorization")
    assert error_of(exchange(local_scf, data)) == code


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HT",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_request_that_ends_before_it_is_whole(local_scf, data):
    assert error_of(exchange(local_scf, data, ends=True)) == "InvalidParameter"


def test_a_client_that_says_nothing_gets_nothing(local_scf):
    assert exchange(local_scf, b"", ends=True) == b""


def test_a_head_without_end_is_refused(local_scf):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)  # what the server does not read is not sent
        connection.settimeout(20)
        connection.connect((local_scf.host, local_scf.port))
        connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\n")
        sent = 0
        line = b"X-Filler: " + b"x" * 8000 + b"\r\n"
        try:
            while sent < 4_000_000:
                connection.sendall(line)
                sent += len(line)
        except OSError:  # the server has closed
            pass
        assert sent < 2_000_000


def test_garbage_behind_a_request_does_not_answer_it(local_scf):
    """The call under way may have run its function; what is said of the garbage must not be taken for its answer."""
    request = sign_form(local_scf, {"FunctionName": "echo", "Event": '"whole"'})
    answer = exchange(local_scf, request + b"nonsense\r\n\r\n")
    first = answer.partition(b"\r\n\r\n")[2]
    assert json.JSONDecoder().raw_decode(first.decode())[0]["Response"]["Result"]["RetMsg"] == '"whole"'


def sign_form(local_scf, fields):
    fields = {
        "Action": "InvokeFunction",
        "Version": "2018-04-16",
        "Region": "ap-guangzhou",
        "Timestamp": str(int(time.time())),
        "Nonce": "1",
        "SecretId": local_scf.env["TENCENTCLOUD_SECRETID"],
        **fields,
    }
    text = signing_v1.text_to_sign("POST", "h", fields)
    fields["Signature"] = signing_v1.signature(local_scf.env["TENCENTCLOUD_SECRETKEY"], text)
    body = urlencode(fields).encode()
    head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


DEEP = 20_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "InvalidParameter"),
        (b"{", "InvalidParameter"),
        (b"[]", "InvalidParameter"),
        (b"null", "MissingParameter"),
        (b"\xff\xfe{}", "InvalidParameter"),
        (b'{"FunctionName": "\xff"}', "InvalidParameter"),
        (b'{"FunctionName": "\\ud800"}', "InvalidParameter"),
        (b'{"FunctionName": NaN}', "InvalidParameter"),
        (b'{"FunctionName": ' + b"9" * 5000 + b"}", "InvalidParameter"),
        (b'{"FunctionName": 1e999999}', "InvalidParameter"),
        (b'{"FunctionName": "echo", "Event": ' + b"[" * DEEP + b"]" * DEEP + b"}", "InvalidParameter"),
        (b"[" * DEEP + b"]" * DEEP, "InvalidParameter"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "InvalidParameter"),
        (b'{"FunctionName": {"a": 1}}', "InvalidParameter"),
        (b'{"FunctionName": null}', "MissingParameter"),
        (b'{"\\u0000": 1}', "UnknownParameter"),
        (
            json.dumps({"FunctionName": "echo", "Event": "[" * DEEP + "]" * DEEP}).encode(),
            "InvalidParameterValue.Param",
        ),
    ],
)
def test_signed_bodies_that_are_no_parameters(local_scf, body, code):
    assert local_scf.error("InvokeFunction", body)[0] == code


@pytest.mark.parametrize("code", ["InvalidParameter"])
@pytest.mark.parametrize("name", ["Event." + "0." * 5000 + "0", "Event.0", "Event..", "."])
def test_signed_forms_that_are_no_parameters(local_scf, name, code):
    request = sign_form(local_scf, {"FunctionName": "echo", name: "1"})
    assert error_of(exchange(local_scf, request.replace(b"Host: h", b"Host: h\r\nConnection: close"))) == code


# Random input. The number of examples is what bounds the time.
BOUNDED = hypothesis.settings(
    max_examples=examples(150),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
names = st.one_of(
    st.sampled_from(
        "Host Content-Type Authorization X-TC-Action X-TC-Version X-TC-Region X-TC-Timestamp X-TC-Token "
        "X-TC-Content-SHA256 Expect Upgrade Content-Encoding X-Other".split()
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12),
)
values = st.one_of(
    st.sampled_from(
        [
            "",
            "application/json",
            "application/x-www-form-urlencoded",
            "2018-04-16",
            "InvokeFunction",
            "100-continue",
            "websocket",
            "UNSIGNED-PAYLOAD",
            "TC3-HMAC-SHA256 Credential=a/b/scf/tc3_request, SignedHeaders=content-type;host, Signature=c",
        ]
    ),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40),
)
queries = st.one_of(st.just(""), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
bodies = st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"a=1&b.0=2", b"SecretId=a&Signature=b&Nonce=1"]))


@pytest.mark.campaign
@BOUNDED
@hypothesis.given(
    st.sampled_from(["POST", "GET", "PUT", "DELETE", "PATCH", "TRACE"]),
    st.sampled_from(["/", "/", "/", "/a", "*", "http://h/"]),
    queries,
    st.lists(st.tuples(names, values), max_size=8),
    bodies,
)
def test_any_request_gets_one_envelope(local_scf, method, path, query, headers, body):
    lines = [f"{method} {path}{'?' if query else ''}{query} HTTP/1.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    answer = exchange(local_scf, data, ends=True)
    error_of(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))


@pytest.mark.campaign
@BOUNDED
@hypothesis.given(st.binary(min_size=1, max_size=200))
def test_any_bytes_get_one_envelope(local_scf, data):
    answer = exchange(local_scf, data, ends=True)
    if data.strip(b"\r\n"):  # empty lines before a request are allowed, and are none
        error_of(answer)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
fields = st.dictionaries(
    st.one_of(
        st.sampled_from("FunctionName Event Qualifier LogType Namespace RoutingKey".split()), st.text(max_size=8)
    ),
    json_values,
    max_size=4,
)


@pytest.mark.campaign
@BOUNDED
@hypothesis.given(fields)
def test_any_signed_json_gets_one_envelope(local_scf, parameters):
    answer = local_scf.request("InvokeFunction", {"FunctionName": "echo", **parameters})
    assert answer.status == 200
    assert not INSIDE.search(json.dumps(answer.response.get("Error", "")).encode())
    assert ("Result" in answer.response) != ("Error" in answer.response)
    assert answer.response.get("Error", {}).get("Code") != "InternalError"


@pytest.mark.campaign
@BOUNDED
@hypothesis.given(
    st.dictionaries(
        st.text(st.sampled_from("EventFilters.019_ \u00e9"), min_size=1, max_size=20), st.text(max_size=20), max_size=4
    )
)
def test_any_signed_form_gets_one_envelope(local_scf, parameters):
    parameters = {name: text.encode("utf-8", "replace").decode() for name, text in parameters.items()}
    request = sign_form(local_scf, {"FunctionName": "echo", **parameters})
    answer = exchange(local_scf, request.replace(b"Host: h", b"Host: h\r\nConnection: close"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"Code":"InternalError"' not in answer
    assert b'"Code":"AuthFailure' not in answer


def test_the_server_is_well_after_all_this(local_scf):
    assert "Result" in local_scf.request("InvokeFunction", ECHO).response
    connection = http.client.HTTPConnection(local_scf.host, local_scf.port, timeout=10)
    connection.request("POST", "/", b"{}")
    assert connection.getresponse().status == 200
    connection.close()
