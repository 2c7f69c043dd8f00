"""A new connection to a host that was reached before makes a short handshake, on every face."""

# 3.6 has no parentheses around several contexts

import os
import ssl

import pytest

from tencentserverless import exception
from tencentserverless._base.tls import tls_context
from tencentserverless.models import Verdict
from tests.parity.test_proxies import by_map, by_task, by_thread, by_uvloop
from tests.peer import Channel, Peer, ok
from tests.proxies import Tunnel
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTHORITY = trustme.CA()
FACES = [by_thread, by_map, by_task, by_uvloop]
on_each_face = pytest.mark.parametrize("call", FACES)


def server_side(name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def ca_file(tmp_path: "os.PathLike[str]") -> str:
    path = os.path.join(str(tmp_path), "ca.pem")
    AUTHORITY.cert_pem.write_to_path(path)
    return path


class Tally:
    """A script that answers each request, and notes for each connection if it was resumed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.resumed: "list[bool]" = []

    def __call__(self, channel: Channel) -> None:
        channel.sock.recv(1, 2)  # MSG_PEEK: the client may have gone
        channel.sock = self.context.wrap_socket(channel.sock, server_side=True)
        self.resumed.append(channel.sock.session_reused)
        while channel.read_request():
            channel.send(ok())


@on_each_face
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_second_connection_resumes_the_session_of_the_first(call: "Any", version: str, ca_file: str) -> None:
    server = server_side()
    if version == "TLSv1_2" and hasattr(ssl, "TLSVersion"):
        server.maximum_version = ssl.TLSVersion.TLSv1_2
    elif version == "TLSv1_2":  # Python 3.6
        server.options |= getattr(ssl, "OP_NO_TLSv1_3", 0)
    tally = Tally(server)
    with Peer(tally) as peer:
        for _ in range(3):
            assert call(3, endpoint="https://" + peer.address, ca_file=ca_file) == ['"ok"'] * 3
    assert tally.resumed == [False, True, True]


def test_a_session_of_one_face_serves_the_others(ca_file: str) -> None:
    tally = Tally(server_side())
    with Peer(tally) as peer:
        for call in (*FACES, *FACES):
            call(endpoint="https://" + peer.address, ca_file=ca_file)
    assert tally.resumed == [False] + [True] * (2 * len(FACES) - 1)


def test_each_choice_of_trust_has_sessions_of_its_own(ca_file: str, tmp_path: "os.PathLike[str]") -> None:
    """A resumed session does not check the certificate again: other roots might not have accepted it."""
    other = os.path.join(str(tmp_path), "other.pem")
    AUTHORITY.cert_pem.write_to_path(other)
    tally = Tally(server_side())
    with Peer(tally) as peer:
        for roots in (ca_file, other, ca_file, other):
            by_thread(endpoint="https://" + peer.address, ca_file=roots)
    assert tally.resumed == [False, False, True, True]


def test_each_host_has_a_session_of_its_own(ca_file: str) -> None:
    context = server_side("localhost")
    tally = Tally(context)
    with Peer(tally) as peer:
        by_thread(endpoint="https://localhost:{}".format(peer.port), ca_file=ca_file)
        for call in FACES:
            with pytest.raises(exception.ConnectError, match=r"not accepted|doesn't match|VERIFY_FAILED"):
                call(endpoint="https://" + peer.address, ca_file=ca_file, max_attempts=1)


@on_each_face
def test_a_server_that_knows_the_session_no_more_gets_a_full_handshake(call: "Any", ca_file: str) -> None:
    tally = Tally(server_side())
    with Peer(tally) as peer:
        for _ in range(2):
            call(endpoint="https://" + peer.address, ca_file=ca_file)
            tally.context = server_side()
    assert tally.resumed == [False, False]


@on_each_face
def test_a_handshake_that_fails_is_tried_again_without_the_session(call: "Any", ca_file: str) -> None:
    """A broken server must not be met with the same session for ever."""
    tally = Tally(server_side())

    def script(channel: Channel) -> None:
        if channel.number == 2:
            channel.sock.recv(100)
            channel.send(b"\x15\x03\x03\x00\x02\x02\x28")  # handshake_failure
            return
        tally(channel)

    with Peer(script) as peer:
        for _ in range(2):
            assert call(endpoint="https://" + peer.address, ca_file=ca_file) == ['"ok"']
    assert tally.resumed == [False, False]


@on_each_face
def test_a_session_whose_connection_gave_no_answer_is_dropped(call: "Any", ca_file: str) -> None:
    tally = Tally(server_side())

    def script(channel: Channel) -> None:
        if channel.number == 2:
            channel.sock = tally.context.wrap_socket(channel.sock, server_side=True)
            channel.read_request()
            return
        tally(channel)

    with Peer(script) as peer:
        call(endpoint="https://" + peer.address, ca_file=ca_file)
        with pytest.raises(exception.NetworkError) as caught:
            call(endpoint="https://" + peer.address, ca_file=ca_file)
        assert caught.value.executed is Verdict.MAYBE
        call(endpoint="https://" + peer.address, ca_file=ca_file)
    assert tally.resumed == [False, False]


@on_each_face
def test_both_handshakes_of_tls_in_tls_are_resumed(call: "Any", ca_file: str) -> None:
    tally = Tally(server_side("scf.tencentcloudapi.com"))
    outer: "list[bool]" = []

    class Noting(Tunnel):
        def lead(self, channel: Channel) -> None:
            outer.append(channel.sock.session_reused)
            super().lead(channel)

    with Peer(tally) as target, Noting(target, tls=server_side()) as proxy:
        for _ in range(2):
            assert call(proxy=proxy.url, ca_file=ca_file) == ['"ok"']
    assert tally.resumed == outer == [False, True]


@on_each_face
def test_what_is_kept_is_bounded_to_the_hosts_that_answered(call: "Any", ca_file: str) -> None:
    with Peer(Tally(server_side())) as peer:
        call(endpoint="https://" + peer.address, ca_file=ca_file)
    assert list(tls_context(ca_file).sessions) == ["127.0.0.1"]
