"""A peer may answer before a request was sent whole: both clients take the answer at once, and say NO."""

# 3.6 has no parentheses around several contexts

import os
import socket
import ssl
import threading

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless.models import Verdict
from tests.peer import KEYS, Channel, Peer, api_error, http_answer, ok
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BIG = "x" * 5_000_000


def call_by_thread(peer: Peer, **options: "Any") -> "Any":
    with scf.Client(endpoint=peer.url, **dict(KEYS, **options)) as client:
        return client.invoke("f", data=BIG)


def call_by_task(peer: Peer, **options: "Any") -> "Any":
    async def call() -> "Any":
        async with aio.AsyncClient(endpoint=peer.url, **dict(KEYS, **options)) as client:
            return await client.invoke("f", data=BIG)

    return run_on_new_loop(call())


def map_by_thread(peer: Peer, **options: "Any") -> "Any":
    with scf.Client(endpoint=peer.url, **dict(KEYS, **options)) as client:
        return next(client.map("f", [BIG]))


def refuse(answer: bytes, is_closing: bool) -> "Any":
    """A script that answers a request by its head, and does not read the rest."""

    def script(channel: Channel) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            read = channel.sock.recv(4096)
            assert read, head
            head += read
        channel.send(answer)
        if is_closing:
            channel.sock.shutdown(socket.SHUT_WR)
        channel.peer.is_done.wait(30)  # type: ignore[attr-defined]  # read more, and the request would arrive whole

    return script


ANSWERS = [
    (http_answer("too large", "413 Request Entity Too Large", "Connection: close"), exception.ServerError, "413"),
    (api_error("AuthFailure.SecretIdNotFound", "no such key"), exception.AuthFailure, "no such key"),
]


@pytest.mark.parametrize("call", [call_by_thread, map_by_thread, call_by_task])
@pytest.mark.parametrize("is_closing", [True, False], ids=["closes", "stays"])
@pytest.mark.parametrize(("answer", "kind", "words"), ANSWERS, ids=["413", "AuthFailure"])
def test_an_early_refusal_is_what_the_call_ends_with(
    call: "Any", is_closing: bool, answer: bytes, kind: type, words: str
) -> None:
    with Peer(refuse(answer, is_closing), receive_buffer_bytes=4096) as peer:
        peer.is_done = threading.Event()  # type: ignore[attr-defined]
        with pytest.raises(kind) as caught:
            call(peer, timeout=20)
        peer.is_done.set()  # type: ignore[attr-defined]
        assert peer.accepts == 1
    assert words in caught.value.message
    assert caught.value.executed is Verdict.NO
    assert len(caught.value.attempts) == 1


@pytest.mark.parametrize("call", [call_by_thread, map_by_thread, call_by_task])
def test_a_connection_with_a_request_cut_short_carries_no_other(call: "Any") -> None:
    """The rest of the first request would be read as the second one's head."""

    def script(channel: Channel) -> None:
        if channel.number > 1:
            channel.read_request()
            channel.send(ok())
            return
        refuse(api_error("RequestLimitExceeded", "too many"), False)(channel)

    with Peer(script, receive_buffer_bytes=4096) as peer:
        peer.is_done = threading.Event()  # type: ignore[attr-defined]
        assert call(peer, timeout=20) == '"ok"'
        peer.is_done.set()  # type: ignore[attr-defined]
        assert peer.accepts == 2


@pytest.mark.parametrize("call", [call_by_thread, map_by_thread, call_by_task])
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_a_timeout_in_the_middle_of_sending_did_not_run(
    call: "Any", is_tls: bool, tmp_path: "os.PathLike[str]"
) -> None:
    server = roots = None
    if is_tls:
        authority = pytest.importorskip("trustme").CA()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server)
        roots = os.path.join(str(tmp_path), "roots.pem")
        authority.cert_pem.write_to_path(roots)
    is_done = threading.Event()
    with Peer(lambda channel: is_done.wait(30) and None, tls=server, receive_buffer_bytes=4096) as peer:
        with pytest.raises(exception.DeadlineExceeded, match="was being sent") as caught:
            call(peer, timeout=2.0, ca_file=roots)
        is_done.set()
    assert caught.value.executed is Verdict.NO
