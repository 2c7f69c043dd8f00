"""The bytes that a connection still holds when a write to it has failed."""

import socket
from types import SimpleNamespace

import pytest

from tencentserverless.local.http.last_bytes import read_last

RESET = ConnectionResetError()


def last(error, *, data=b"x" * 100_000, tls=None):
    """What is read of a connection whose other side has sent this, and closed."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            theirs.sendall(data)
        facts = {"socket": ours, "sslcontext": tls}
        return b"".join(read_last(SimpleNamespace(get_extra_info=facts.get), error))


@pytest.mark.parametrize("error", [RESET, BrokenPipeError()])
def test_all_of_it_is_read(error):
    assert last(error) == b"x" * 100_000


@pytest.mark.parametrize("error", [None, TimeoutError()])
def test_a_connection_that_was_read_to_its_end_or_is_cut_is_not_read(error):
    assert last(error) == b""


def test_bytes_of_tls_are_not_read():
    assert last(RESET, tls=object()) == b""


def test_a_connection_that_was_never_there_and_one_without_bytes_have_none():
    assert b"".join(read_last(None, RESET)) == b""
    assert last(RESET, data=b"") == b""


def test_a_socket_that_has_no_more_bytes_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        transport = SimpleNamespace(get_extra_info={"socket": ours}.get)
        assert b"".join(read_last(transport, RESET)) == b""
