"""gevent and eventlet put sockets of their own in place of Python's: calls end there as they do elsewhere."""

import json
import os
import ssl
import subprocess
import sys
import threading

import pytest

from tests.peer import Channel, Peer, ok
from tests.programs import needs_package

trustme = pytest.importorskip("trustme")

pytestmark = pytest.mark.proof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

PROGRAM = """
import importlib, json, sys
if sys.argv[1] == "gevent":
    importlib.import_module("gevent.monkey").patch_all()
if sys.argv[1] == "eventlet":
    importlib.import_module("eventlet").monkey_patch()
from tencentserverless.scf import Client

ended = []

def end(act):
    try:
        ended.append(act())
    except Exception as error:
        ended.append([type(error).__name__, error.executed.name])

roots = sys.argv[4] or None
keys = {"secret_id": "AKIDpeer", "secret_key": "k", "ca_file": roots, "timeout": 20, "max_attempts": 1}
client = Client(endpoint=sys.argv[2], **keys)
for name in ("fine", "reset", "fine"):
    end(lambda: client.invoke(name))
end(lambda: sorted(type(found).__name__ for found in client.map("reset", [1, 2], return_exceptions=True)))
end(lambda: list(client.map("fine", range(20), concurrency=8)) == ['"ok"'] * 20)
large = Client(endpoint=sys.argv[3], **keys)
end(lambda: large.invoke("f", data="x" * 5_000_000))
print(json.dumps(ended))
"""


def serve(channel: Channel) -> None:
    while True:
        request = channel.read_request()
        if request is None:
            return
        if request.fields["FunctionName"] == "reset":
            channel.reset()
            return
        channel.send(ok())


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def peers(request: "Any", tmp_path: "os.PathLike[str]") -> "Iterator[tuple[str, str, str]]":
    """The URLs of a peer that serves and of one that resets in the middle of a request, and the roots."""
    server, roots = None, ""
    if request.param:
        authority = trustme.CA()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server)
        roots = os.path.join(str(tmp_path), "roots.pem")
        authority.cert_pem.write_to_path(roots)
    is_done = threading.Event()

    def reset(channel: Channel) -> None:
        channel.sock.recv(1000)
        is_done.wait(0.2)  # the client's buffer is full by then, or it is not: both end in NO
        channel.reset()

    with Peer(serve, tls=server) as good, Peer(reset, tls=server, receive_buffer_bytes=4096) as bad:
        yield good.url, bad.url, roots


@pytest.mark.parametrize("library", ["none", "gevent", "eventlet"])
def test_calls_end_alike_whatever_the_sockets_are(library: str, peers: "tuple[str, str, str]") -> None:
    if library != "none":
        needs_package(library)
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, library, *peers]
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", timeout=120, check=True)
    *ended, large = json.loads(done.stdout)
    maybe = ["NetworkError", "MAYBE"]
    assert ended == ['"ok"', maybe, '"ok"', ["NetworkError", "NetworkError"], True]
    # An error of TLS itself proves nothing about the bytes.
    assert large == ["NetworkError", "NO"] or (peers[2] and large == maybe)
