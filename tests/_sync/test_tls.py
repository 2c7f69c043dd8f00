"""TLS with certificates of a test authority: what is accepted, what is refused, and which check is named."""

# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import datetime as dt
import os
import socket
import ssl
import subprocess
import sys

import pytest

from tencentserverless import exception
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, Channel, Peer, ok

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def server_side(*names: str, authority: "Any" = None, expires: "dt.datetime | None" = None) -> ssl.SSLContext:
    """A server's settings with a fresh certificate for these names."""
    options = {} if expires is None else {"not_after": expires}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (authority or AUTHORITY).issue_cert(*names, **options).configure_cert(context)
    return context


AUTHORITY = trustme.CA()

#: Python 3.6 knows that a certificate failed, and not by which check.
IS_CHECK_KNOWN = hasattr(ssl, "SSLCertVerificationError")
UNNAMED = "CERTIFICATE_VERIFY_FAILED"


@pytest.fixture
def ca_file(tmp_path: "os.PathLike[str]") -> str:
    path = os.path.join(str(tmp_path), "ca.pem")
    AUTHORITY.cert_pem.write_to_path(path)
    return path


def fail(peer: Peer, url: str = "", **options: "Any") -> "Any":
    settings: "dict[str, Any]" = dict(KEYS, max_attempts=3, timeout=20)
    settings.update(options)
    with Client(endpoint=url or peer.url, **settings) as client, pytest.raises(exception.CallError) as caught:
        client.invoke("f")
    error = caught.value
    assert type(error) is exception.ConnectError, repr(error)
    assert error.executed is Verdict.NO
    assert peer.requests == []
    return error


def test_a_trusted_certificate_is_accepted_and_the_connection_kept(ca_file: str) -> None:
    with Peer(tls=server_side("127.0.0.1")) as peer, Client(endpoint=peer.url, ca_file=ca_file, **KEYS) as client:
        for _ in range(20):
            assert client.invoke("f") == '"ok"'
    assert peer.accepts == 1
    assert peer.requests[0].headers["host"] == peer.address


def test_the_roots_may_be_a_folder_of_hashed_names(tmp_path: "os.PathLike[str]", ca_file: str) -> None:
    folder = os.path.join(str(tmp_path), "roots")
    os.mkdir(folder)
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode("ascii"))
    x509 = pytest.importorskip("cryptography.x509")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    done = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca_file], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        pytest.skip("no openssl command to hash a name")
    name = done.stdout.decode("ascii").strip() + ".0"
    pem = x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(pem)
    with Peer(tls=server_side("127.0.0.1")) as peer, Client(endpoint=peer.url, ca_file=folder, **KEYS) as client:
        assert client.invoke("f") == '"ok"'


def test_the_roots_of_openssls_own_variable_are_used(ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(tls=server_side("127.0.0.1")) as peer:
        monkeypatch.setenv("SSL_CERT_FILE", ca_file)
        with Client(endpoint=peer.url, **KEYS) as client:
            assert client.invoke("f") == '"ok"'
    monkeypatch.delenv("SSL_CERT_FILE")
    with Peer(tls=server_side("127.0.0.1")) as peer:
        fail(peer)


def test_an_unknown_authority_is_refused_and_said_to_be_so() -> None:
    with Peer(tls=server_side("127.0.0.1")) as peer:
        error = fail(peer)
        assert "cannot make a secure connection to {}".format(peer.address) in error.message
        assert ("the certificate was not accepted (" if IS_CHECK_KNOWN else UNNAMED) in error.message
        assert ("issuer certificate" if IS_CHECK_KNOWN else UNNAMED) in error.message
        assert len(error.attempts) == 1, "a certificate does not get better by trying again"


@pytest.mark.skipif(not IS_CHECK_KNOWN, reason="this Python does not say which check failed")
def test_an_unknown_authority_is_told_with_the_place_of_the_trusted_roots(
    tmp_path: "os.PathLike[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    others = os.path.join(str(tmp_path), "others.pem")
    trustme.CA().cert_pem.write_to_path(others)
    words = "; trusted are the roots of {}, ca_file= names others".format
    with Peer(tls=server_side("127.0.0.1")) as peer:
        assert words("the system") in fail(peer).message
        assert words("ca_file {!r}".format(others)) in fail(peer, ca_file=others).message
        monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")  # OpenSSL says nothing of it
        assert words("SSL_CERT_FILE '/no/such/file'") in fail(peer).message
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        both = "SSL_CERT_FILE '/no/such/file' and SSL_CERT_DIR {!r}".format(str(tmp_path))
        assert words(both) in fail(peer).message


def test_a_self_signed_certificate_is_refused_and_named(tmp_path: "os.PathLike[str]", ca_file: str) -> None:
    authority = trustme.CA()
    own = os.path.join(str(tmp_path), "own.pem")
    with open(own, "wb") as file:
        file.write(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    with Peer(tls=context) as peer:
        error = fail(peer, ca_file=ca_file)
        assert "self" in error.message or not IS_CHECK_KNOWN
        assert ("signed certificate" if IS_CHECK_KNOWN else UNNAMED) in error.message


def test_an_expired_certificate_is_refused_and_named(ca_file: str) -> None:
    past = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
    with Peer(tls=server_side("127.0.0.1", expires=past)) as peer:
        found = fail(peer, ca_file=ca_file).message
        assert ("certificate has expired" if IS_CHECK_KNOWN else UNNAMED) in found
        assert "trusted are" not in found


def test_a_certificate_for_another_name_is_refused_and_the_name_said(ca_file: str) -> None:
    with Peer(tls=server_side("other.example", "10.0.0.1")) as peer:
        error = fail(peer, ca_file=ca_file)
        assert "127.0.0.1" in error.message.partition(peer.address)[2]
        assert "the certificate was not accepted (" in error.message or not IS_CHECK_KNOWN


def test_a_host_name_is_checked_too(ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(name: "Any", port: int, *rest: "Any") -> "Any":
        text = name.decode("ascii") if isinstance(name, bytes) else name
        if not text.endswith(".example"):
            return real(name, port, *rest)
        if socket.AI_NUMERICHOST in rest:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        return real("127.0.0.1", port, 0, socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Peer(tls=server_side("right.example")) as peer:
        url = "https://{}.example:" + str(peer.port)
        assert "wrong.example" in fail(peer, url.format("wrong"), ca_file=ca_file, proxy="").message
        with Client(endpoint=url.format("right"), ca_file=ca_file, proxy="", **KEYS) as client:
            assert client.invoke("f") == '"ok"'


@pytest.mark.filterwarnings("ignore:ssl.OP_NO_:DeprecationWarning")
def test_old_versions_of_tls_are_refused(ca_file: str) -> None:
    context = server_side("127.0.0.1")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    try:
        with Peer(tls=context) as peer:
            assert "TLS failed" in fail(peer, ca_file=ca_file).message
    except DeprecationWarning:
        pytest.skip("this OpenSSL has no old versions left to refuse")


def test_a_peer_that_speaks_no_tls_is_said_to_be_so(ca_file: str) -> None:
    def script(channel: Channel) -> None:
        channel.sock.recv(100)
        channel.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with Peer(script) as peer:
        error = fail(peer, "https://" + peer.address, ca_file=ca_file)
        assert "TLS failed (" in error.message


def test_a_handshake_that_hangs_ends_at_the_connect_timeout(ca_file: str) -> None:
    with Peer(lambda channel: channel.wait_for_end()) as peer:
        address = "https://" + peer.address
        with Client(endpoint=address, ca_file=ca_file, connect_timeout=0.2, max_attempts=1, **KEYS) as client:
            with pytest.raises(exception.ConnectTimeout, match="the TLS handshake took too long") as caught:
                client.invoke("f")
    assert caught.value.executed is Verdict.NO


def test_a_peer_that_hangs_up_in_the_handshake_did_not_run_it(ca_file: str) -> None:
    with Peer(lambda channel: channel.close()) as peer:
        fail(peer, "https://" + peer.address, ca_file=ca_file, max_attempts=1)


def test_a_big_event_and_a_big_answer_pass_whole_through_tls(ca_file: str) -> None:
    big = '"' + "y" * 3000000 + '"'
    with Peer(tls=server_side("127.0.0.1"), answer=lambda request: ok(big)) as peer:
        with Client(endpoint=peer.url, ca_file=ca_file, **KEYS) as client:
            assert client.invoke("f", data="x" * 3000000) == big
    assert len(peer.requests[0].fields["Event"]) == 3000002


def test_an_answer_in_small_records_is_not_missed(ca_file: str) -> None:
    """Bytes that TLS has decrypted already do not show in poll; none may stay behind."""

    def script(channel: Channel) -> None:
        while channel.read_request() is not None:
            data = ok('"' + "z" * 100000 + '"')
            for index in range(0, len(data), 1000):
                channel.send(data[index : index + 1000])

    with Peer(script, tls=server_side("127.0.0.1")) as peer:
        with Client(endpoint=peer.url, ca_file=ca_file, timeout=20, **KEYS) as client:
            for _ in range(3):
                assert len(client.invoke("f")) == 100002
    assert peer.accepts == 1


def test_a_deadline_while_sending_through_tls_did_not_run(ca_file: str) -> None:
    def script(channel: Channel) -> None:
        channel.peer.wait_until(lambda peer: peer._is_closed)

    with Peer(script, tls=server_side("127.0.0.1"), receive_buffer_bytes=4096) as peer:
        with Client(endpoint=peer.url, ca_file=ca_file, max_attempts=1, **KEYS) as client:
            with pytest.raises(exception.DeadlineExceeded) as caught:
                client.invoke("f", data="x" * 5000000, timeout=1.5)
        assert caught.value.executed is Verdict.NO


def test_a_stale_tls_connection_is_replaced_without_an_error(ca_file: str) -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(ok())

    with Peer(script, tls=server_side("127.0.0.1")) as peer:
        with Client(endpoint=peer.url, ca_file=ca_file, **KEYS) as client:
            for _ in range(3):
                assert client.invoke("f") == '"ok"'
                peer.wait_until(lambda peer: peer.open_connections == 0)
    assert peer.accepts == 3


def test_roots_that_cannot_be_read_are_named(tmp_path: "os.PathLike[str]") -> None:
    path = os.path.join(str(tmp_path), "bad.pem")
    with open(path, "w", encoding="ascii") as file:
        file.write("no certificate")
    with Peer(tls=server_side("127.0.0.1")) as peer:
        error = fail(peer, ca_file=path)
        assert "cannot read the trusted roots of ca_file {!r}: ".format(path) in error.message
        assert len(error.attempts) == 1
    with pytest.raises(ValueError, match="ca_file '/no/such/file' does not exist"):
        Client(ca_file="/no/such/file", **KEYS)


def hang_up(channel: Channel) -> None:
    """A script that reads a request whole and says nothing to it."""
    channel.read_request()


def test_the_phases_of_a_new_tls_connection_are_told(ca_file: str) -> None:
    with Peer(hang_up, tls=server_side("127.0.0.1")) as peer:
        with Client(endpoint=peer.url, ca_file=ca_file, max_attempts=1, **KEYS) as client:
            with pytest.raises(exception.NetworkError) as caught:
                client.invoke("f")
    assert list(caught.value.attempts[0].phases_ms) == ["resolve", "connect", "tls", "send", "wait"]


NAMELESS = """
import sys
from tencentserverless.scf import Client
with Client(endpoint=sys.argv[1], ca_file=sys.argv[2], secret_id="a", secret_key="b") as client:
    client.invoke("f")
print("encodings.idna" in sys.modules)
"""


@pytest.mark.skipif(not hasattr(ssl.SSLContext, "sslsocket_class"), reason="Python 3.6 takes no bytes for a name")
def test_no_codec_is_loaded_for_the_name(ca_file: str) -> None:
    """Were it loaded in one thread while another forks, the child could never load it."""
    with Peer(tls=server_side("127.0.0.1")) as peer:
        command = [sys.executable, "-c", NAMELESS, peer.url, ca_file]
        done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", timeout=60, check=False)
    assert done.stdout == "False\n"


@pytest.mark.skipif(not hasattr(ssl.SSLContext, "sslsocket_class"), reason="Python 3.6 chooses the class itself")
@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_a_socket_that_the_collector_comes_to_before_its_connection_closes_itself(ca_file: str, is_tls: bool) -> None:
    """A warning, which Python gives for sockets that are left, would fail this test."""
    with Peer(tls=server_side("127.0.0.1") if is_tls else None) as peer:
        client = Client(endpoint=peer.url, ca_file=ca_file, **KEYS)
        client.invoke("f")
        connection = client._pool.take_idle(client._find_target(None).origin)
        assert connection is not None
        del connection.sock, connection._wait
        peer.wait_until(lambda peer: peer.open_connections == 0)
