"""The generators' own parts: what they are told, how an answer is judged, what is read of what they print."""

import json
import random
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.clients import wire
from benchmarks.local import caller
from benchmarks.local.load import Load, parse, write_script
from benchmarks.local.official_heads import OFFICIAL, TRACE_ID
from benchmarks.local.peers import talk_plainly
from benchmarks.local.servers import SCF, Dialect, Running

FIGURES = {"calls": 10, "seconds": 2.0, "wrong": 1, "broken": 2, "p50_ms": 0.5, "p99_ms": 1.5}
WRK = """Running 1s test @ http://127.0.0.1:8583
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   425.62us  258.20us   3.17ms   90.46%
10 requests in 2.00s, 13.52MB read
Requests/sec:      5.00

"""


def answer(body: bytes, *headers: str, status: str = "200 OK", length: "int | None" = None) -> bytes:
    size = len(body) if length is None else length
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]).encode() + body


def test_the_last_line_of_json_is_read() -> None:
    load = parse(WRK + json.dumps(FIGURES) + "\n")
    assert load == Load(**FIGURES)
    assert load.calls_per_second == 5
    assert load.failures == 3


@pytest.mark.parametrize(
    "text", ["", WRK, "{", '{"calls": 1}', json.dumps({**FIGURES, "more": 1}), json.dumps({**FIGURES, "calls": 0})]
)
def test_what_holds_no_figures_is_an_error(text: str) -> None:
    with pytest.raises(RuntimeError, match="load generator"):
        parse(text)


def test_wrk_is_told_the_signed_call_and_what_is_right() -> None:
    script = write_script(Running(8583, None, SCF, 0.0), '"{\\"name\\": 1}"')
    call = SCF.build(8583)
    assert f"wrk.body = {json.dumps(call.body.decode())}\n" in script
    assert 'wrk.headers["Host"] = "127.0.0.1:8583"\n' in script
    assert 'wrk.headers["Authorization"] = "TC3-HMAC-SHA256 Credential=' in script
    assert r'string.find(body, "\"{\\\"name\\\": 1}\"", 1, true)' in script


def test_wrk_is_told_the_one_place_that_varies() -> None:
    script = write_script(Running(8583, None, OFFICIAL, 0.0), "x")
    before, after = OFFICIAL.build(8583).to_bytes().decode().split(TRACE_ID)
    assert f"local parts = {{{json.dumps(before)}, {json.dumps(after)}}}\n" in script
    assert before.endswith("\r\nX-TC-TraceId: ")
    assert "function request()" not in write_script(Running(8583, None, SCF, 0.0), "x")


def test_our_generator_sends_another_trace_id_in_each_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        request = OFFICIAL.build(8583).to_bytes()
        one = caller.Caller(listener.getsockname(), request, b"", TRACE_ID.encode())
        with one.sock, listener.accept()[0] as server:
            one.send()
            one.send()
            data = b""
            while len(data) < 2 * len(request):
                more = server.recv(65536)
                assert more, data
                data += more
    ids = re.findall(rb"\r\nX-TC-TraceId: ([0-9a-f-]{36})\r\n", data)
    assert len(set(ids)) == 2
    assert TRACE_ID.encode() not in ids
    assert data == request.replace(TRACE_ID.encode(), ids[0]) + request.replace(TRACE_ID.encode(), ids[1])


def test_official_heads_are_those_of_the_official_sdk() -> None:
    """The installed SDK calls a listener that reads its request."""
    scf_client = pytest.importorskip("tencentcloud.scf.v20180416.scf_client")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        port = listener.getsockname()[1]
        received = thread.submit(answer_once, listener)
        call_officially(scf_client, port)
        head, _, body = received.result(10).partition(b"\r\n\r\n")
    call = OFFICIAL.build(port)
    sent = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    del sent["Content-Length"]
    assert list(sent) == list(call.headers)
    free = {"User-Agent", "Accept-Encoding", "X-TC-TraceId", "X-TC-RequestClient", "X-TC-Timestamp", "Authorization"}
    assert {name: sent[name] for name in sent if name not in free} == {
        name: text for name, text in call.headers.items() if name not in free
    }
    assert json.loads(body) == json.loads(call.body)


def call_officially(scf_client: object, port: int) -> None:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.scf.v20180416 import models

    http = HttpProfile(protocol="http", endpoint=f"127.0.0.1:{port}", keepAlive=True)
    client = scf_client.ScfClient(Credential("id", "key"), wire.REGION, ClientProfile(httpProfile=http))
    request = models.InvokeFunctionRequest()
    request.FunctionName, request.Namespace, request.Qualifier = wire.FUNCTION, "default", "$LATEST"
    request.Event = json.dumps(wire.EVENT)
    client.InvokeFunction(request)
    client.api_client.session.close() if hasattr(client, "api_client") else None


def answer_once(listener: socket.socket) -> bytes:
    with listener.accept()[0] as sock:
        sock.settimeout(10)
        data = b""
        for more in iter(lambda: sock.recv(65536), b""):
            data += more
            if data.endswith(b"}"):
                break
        sock.sendall(answer(b'{"Response": {"RequestId": "x"}}', "Connection: close"))
    return data


@pytest.mark.parametrize("dialect", [SCF, OFFICIAL, talk_plainly("/path")])
def test_a_prebuilt_request_is_whole(dialect: Dialect) -> None:
    call = dialect.build(8583)
    head, _, body = call.to_bytes().partition(b"\r\n\r\n")
    assert head.startswith(b"POST %s HTTP/1.1\r\n" % call.path.encode())
    assert head.count(b"\r\nHost: 127.0.0.1:8583\r\n") == 1
    assert head.endswith(b"\r\nContent-Length: %d" % len(body))
    assert body == call.body


def test_the_result_is_found_as_it_stands_in_the_answer() -> None:
    def envelope(**result: object) -> bytes:
        return json.dumps({"Response": {"Result": {"ErrMsg": "", **result}}}).encode()

    text = SCF.find_result(envelope(RetMsg='{"a": "b"}'))
    assert text == rb'"{\"a\": \"b\"}"'
    assert SCF.read(text) == {"a": "b"}
    with pytest.raises(RuntimeError):
        SCF.find_result(envelope(RetMsg='{"a": "b"}', ErrMsg="it failed"))
    with pytest.raises(RuntimeError):
        SCF.find_result(b'{"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}}')
    with pytest.raises(ValueError, match="escaped"):
        SCF.find_result(rb'{"Response": {"Result": {"ErrMsg": "", "RetMsg": "\u007b\u007d"}}}')


@pytest.mark.parametrize(
    ("data", "judgement"),
    [
        (answer(b"right"), (True, True)),
        (answer(b"right", "Connection: close"), (True, False)),
        (answer(b"other"), (False, True)),
        (answer(b"right", status="500 Internal Server Error"), (False, True)),
        (answer(b"right", status="429 Too Many Requests"), (False, True)),
        (answer(b"right and more", length=5), (False, False)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n", (False, False)),
        (answer(b"right", length=6), None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"", None),
    ],
)
def test_an_answer_is_judged(data: bytes, judgement: "tuple[bool, bool] | None") -> None:
    assert caller.judge(data, b"right") == judgement


def test_percentiles_are_those_of_the_ordered_calls() -> None:
    load = caller.Load([])
    load.seconds = [number / 1000 for number in range(200)]
    random.Random(1).shuffle(load.seconds)
    load.wrong, load.broken = 3, 4
    found = Load(**caller.summarize(load, 2.0))
    assert (found.calls, found.p50_ms, found.p99_ms, found.failures) == (200, 100, 198, 7)
    assert caller.summarize(caller.Load([]), 2.0)["calls"] == 0
