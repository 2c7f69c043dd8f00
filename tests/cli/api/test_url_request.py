"""Answers that come slowly, are cut, or never come, and the way to the URL. API and URL are the test's."""

import json
import os
import pty
import subprocess
from multiprocessing.connection import wait

import pytest

from tests.conftest import child_environment, end_process, scf_command
from tests.peer import Peer, http_answer, unused_port

KEYS = {
    "TENCENTCLOUD_SECRETID": "AKIDtest",
    "TENCENTCLOUD_SECRETKEY": "key",
    "TENCENTCLOUD_SESSIONTOKEN": "temporary",
    "TENCENTCLOUD_REGION": "ap-guangzhou",
    "TENCENTCLOUD_UIN": "100000000009",
}
WAIT_SECONDS = 20


@pytest.fixture
def start(monkeypatch):
    """Start ``scf curl f`` whose URL is the one given; the API is a peer."""
    running = []

    def run(url, *words, auth="NONE", **options):
        description = json.dumps({"AuthType": auth, "NetConfig": {"ExtranetUrl": url}})
        trigger = {"Type": "http", "TriggerName": "door", "Enable": 1, "TriggerDesc": description}
        answer = {"Response": {"Triggers": [trigger], "TotalCount": 1, "RequestId": "req"}}
        peer = Peer(answer=lambda _: http_answer(json.dumps(answer)))
        variables = {**KEYS, "TENCENTSERVERLESS_ENDPOINT_URL": peer.url, **options.pop("env", {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(scf_command("curl", "f", *words), env=child_environment(**variables), **pipes)
        running.append((process, peer))
        return process

    yield run
    for process, peer in running:
        end_process(process)
        peer.close()


def finish(process):
    out, err = process.communicate(timeout=WAIT_SECONDS)
    return process.returncode, out, err.decode()


def read_some(descriptor, wanted):
    """Read until there is a text; what comes later is waited for, and nothing is guessed."""
    found = b""
    while wanted not in found:
        assert wait([descriptor], WAIT_SECONDS), found
        found += os.read(descriptor, 65536)
    return found


class Slow:
    """A URL that sends an answer in the pieces that the test hands it."""

    def __init__(self):
        self.channels = []
        self.peer = Peer(script=self._serve)

    def _serve(self, channel):
        channel.read_request()
        channel.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.channels.append(channel)
        channel.send(b"6\r\none \r\n\r\n")
        channel.wait_for_end()


def test_an_answer_is_printed_as_it_comes(start):
    slow = Slow()
    with slow.peer:
        process = start(slow.peer.url, "/stream")
        assert read_some(process.stdout.fileno(), b"one \r\n") == b"one \r\n"
        slow.channels[0].send(b"3\r\ntwo\r\n0\r\n\r\n")
        assert finish(process) == (0, b"two", "")


def test_a_terminal_gets_text_without_codes(start):
    ours, theirs = pty.openpty()
    with Peer(answer=lambda _: http_answer("a\r\nb\x1b[31mc\xff")) as peer:
        process = start(peer.url, stdout=theirs)
        os.close(theirs)
        assert process.wait(WAIT_SECONDS) == 0
        found = read_some(ours, b"c")
        os.close(ours)
    assert found.replace(b"\r\n", b"\n").decode() == "a\nb\\x1b[31mc\xff\n"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 10\r\n", b"half"),
        (b"Transfer-Encoding: chunked\r\n", b"4\r\nhalf\r\n"),
    ],
    ids=["sized", "chunked"],
)
def test_an_answer_that_is_cut(start, head, body):
    def cut(channel):
        channel.read_request()
        channel.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body)
        channel.close()

    with Peer(script=cut) as peer:
        code, out, err = finish(start(peer.url))
        assert (code, out) == (12, b"half")
        assert err == f"scf: error: {peer.url}: the answer was cut; the function may have run\n"


def test_no_answer_in_time(start):
    with Peer(script=lambda channel: channel.read_request() and channel.wait_for_end()) as peer:
        code, out, err = finish(start(peer.url, "--timeout", "0.2"))
        assert (code, out) == (12, b"")
        assert err == f"scf: error: {peer.url}: no answer in time; the function may have run\n"


def test_nobody_listens(start):
    url = f"http://127.0.0.1:{unused_port()}"
    code, _, err = finish(start(url))
    assert (code, err) == (12, f"scf: error: no local SCF answers at {url}; start one with: scf local start\n")


def test_this_machine_is_reached_without_a_proxy_and_signed_with_the_token(start):
    nowhere = f"http://127.0.0.1:{unused_port()}"
    with Peer(answer=lambda _: http_answer("{}")) as peer:
        process = start(peer.url, "/a?b", auth="CAM", env={"http_proxy": nowhere, "HTTPS_PROXY": nowhere})
        assert finish(process) == (0, b"{}", "")
        (request,) = peer.requests
        assert request.target == "/a?b"
        assert request.headers["x-scf-cam-uin"] == "100000000009"
        assert request.headers["x-scf-cam-token"] == "temporary"
        assert "Credential=AKIDtest/" in request.headers["authorization"]


def test_another_host_is_reached_by_the_proxy(start):
    with Peer(answer=lambda _: http_answer("by proxy")) as proxy:
        process = start(
            "http://1250000000-abc.ap-guangzhou.example", "/x", env={"http_proxy": proxy.url, "NO_PROXY": ""}
        )
        assert finish(process) == (0, b"by proxy", "")
        assert proxy.requests[0].target == "http://1250000000-abc.ap-guangzhou.example/x"
