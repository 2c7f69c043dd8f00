"""The network edge over real sockets: what each way of failing proves about the function."""

import socket
import threading
import time

import pytest

from tencentserverless import exception
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, http_answer, ok, unused_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO, MAYBE, YES = Verdict.NO, Verdict.MAYBE, Verdict.YES
BIG = "x" * 5000000


def client_of(peer: "Peer | str", **options: "Any") -> Client:
    settings: "dict[str, Any]" = dict(KEYS, max_attempts=1)
    settings.update(options)
    return Client(endpoint=peer if isinstance(peer, str) else peer.url, **settings)


def fail(peer: "Peer | str", data: "Any" = None, **options: "Any") -> "Any":
    """The error that a call ends with."""
    with client_of(peer, **options) as client, pytest.raises(exception.CallError) as caught:
        client.invoke("f", data=data)
    return caught.value


def read_then(answer: bytes) -> "Any":
    """A script that reads a request whole, says this and hangs up."""

    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(answer)

    return script


def hold(channel: Channel) -> None:
    """A script that reads all and says nothing."""
    channel.wait_for_end()


def ignore(channel: Channel) -> None:
    """A script that never reads."""
    channel.peer.wait_until(lambda peer: peer._is_closed)


def test_a_call_sends_what_it_says_and_returns_the_answer() -> None:
    with Peer() as peer, client_of(peer, region="ap-chengdu", token="tok") as client:
        assert client.invoke("f", data={"a": "b"}) == '"ok"'
    request = peer.requests[0]
    assert (request.method, request.target) == ("POST", "/")
    assert request.headers["host"] == peer.address
    assert request.headers["x-tc-region"] == "ap-chengdu"
    assert request.headers["x-tc-token"] == "tok"
    assert request.headers["authorization"].startswith("TC3-HMAC-SHA256 Credential=AKIDpeer/")
    assert request.fields["Event"] == '{"a":"b"}'


def test_a_big_event_and_a_big_answer_pass_whole() -> None:
    big = '"' + BIG + '"'
    with Peer(answer=lambda request: ok(big)) as peer, client_of(peer) as client:
        assert client.invoke("f", data=BIG) == big
    assert peer.requests[0].fields["Event"] == big


def test_a_refused_connection_did_not_run_and_names_the_address() -> None:
    port = unused_port()
    error = fail("http://127.0.0.1:{}".format(port))
    assert type(error) is exception.ConnectError
    assert (error.executed, error.code, error.request_id) == (NO, "ClientNetworkError", None)
    assert "cannot connect to 127.0.0.1:{}: Connection refused".format(port) in error.message
    assert "scf local start" in error.message


def test_an_unknown_name_did_not_run() -> None:
    error = fail("https://no-such-host.invalid", connect_timeout=10)
    assert type(error) is exception.ConnectError
    assert error.executed is NO
    assert "no-such-host.invalid" in error.message


def test_a_name_that_idna_cannot_carry_did_not_run() -> None:
    error = fail("https://" + "a" * 64 + ".example", connect_timeout=10)
    assert (type(error), error.executed) == (exception.ConnectError, NO)


def test_a_connection_that_is_never_answered_ends_at_the_connect_timeout() -> None:
    """A listener whose queue is full drops what comes; the client must not wait for the kernel's two minutes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(4)]
        try:
            for sock in fill:
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
            started = time.monotonic()
            error = fail("http://127.0.0.1:{}".format(listener.getsockname()[1]), connect_timeout=0.3)
            assert time.monotonic() - started < 60
        finally:
            for sock in fill:
                sock.close()
    assert type(error) is exception.ConnectTimeout
    assert error.executed is NO


def send_late(peer: Peer, client: Client) -> exception.DeadlineExceeded:
    """Send what the peer does not read, with a time limit for nothing but the sending."""
    origin = client._find_target(None).origin
    connection = client._pool.acquire(origin, time.monotonic() + 20, lambda *_: None)
    with pytest.raises(exception.DeadlineExceeded) as caught:
        connection.exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n" + BIG.encode(), 0.1)
    assert not connection.has_handed_over
    client._pool.discard(connection, abort=True)
    return caught.value


def test_a_deadline_while_sending_did_not_run() -> None:
    """The peer does not read, so the last byte cannot have left: the signature covers the whole body."""
    with Peer(ignore, receive_buffer_bytes=4096) as peer, client_of(peer) as client:
        error = send_late(peer, client)
    assert error.executed is NO
    assert "while the request to {} was being sent".format(peer.address) in error.message


def test_a_call_that_was_not_sent_whole_never_arrives_later() -> None:
    """The connection is reset and not closed, so that what the kernel still holds is thrown away."""
    read: "list[Any]" = []
    released = threading.Event()

    def late(channel: Channel) -> None:
        released.wait(20)
        try:
            read.append(channel.read_request())
        except ConnectionResetError:
            read.append("reset")

    with Peer(late, receive_buffer_bytes=4096) as peer, client_of(peer) as client:
        send_late(peer, client)
        released.set()
        peer.wait_until(lambda peer: bool(read))
    assert read == ["reset"]


def test_a_deadline_while_waiting_may_have_run() -> None:
    with Peer(hold) as peer:
        started = time.monotonic()
        error = fail(peer, timeout=1)
        assert time.monotonic() - started >= 1
        assert type(error) is exception.DeadlineExceeded
        assert error.executed is MAYBE
        assert "while waiting for the answer of {}".format(peer.address) in error.message
        assert list(error.attempts[0].phases_ms) == ["resolve", "connect", "send", "wait"]
        assert max(error.attempts[0].phases_ms, key=error.attempts[0].phases_ms.get) == "wait"


def test_a_deadline_in_the_middle_of_an_answer_may_have_run() -> None:
    """An answer that trickles, here without end, must not push the deadline away."""

    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            channel.send(b"x")
            time.sleep(0.01)

    with Peer(script) as peer:
        error = fail(peer, timeout=1)
        assert (type(error), error.executed) == (exception.DeadlineExceeded, MAYBE)


def test_a_call_of_its_own_timeout() -> None:
    with Peer(hold) as peer, client_of(peer, timeout=60) as client:
        started = time.monotonic()
        with pytest.raises(exception.DeadlineExceeded):
            client.invoke("f", timeout=0.2)
        assert time.monotonic() - started < 60


def test_a_reset_after_the_request_was_read_may_have_run() -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        channel.reset()

    with Peer(script) as peer:
        error = fail(peer)
        assert type(error) is exception.NetworkError
        assert error.executed is MAYBE
        assert "Connection reset by peer, waiting for the answer of {}".format(peer.address) in error.message


def test_a_reset_while_a_big_request_is_sent_did_not_run() -> None:
    def script(channel: Channel) -> None:
        channel.sock.recv(1000)
        channel.reset()

    with Peer(script, receive_buffer_bytes=4096) as peer:
        error = fail(peer, BIG)
        assert type(error) is exception.NetworkError
        assert error.executed is NO
        assert "sending to" in error.message


def test_a_peer_that_hangs_up_without_an_answer_may_have_run() -> None:
    with Peer(read_then(b"")) as peer:
        error = fail(peer)
        assert (type(error), error.executed) == (exception.NetworkError, MAYBE)
        assert "the connection was closed with no answer" in error.message


@pytest.mark.parametrize("length", [1, 10, 20, 60, 150, 250])
def test_an_answer_that_is_cut_may_have_run(length: int) -> None:
    with Peer(read_then(ok()[:length])) as peer:
        error = fail(peer)
        assert (type(error), error.executed) == (exception.NetworkError, MAYBE)
        assert "the answer was cut short" in error.message


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "its status line is"),
        (b"\x15\x03\x01\x00\x02\x02\x16\r\n\r\n", "control character"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "more than one Content-Length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "its framing is ambiguous"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "is larger than 41943040"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000, "header block is larger than 65536"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switches protocols"),
    ],
)
def test_an_answer_that_breaks_http_may_have_run_and_says_what_was_wrong(answer: bytes, fault: str) -> None:
    with Peer(read_then(answer)) as peer:
        error = fail(peer)
        assert type(error) is exception.ProtocolError
        assert error.executed is MAYBE
        assert fault in error.message
        assert error.response is not None
        assert error.response[:3].encode("utf-8")[:1] == answer[:1]


def test_an_answer_without_an_envelope_carries_its_start() -> None:
    with Peer(answer=lambda request: http_answer("<html>" + "x" * 1000)) as peer:
        error = fail(peer)
        assert (type(error), error.executed) == (exception.ProtocolError, MAYBE)
        assert error.response == "<html>" + "x" * 506


def test_a_gateways_page_is_a_server_error() -> None:
    with Peer(answer=lambda request: http_answer("<h1>502</h1>", "502 Bad Gateway")) as peer:
        error = fail(peer)
        assert (type(error), error.status, error.executed) == (exception.ServerError, 502, MAYBE)
        assert error.code == "ServerNetworkError"


@pytest.mark.parametrize(
    "frame",
    [
        lambda body: (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        ),
        lambda body: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body,
        lambda body: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        lambda body: b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
    ],
)
def test_every_framing_of_an_answer_is_understood(frame: "Any") -> None:
    body = ok().partition(b"\r\n\r\n")[2]
    with Peer(read_then(frame(body))) as peer, client_of(peer) as client:
        assert client.invoke("f") == '"ok"'


def test_an_answer_that_arrives_byte_by_byte_is_understood() -> None:
    def script(channel: Channel) -> None:
        channel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel.read_request()
        for byte in ok():
            channel.send(bytes([byte]))

    with Peer(script) as peer, client_of(peer) as client:
        assert client.invoke("f") == '"ok"'


def test_a_transient_failure_is_tried_again_until_it_passes() -> None:
    answers = [http_answer(b'{"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": "m"}}}'), ok()]
    with Peer(answer=lambda request: answers.pop(0)) as peer, client_of(peer, max_attempts=3) as client:
        assert client.invoke("f") == '"ok"'
    assert len(peer.requests) == 2


def test_what_may_have_run_is_sent_once_without_consent_and_again_with_it() -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        if channel.number % 2 == 0:
            channel.send(ok())

    with Peer(script) as peer, client_of(peer, max_attempts=3) as client:
        with pytest.raises(exception.NetworkError) as caught:
            client.invoke("f")
        assert caught.value.executed is MAYBE
        assert len(peer.requests) == 1
        client.invoke("f")
        assert client.invoke("f", idempotent=True) == '"ok"'
        assert len(peer.requests) == 4


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6_is_spoken() -> None:
    with Peer(host="::1") as peer, client_of(peer) as client:
        assert client.invoke("f") == '"ok"'
    assert peer.requests[0].headers["host"] == "[::1]:{}".format(peer.port)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_next_address_of_a_name_is_tried(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name has two addresses, and only one of them answers, whichever comes first."""
    real = socket.getaddrinfo

    def look_up(name: "Any", port: int, *rest: "Any") -> "Any":
        if name not in ("two.example", b"two.example"):
            return real(name, port, *rest)
        if socket.AI_NUMERICHOST in rest:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        return [found for address in ("::1", "127.0.0.1") for found in real(address, port, 0, socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Peer(host=host) as peer:
        with client_of("http://two.example:{}".format(peer.port), proxy="") as client:
            assert client.invoke("f") == '"ok"'
        assert peer.accepts == 1


def test_a_name_lookup_is_bounded_by_the_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """getaddrinfo ignores socket timeouts, so a resolver that hangs must not hang the call."""
    gate, ended = threading.Event(), []
    real = socket.getaddrinfo

    def look_up(name: "Any", port: int, *rest: "Any") -> "Any":
        if socket.AI_NUMERICHOST in rest:
            return real(name, port, *rest)
        gate.wait(20)
        ended.append(name)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        error = fail("http://slow.example:1", connect_timeout=0.2, proxy="")
        assert not ended
    finally:
        gate.set()
    assert (type(error), error.executed) == (exception.ConnectTimeout, NO)
    assert "name lookup took too long" in error.message


def test_a_name_without_any_address_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(name: "Any", port: int, *rest: "Any") -> "Any":
        if socket.AI_NUMERICHOST in rest:
            return real(name, port, *rest)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = fail("http://empty.example:1", proxy="", connect_timeout=1)
    assert (type(error), error.executed) == (exception.ConnectError, NO)
    assert "its name has no address" in error.message


def test_the_socket_has_its_probes_and_no_delay() -> None:
    with Peer() as peer, client_of(peer) as client:
        client.invoke("f")
        (target,) = client._targets.values()
        connection = client._pool.acquire(target.origin, time.monotonic() + 5, [])
        client._pool.release(connection)
        sock = connection.sock
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60000
        assert not sock.get_inheritable()
