"""Heads of answers."""

import pytest

from tencentserverless.local.http.answer_head import AnswerHead

HEADERS = [(b"Server", b"s"), (b"Content-Length", b"02"), (b"Connection", b"close"), (b"Set-Cookie", b"a=1")]


def head_of(headers):
    head = AnswerHead()
    head.status, head.reason = 200, b"OK"
    for pair in headers:
        head.add(*pair)
    return head


def test_a_head_knows_how_the_body_is_framed_and_what_its_headers_weigh():
    head = head_of(HEADERS)
    assert (head.length, head.is_chunked) == (2, False)
    assert head.size == len(b"".join(b"%s: %s\r\n" % pair for pair in HEADERS))
    chunked = head_of([(b"transfer-encoding", b"chunked")])
    assert (chunked.length, chunked.is_chunked) == (None, True)
    assert head_of([(b"content-length", b"-2")]).length is None


def test_the_client_gets_it_without_the_lines_of_the_connection():
    assert head_of(HEADERS).start == b"HTTP/1.1 200 OK\r\nServer: s\r\nSet-Cookie: a=1\r\n"


@pytest.mark.parametrize("length", [0, 2, 1_000_000])
def test_the_same_head_of_another_length_is_as_if_it_had_been_read(length):
    head = head_of(HEADERS)
    found = head.of_length(length)
    read = head if length == 2 else head_of([(n, b"%d" % length if v == b"02" else v) for n, v in HEADERS])
    names = ("status", "reason", "headers", "size", "length", "is_chunked", "start")
    assert [getattr(found, name) for name in names] == [getattr(read, name) for name in names]
