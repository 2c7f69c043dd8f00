import errno
import os
import socket
import ssl
import struct

import pytest

from tencentserverless import _transport
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless.config import Addressing, Origin, Proxy
from tencentserverless.models import Verdict
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ORIGIN = Origin("scf.example", 443, True)


def raised(make: "Any") -> BaseException:
    """An error with a traceback, as a handler sees it."""
    try:
        make()
    except BaseException as error:  # noqa: BLE001  # it is what the test is about
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"timeout=5", 4.0),
        (b"timeout=75, max=100", 74.0),
        (b"max=100, Timeout=5", 4.0),
        (b" timeout=1 ", 0.0),
        (b"timeout=0", 0.0),
        (b"timeout=", None),
        (b"timeout=-5", None),
        (b"timeout=5s", None),
        (b"timeout=1e3", None),
        (b"timeout=99999999999999", None),
        (b"max=5", None),
        (b"", None),
    ],
)
def test_the_peers_patience_is_read_less_a_second(value: bytes, seconds: "float | None") -> None:
    response = Response(200, {b"keep-alive": value}, b"", True)
    assert _transport.read_keep_seconds(response) == seconds
    assert _transport.read_keep_seconds(Response(200, {}, b"", True)) is None


def test_a_kernels_refusal_proves_something_and_tls_errors_do_not() -> None:
    assert _transport.failed_in_kernel(ConnectionResetError(errno.ECONNRESET, "reset"))
    assert _transport.failed_in_kernel(BrokenPipeError(errno.EPIPE, "pipe"))
    assert not _transport.failed_in_kernel(ssl.SSLError(1, "bad record"))
    assert not _transport.failed_in_kernel(ssl.SSLEOFError(8, "eof"))
    assert not _transport.failed_in_kernel(OSError("raised by somebody"))
    assert not _transport.failed_in_kernel(ValueError("no"))


def test_an_error_that_somebody_else_raised_is_foreign() -> None:
    """A signal handler may raise an OSError in the middle of a send; that proves nothing about the bytes."""

    def own() -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    def by_the_socket() -> None:
        with socket.socket() as sock:
            sock.send(b"x")

    error = raised(own)
    assert _transport.is_foreign(error)
    assert not _transport.is_foreign(error, own.__code__.co_filename)
    assert not _transport.is_foreign(raised(by_the_socket), by_the_socket.__code__.co_filename)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "whatever"), os.strerror(errno.ECONNREFUSED)),
        (TimeoutError("no answer within 0.2 s"), "no answer within 0.2 s"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label too long"), "label too long"),
        (OSError(), "OSError"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_put_into_words(error: BaseException, words: str) -> None:
    assert _transport.explain(error) == words


def test_only_tls_failures_will_not_pass_by_themselves() -> None:
    reset = _transport.connect_failure(ORIGIN, "connect to", ConnectionResetError(errno.ECONNRESET, "x"))
    assert reset.is_transient
    assert reset.executed is Verdict.NO
    failure = ssl.SSLError(1, "x")
    failure.reason = "WRONG_VERSION_NUMBER"
    broken = _transport.connect_failure(ORIGIN, "make a secure connection to", failure)
    assert broken.message.endswith("TLS failed (WRONG_VERSION_NUMBER)")
    assert not broken.is_transient
    assert broken.executed is Verdict.NO


def test_a_failure_through_a_proxy_names_it_without_its_password() -> None:
    origin = Origin("scf.example", 443, True, proxy=Proxy("proxy", 3128, "user:hidden"))
    message = _transport.connect_failure(origin, "connect to", OSError(errno.EHOSTUNREACH, "x")).message
    assert "cannot connect to scf.example:443 through the proxy proxy:3128: " in message
    assert "hidden" not in message


def test_every_failure_behind_the_send_is_maybe() -> None:
    reader = ResponseReader()
    for failure in (
        _transport.answer_deadline(ORIGIN),
        _transport.lost_answer(ORIGIN, reader, None),
        _transport.lost_answer(ORIGIN, reader, ConnectionResetError(errno.ECONNRESET, "x")),
        _transport.protocol_failure(ORIGIN, BadResponse("it is bad"), b"\xffbytes"),
    ):
        assert failure.executed is Verdict.MAYBE
        assert "scf.example:443" in failure.message


def test_numbers_are_addresses_and_names_are_not() -> None:
    assert [found[4] for found in _transport.numeric_addresses("127.0.0.1", 80)] == [("127.0.0.1", 80)]
    assert _transport.numeric_addresses("localhost", 80) == []


def test_one_tls_context_serves_each_choice_of_trust(tmp_path: "os.PathLike[str]") -> None:
    folder = str(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_transport, "_contexts", {})
        context = _transport.tls_context(folder)
        assert _transport.tls_context(folder) is context
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        patch.setenv("SSL_CERT_DIR", folder)
        assert _transport.tls_context(folder) is not context


def test_an_aborted_socket_resets() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        with far:
            near.sendall(b"bytes that must not be read as an end")
            far.recv(100)
            _transport.abort(near)
            assert near.fileno() == -1
            far.settimeout(5)
            with pytest.raises(ConnectionResetError):
                far.recv(100)


def test_aborting_what_is_closed_is_no_error() -> None:
    sock = socket.socket()
    sock.close()
    _transport.abort(sock)


def test_the_linger_option_has_the_systems_form() -> None:
    assert struct.pack("HH" if os.name == "nt" else "ii", 1, 0) == _transport._NO_LINGER


def test_the_authority_of_an_address_leaves_out_the_schemes_port() -> None:
    origin = Addressing("https://[::1]:8443", None, None).locate("r")
    assert (origin.authority, str(origin)) == ("[::1]:8443", "[::1]:8443")
    assert (ORIGIN.authority, str(ORIGIN)) == ("scf.example", "scf.example:443")
