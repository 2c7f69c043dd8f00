"""Connections of threads: CONNECT tunnels through a real proxy on loopback. tests/parity has the other proxies."""

# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import os
import socket
import ssl

import pytest

from tencentserverless import exception
from tencentserverless._sync import opening
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, unused_port
from tests.proxies import Tunnel

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

AUTHORITY = trustme.CA()
HOST = "scf.tencentcloudapi.com"


@pytest.fixture
def ca_file(tmp_path: "os.PathLike[str]") -> str:
    path = os.path.join(str(tmp_path), "ca.pem")
    AUTHORITY.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def target() -> "Iterator[Peer]":
    """Stands for the cloud's endpoint: its certificate bears the real name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(HOST).configure_cert(context)
    with Peer(tls=context) as peer:
        yield peer


def test_calls_go_through_the_tunnel_and_keep_it(target: Peer, ca_file: str) -> None:
    with Tunnel(target) as proxy, Client(proxy=proxy.url, ca_file=ca_file, **KEYS) as client:
        for _ in range(5):
            assert client.invoke("f") == '"ok"'
    assert proxy.accepts == 1
    assert [request.target for request in proxy.requests] == [HOST + ":443"]
    assert proxy.requests[0].headers == {"host": HOST + ":443"}, "the proxy sees nothing of the call"
    assert target.requests[0].headers["host"] == HOST


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_environments_proxy_is_used(target: Peer, ca_file: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Tunnel(target) as proxy:
        monkeypatch.setenv(name, proxy.url + "/")
        with Client(ca_file=ca_file, **KEYS) as client:
            assert client.invoke("f") == '"ok"'
        assert proxy.accepts == 1


def test_a_proxy_without_a_scheme_is_an_http_proxy(target: Peer, ca_file: str) -> None:
    with Tunnel(target) as proxy, Client(proxy=proxy.address, ca_file=ca_file, **KEYS) as client:
        assert client.invoke("f") == '"ok"'


def test_the_proxys_user_and_password_are_decoded_and_sent(target: Peer, ca_file: str) -> None:
    with Tunnel(target, user="user@corp:p:a%ss/\u00e4") as proxy:
        url = "http://user%40corp:p:a%25ss%2F%C3%A4@" + proxy.address
        with Client(proxy=url, ca_file=ca_file, **KEYS) as client:
            assert client.invoke("f") == '"ok"'


def test_a_proxy_that_refuses_is_quoted_with_its_status_and_words(target: Peer, ca_file: str) -> None:
    with Tunnel(target, user="user:right") as proxy:
        with Client(proxy="http://user:wrong@" + proxy.address, ca_file=ca_file, **KEYS) as client:
            with pytest.raises(exception.ConnectError) as caught:
                client.invoke("f")
    error = caught.value
    assert error.executed is Verdict.NO
    assert "the proxy {} refused the tunnel to {}:443".format(proxy.address, HOST) in error.message
    assert "HTTP status 407 who are you?" in error.message
    assert len(error.attempts) == 1
    assert "wrong" not in str(error) + repr(error) + repr(client)
    assert target.accepts == 0


def test_a_proxy_in_trouble_is_tried_again(target: Peer, ca_file: str) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
    with Tunnel(target, answer=busy) as proxy:
        with Client(proxy=proxy.url, ca_file=ca_file, **KEYS) as client, pytest.raises(
            exception.ConnectError
        ) as caught:
            client.invoke("f")
    assert len(caught.value.attempts) == 3
    assert "HTTP status 503 busy" in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0\r\n\r\n", b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\n\r\nearly bytes that belong to no one"],
    ids=["no HTTP", "nothing", "cut", "more than an answer"],
)
def test_a_proxy_that_talks_nonsense_did_not_run_it(target: Peer, ca_file: str, answer: bytes) -> None:
    with Tunnel(target, answer=answer) as proxy:
        with Client(proxy=proxy.url, ca_file=ca_file, max_attempts=1, **KEYS) as client:
            with pytest.raises(exception.ConnectError) as caught:
                client.invoke("f")
    assert caught.value.executed is Verdict.NO
    assert proxy.address in caught.value.message


def test_a_proxy_that_is_not_there_did_not_run_it(ca_file: str) -> None:
    port = unused_port()
    with Client(proxy="http://127.0.0.1:{}".format(port), ca_file=ca_file, max_attempts=1, **KEYS) as client:
        with pytest.raises(exception.ConnectError) as caught:
            client.invoke("f")
    assert caught.value.executed is Verdict.NO
    assert "through the proxy 127.0.0.1:{}".format(port) in caught.value.message
    assert "scf local start" not in caught.value.message


def test_a_proxy_that_says_nothing_ends_at_the_connect_timeout(ca_file: str) -> None:
    with Peer(lambda channel: channel.wait_for_end()) as proxy:
        with Client(proxy=proxy.url, ca_file=ca_file, max_attempts=1, connect_timeout=0.2, **KEYS) as client:
            with pytest.raises(exception.ConnectError) as caught:
                client.invoke("f")
    assert caught.value.executed is Verdict.NO


def test_the_certificate_is_the_endpoints_and_not_the_proxys(ca_file: str) -> None:
    """A proxy that answers in the endpoint's stead is found out."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("proxy.example").configure_cert(context)
    with Peer(tls=context) as false_target, Tunnel(false_target) as proxy:
        with Client(proxy=proxy.url, ca_file=ca_file, **KEYS) as client:
            with pytest.raises(exception.ConnectError, match=r"scf\.tencentcloudapi\.com"):
                client.invoke("f")
        assert false_target.requests == []


def test_the_phases_name_the_tunnel(ca_file: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(HOST).configure_cert(context)

    def hang_up(channel: Channel) -> None:
        channel.read_request()

    with Peer(hang_up, tls=context) as target, Tunnel(target) as proxy:
        with Client(proxy=proxy.url, ca_file=ca_file, max_attempts=1, **KEYS) as client:
            with pytest.raises(exception.NetworkError) as caught:
                client.invoke("f")
    assert list(caught.value.attempts[0].phases_ms) == ["resolve", "connect", "tunnel", "tls", "send", "wait"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_never_proxied(host: str) -> None:
    nowhere = "http://127.0.0.1:{}".format(unused_port())
    with Peer() as peer:
        with Client(endpoint="http://{}:{}".format(host, peer.port), proxy=nowhere, **KEYS) as client:
            assert client.invoke("f") == '"ok"'


def test_an_empty_proxy_means_none_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = Client(proxy="", **KEYS)
    assert client._addressing.locate("ap-guangzhou").proxy is None


@pytest.mark.parametrize("kind", [opening._Socket, opening._TlsSocket])
def test_a_socket_whose_making_was_interrupted_closes_itself_without_a_word(kind: "Any") -> None:
    """An exception of a signal handler can come between the parts of ``socket.__init__``: in C, then in Python."""
    sock = kind.__new__(kind)
    socket.SocketType.__init__(sock)
    assert sock.fileno() >= 0
    sock.__del__()
    assert sock.fileno() == -1
