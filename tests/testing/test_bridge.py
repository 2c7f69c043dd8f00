"""The bridge by which a worker asks the process of the test."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from tencentserverless.testing.bridge import Bridge


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    bridge.close()


def port_of(bridge: Bridge) -> int:
    return bridge._server.server_address[1]


def ask(port: int, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def test_who_does_not_know_the_token_runs_nothing(bridge: Bridge) -> None:
    ran = []
    bridge.add("f", lambda event, context: ran.append(event))
    question = {"name": "f", "event": 1, "context": {}}
    for line in (
        b"",
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"[]\n",
        json.dumps(question).encode() + b"\n",
        json.dumps({**question, "token": "wrong"}).encode() + b"\n",
        json.dumps({**question, "token": ["\u00e9"]}).encode() + b"\n",
    ):
        assert ask(port_of(bridge), line) == b"", line
    assert ran == []
    line = json.dumps({**question, "token": bridge._token}).encode() + b"\n"
    assert json.loads(ask(port_of(bridge), line)) == {"result": None}
    assert ran == [1]


def test_a_worker_that_goes_away_breaks_nothing(bridge: Bridge) -> None:
    go_on = threading.Event()
    ended = threading.Event()

    def handler(event, context):
        go_on.wait(10)
        ended.set()
        return "x" * 10_000_000

    bridge.add("f", handler)
    connection = socket.create_connection(("127.0.0.1", port_of(bridge)), 10)
    connection.sendall(json.dumps({"token": bridge._token, "name": "f", "event": 1, "context": {}}).encode() + b"\n")
    connection.close()
    go_on.set()
    assert ended.wait(10)
    bridge.remove("f")
    line = json.dumps({"token": bridge._token, "name": "f", "event": 1, "context": {}}).encode() + b"\n"
    kind, module, text, trace = json.loads(ask(port_of(bridge), line))["error"]
    assert (kind, module, text) == ("LookupError", "builtins", "the test that registered this function has ended")
    assert trace.endswith(text)


def test_errors_that_can_not_be_told(bridge: Bridge) -> None:
    class Shy(Exception):
        def __str__(self):
            raise ValueError

    def handler(event, context):
        raise Shy

    bridge.add("f", handler)
    line = json.dumps({"token": bridge._token, "name": "f", "event": 1, "context": {}}).encode() + b"\n"
    kind, _, text, _ = json.loads(ask(port_of(bridge), line))["error"]
    assert (kind, text) == ("Shy", "(its text could not be made)")


def test_after_the_end_no_answer_comes() -> None:
    bridge = Bridge()
    bridge.close()
    bridge.add("f", print)
    port = port_of(bridge)
    bridge.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
