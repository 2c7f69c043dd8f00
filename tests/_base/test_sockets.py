import errno
import os
import queue
import socket
import ssl
import struct
import threading
import time

import pytest

from tencentserverless._base import sockets
from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import Response, ResponseReader
from tencentserverless.config import Addressing, Origin, Proxy
from tencentserverless.models import Verdict
from tests.alarms import needs_alarm, on_alarm
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
        (b" timeout=1 ", 0.5),  # a second less would leave nothing
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
def test_the_peers_patience_is_read_less_a_second_but_half_of_it_at_least(
    value: bytes, seconds: "float | None"
) -> None:
    response = Response(200, {b"keep-alive": value}, b"", True)
    assert sockets.read_keep_seconds(response) == seconds
    assert sockets.read_keep_seconds(Response(200, {}, b"", True)) is None


def test_a_kernels_refusal_proves_something_and_tls_errors_do_not() -> None:
    assert sockets.failed_in_kernel(ConnectionResetError(errno.ECONNRESET, "reset"))
    assert sockets.failed_in_kernel(BrokenPipeError(errno.EPIPE, "pipe"))
    assert not sockets.failed_in_kernel(ssl.SSLError(1, "bad record"))
    assert not sockets.failed_in_kernel(ssl.SSLEOFError(8, "eof"))
    assert not sockets.failed_in_kernel(OSError("raised by somebody"))
    assert not sockets.failed_in_kernel(ValueError("no"))


@needs_alarm
def test_an_error_that_a_signal_handler_raised_is_foreign() -> None:
    """It may be an OSError, in the middle of a send; that proves nothing about the bytes."""

    def handle(*_: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    def wait_for_it() -> None:
        while True:
            time.sleep(0.001)

    with on_alarm(handle) as ring:
        ring(0.001)
        assert sockets.is_foreign(raised(wait_for_it))


def test_an_error_of_a_socket_is_the_calls_own_whoever_made_the_socket() -> None:
    """gevent and eventlet replace the sockets of Python, and have frames of their own in each error."""

    def of_another_library() -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    def of_python() -> None:
        with socket.socket() as sock:
            sock.send(b"x")

    assert not sockets.is_foreign(raised(of_another_library))
    assert not sockets.is_foreign(raised(of_python))


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
    assert sockets.explain(error) == words


def test_only_tls_failures_will_not_pass_by_themselves() -> None:
    reset = sockets.connect_failure(ORIGIN, "connect to", ConnectionResetError(errno.ECONNRESET, "x"))
    assert reset.is_transient
    assert reset.executed is Verdict.NO
    failure = ssl.SSLError(1, "x")
    failure.reason = "WRONG_VERSION_NUMBER"
    broken = sockets.connect_failure(ORIGIN, "make a secure connection to", failure)
    assert broken.message.endswith("TLS failed (WRONG_VERSION_NUMBER)")
    assert not broken.is_transient
    assert broken.executed is Verdict.NO


def test_a_failure_through_a_proxy_names_it_without_its_password() -> None:
    origin = Origin("scf.example", 443, True, proxy=Proxy("proxy", 3128, "user:hidden"))
    message = sockets.connect_failure(origin, "connect to", OSError(errno.EHOSTUNREACH, "x")).message
    assert "cannot connect to scf.example:443 through the proxy proxy:3128: " in message
    assert "hidden" not in message


def test_every_failure_behind_the_send_is_maybe() -> None:
    reader = ResponseReader()
    for failure in (
        sockets.answer_deadline(ORIGIN),
        sockets.lost_answer(ORIGIN, reader, None),
        sockets.lost_answer(ORIGIN, reader, ConnectionResetError(errno.ECONNRESET, "x")),
        sockets.protocol_failure(ORIGIN, BadResponse("it is bad"), b"\xffbytes"),
    ):
        assert failure.executed is Verdict.MAYBE
        assert "scf.example:443" in failure.message


def test_numbers_are_addresses_and_names_are_not() -> None:
    assert [found[4] for found in sockets.numeric_addresses("127.0.0.1", 80)] == [("127.0.0.1", 80)]
    assert sockets.numeric_addresses("localhost", 80) == []


def test_an_aborted_socket_resets() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        with far:
            near.sendall(b"bytes that must not be read as an end")
            far.recv(100)
            sockets.abort(near)
            assert near.fileno() == -1
            far.settimeout(5)
            with pytest.raises(ConnectionResetError):
                far.recv(100)


def test_aborting_what_is_closed_is_no_error() -> None:
    sock = socket.socket()
    sock.close()
    sockets.abort(sock)


def test_the_linger_option_has_the_systems_form() -> None:
    assert struct.pack("HH" if os.name == "nt" else "ii", 1, 0) == sockets._NO_LINGER


def test_the_authority_of_an_address_leaves_out_the_schemes_port() -> None:
    origin = Addressing("https://[::1]:8443", None, None).locate("r")
    assert (origin.authority, str(origin)) == ("[::1]:8443", "[::1]:8443")
    assert (ORIGIN.authority, str(ORIGIN)) == ("scf.example", "scf.example:443")


class TestLookUp:
    """Names are looked up in threads; who asks at once shares one, and few hang at a time."""

    @pytest.fixture
    def held(self, monkeypatch: pytest.MonkeyPatch) -> "Any":
        """getaddrinfo that hangs until it is released, as in an outage."""
        gate = threading.Event()
        asked: "list[Any]" = []

        def hang(host: bytes, *more: "Any") -> "Any":
            asked.append(host)
            gate.wait(20)
            raise socket.gaierror(-3, "the resolver is away")

        monkeypatch.setattr(socket, "getaddrinfo", hang)
        monkeypatch.setattr(sockets, "_look_ups", {})
        yield gate, asked
        gate.set()

    def test_all_who_ask_at_once_get_the_same_answer(self, held: "Any") -> None:
        gate, asked = held
        found: "queue.Queue[Any]" = queue.Queue()
        for _ in range(64):
            sockets.look_up("scf.example", 443, found.put)
        gate.set()
        answers = [found.get(timeout=20) for _ in range(64)]
        assert len(asked) == 1
        assert {type(answer) for answer in answers} == {socket.gaierror}

    def test_one_that_hangs_is_not_waited_for_by_all_who_come_later_but_few_hang(
        self, held: "Any", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate, asked = held
        now = [0.0]
        monkeypatch.setattr(sockets, "monotonic", lambda: now[0])
        found: "queue.Queue[Any]" = queue.Queue()
        for second in range(60):
            now[0] = float(second)
            sockets.look_up("scf.example", 443, found.put)
        gate.set()
        for _ in range(60):
            found.get(timeout=20)
        assert len(asked) == sockets.MAX_LOOK_UPS

    def test_another_name_is_not_kept_waiting(self, held: "Any") -> None:
        gate, asked = held
        found: "queue.Queue[Any]" = queue.Queue()
        for name in ("a.example", "b.example"):
            sockets.look_up(name, 443, found.put)
        gate.set()
        for _ in range(2):
            found.get(timeout=20)
        assert sorted(asked) == [b"a.example", b"b.example"]

    def test_after_one_has_ended_the_name_is_looked_up_anew(self, held: "Any") -> None:
        gate, asked = held
        gate.set()
        found: "queue.Queue[Any]" = queue.Queue()
        for _ in range(2):
            sockets.look_up("scf.example", 443, found.put)
            found.get(timeout=20)
        assert len(asked) == 2

    def test_where_no_thread_can_be_started_it_is_looked_up_in_place(
        self, held: "Any", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In isolated subinterpreters, at a process limit, at the end of the program."""
        gate, asked = held
        gate.set()

        def refuse(thread: object) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        found: "list[Any]" = []
        sockets.look_up("scf.example", 443, found.append)
        assert [type(each) for each in found] == [socket.gaierror]
        assert asked == [b"scf.example"]
