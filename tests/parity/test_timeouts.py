"""A call whose timeout passes ends with one class, whatever was under way, and it is Python's TimeoutError too."""

# 3.6 has no parentheses around several contexts

import asyncio
import socket
import threading

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless._base import sockets
from tencentserverless.models import Verdict
from tests.parity.test_proxies import by_map, by_task, by_thread
from tests.peer import KEYS, Channel, Peer, ok
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

on_each_face = pytest.mark.parametrize("call", [by_thread, by_map, by_task])


def late(call: "Any", executed: Verdict = Verdict.NO, **options: "Any") -> "Any":
    options.setdefault("timeout", 0.3)
    with pytest.raises(TimeoutError) as caught:
        call(**options)
    error = caught.value
    assert type(error) is exception.DeadlineExceeded
    assert error.executed is executed
    return error


@on_each_face
def test_while_it_waits_for_an_answer_or_for_tls(call: "Any") -> None:
    with Peer(lambda channel: channel.wait_for_end()) as peer:
        assert "waiting for the answer" in late(call, Verdict.MAYBE, endpoint=peer.url).message
        assert "the TLS handshake took too long" in late(call, endpoint="https://" + peer.address).message


@on_each_face
def test_while_it_connects(call: "Any") -> None:
    """The peer accepts nobody, and its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        url = "http://127.0.0.1:{}".format(listener.getsockname()[1])
        error = late(call, endpoint=url)
        assert "the connect took too long" in error.message
        with pytest.raises(exception.ConnectTimeout, match="within connect_timeout: the connect") as caught:
            call(endpoint=url, connect_timeout=0.2, max_attempts=1)
        assert isinstance(caught.value, TimeoutError)
        for sock in crowd:
            sock.close()


@on_each_face
def test_while_it_looks_a_name_up(call: "Any", monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def hang(host: bytes, port: int, *more: "Any") -> "Any":
        if socket.AI_NUMERICHOST not in more:
            gate.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(sockets, "_look_ups", {})
    try:
        assert "the name lookup took too long" in late(call, endpoint="http://scf.example").message
    finally:
        gate.set()


def test_while_it_waits_for_a_connection() -> None:
    def answer_late(channel: Channel) -> None:
        channel.read_request()
        channel.peer.may_answer.wait(20)  # type: ignore[attr-defined]
        channel.send(ok())

    with Peer(answer_late) as peer:
        peer.may_answer = threading.Event()  # type: ignore[attr-defined]
        with scf.Client(endpoint=peer.url, max_connections=1, **KEYS) as client:
            first = threading.Thread(target=lambda: client.invoke("f"))
            first.start()
            peer.wait_until(lambda peer: peer.open_connections == 1)
            with pytest.raises(exception.DeadlineExceeded, match="raise max_connections") as caught:
                client.invoke("f", timeout=0.1)
            peer.may_answer.set()  # type: ignore[attr-defined]
            first.join()
        assert caught.value.executed is Verdict.NO

        async def main() -> None:
            async with aio.AsyncClient(endpoint=peer.url, max_connections=1, **KEYS) as client:
                peer.may_answer.clear()  # type: ignore[attr-defined]
                first = asyncio.ensure_future(client.invoke("f"))
                await asyncio.sleep(0)
                with pytest.raises(exception.DeadlineExceeded, match="raise max_connections") as caught:
                    await client.invoke("f", timeout=0.1)
                assert caught.value.executed is Verdict.NO
                peer.may_answer.set()  # type: ignore[attr-defined]
                assert await first == '"ok"'

        run_on_new_loop(main())
