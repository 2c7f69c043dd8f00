"""Heads of answers."""

import pytest

from tencentserverless.local.http.answer_head import AnswerHead, know_head

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


SENT = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: %d\r\nSet-Cookie: a=1\r\n\r\n"


def sent_head(length):
    return head_of([(b"Server", b"s"), (b"Content-Length", b"%d" % length), (b"Set-Cookie", b"a=1")])


TWICE = head_of([(b"Content-Length", b"2")] * 2)


@pytest.mark.parametrize("lengths", [(2, 2), (2, 0), (7, 1_000_000)])
def test_a_head_that_comes_again_is_known_whatever_its_length(lengths):
    known = know_head(sent_head(lengths[0]), sent_head(lengths[1]), SENT % lengths[0] + b"body")
    for length in (*lengths, 2, 2, 999_999):
        data = SENT % length
        head, size = known.match(data + b"body")
        assert size == len(data)
        names = ("status", "reason", "headers", "size", "length", "is_chunked", "start")
        assert [getattr(head, name) for name in names] == [getattr(sent_head(length), name) for name in names]


@pytest.mark.parametrize(
    "data",
    [
        (SENT % 2)[:-1],  # not whole
        (SENT % 2)[:45],
        SENT.replace(b"%d", b"+2"),
        SENT.replace(b"%d", b"02"),
        SENT.replace(b"%d", b"2 "),
        SENT.replace(b"%d", b""),
        SENT.replace(b"%d", b"9" * 20),
        (SENT % 2).replace(b"a=1", b"a=2"),
        (SENT % 2).replace(b"200", b"201"),
    ],
)
def test_only_the_parser_knows_what_any_other_head_means(data):
    assert know_head(sent_head(2), sent_head(2), SENT % 2).match(data + b"body") is None


@pytest.mark.parametrize(
    ("one", "other", "data"),
    [
        (sent_head(2), head_of([]), SENT % 2),
        (sent_head(2), head_of(sent_head(2).headers[:2] + [(b"Set-Cookie", b"a=2")]), SENT % 2),  # each has a new one
        (sent_head(2), sent_head(2), b"HTTP/1.1 100 Continue\r\n\r\n" + SENT % 2),
        (sent_head(2), sent_head(2), (SENT % 2).replace(b": ", b":")),
        (head_of(HEADERS), head_of(HEADERS), b""),
        (head_of([(b"Content-Length", b"2")] * 2),) * 2
        + (b"HTTP/1.1 200 OK\r\n" + b"Content-Length: 2\r\n" * 2 + b"\r\n",),
    ],
)
def test_a_head_that_changes_or_is_written_in_its_own_way_is_not_known(one, other, data):
    assert know_head(one, other, data) is None


def test_a_head_without_a_body_is_not_known():
    head = head_of([(b"Content-Length", b"2")])
    head.status, head.reason = 304, b"N"
    assert know_head(head, head, b"HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\n") is None
