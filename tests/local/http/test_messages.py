"""Requests, answers and streams, without a connection."""

import json

import h11
import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.http.forwarding import request_start
from tencentserverless.local.http.messages import (
    JSON_LINES,
    STATUS_LINES,
    TEXT_LINES,
    Answer,
    BodyStream,
    Request,
    chunk_of,
    head_of,
    without_own_cookies,
)
from tencentserverless.local.web.url_events import make_event

DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        (b"/", "/", b""),
        (b"/a/b?c=d&e", "/a/b", b"c=d&e"),
        (b"/?", "/", b""),
        (b"//", "//", b""),
        (b"/%2e%2e/a", "/%2e%2e/a", b""),
        (b"*", "*", b""),
        (b"http://h:1/a?b", "/a", b"b"),
        (b"http://h", "/", b""),
        (b"http://h:99999/?a", "http://h:99999/?a", b""),
        (b"http:///?a", "http:///?a", b""),
    ],
)
def test_a_request_knows_its_path_and_its_query(url, path, query):
    request = Request("GET", url, [])
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize("url", [b"h:443", b"[::1]:443", b"h"])
def test_the_path_of_connect_is_its_host(url):
    request = Request("CONNECT", url, [])
    assert (request.path, request.query) == (url.decode(), b"")


def test_a_header_is_the_first_one_of_its_name():
    request = Request("GET", b"/", [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert [request.header(name) for name in (b"a", b"b", b"c")] == [b"1", b"2", b""]


def read(data):
    """The answer as h11 reads it: status, reason, headers, body, and whether the connection stays."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    response, body = connection.next_event(), b""
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        body += bytes(event.data)
    return response, body, connection.their_state is h11.DONE


@pytest.mark.parametrize("status", sorted(set(STATUS_LINES) - {100, 101, 102, 103, 204, 304}))
@pytest.mark.parametrize("keeps", [True, False])
def test_each_status_has_its_head(status, keeps):
    head = head_of(Answer(status, b"", TEXT_LINES), DATE, 5, keeps=keeps)
    response, body, stays = read(head + b"hello")
    assert (response.status_code, body, stays) == (status, b"hello", keeps)
    assert dict(response.headers)[b"content-type"] == b"text/plain"
    assert dict(response.headers)[b"date"] == b"Thu, 01 Jan 1970 00:00:00 GMT"
    assert response.reason == STATUS_LINES[status].split(b" ", 2)[2].strip()


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_never_has_a_body_has_no_length(status):
    response, body, stays = read(head_of(Answer(status, b""), DATE, 0, keeps=True))
    assert (b"content-length" in dict(response.headers), body, stays) == (False, b"", True)


def test_an_answer_may_have_a_reason_of_its_own():
    response, _, _ = read(head_of(Answer(405, b"", JSON_LINES, "No, not here"), DATE, 0, keeps=True))
    assert (response.status_code, response.reason) == (405, b"No, not here")


@hypothesis.given(st.lists(st.binary(min_size=1, max_size=300), max_size=5))
def test_chunks_are_the_body(parts):
    data = b"".join(map(chunk_of, parts)) + chunk_of(b"")
    _, body, stays = read(head_of(Answer(200, b""), DATE, None, keeps=True) + data)
    assert (body, stays) == (b"".join(parts), True)


def test_a_stream_keeps_its_parts_until_they_are_taken():
    stream, parts = BodyStream(lambda is_paused: None), []
    stream.feed(b"a")
    stream.feed(b"b")
    stream.take(parts.append)
    assert parts == [b"a", b"b"]
    assert not stream.is_whole
    stream.feed(b"c")
    stream.feed(b"")
    assert parts == [b"a", b"b", b"c", b""]
    assert stream.is_whole


@pytest.mark.parametrize("takes_first", [True, False])
def test_a_stream_ends_with_none_where_the_client_goes(takes_first):
    stream, parts = BodyStream(lambda is_paused: None), []
    if takes_first:
        stream.take(parts.append)
    stream.feed(b"a")
    stream.feed(None)
    if not takes_first:
        stream.take(parts.append)
    assert parts == [b"a", None]
    assert stream.is_whole  # no more of it comes


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b"scf_dashboard_8583=s.s", b""),
        (b"a=1; scf_dashboard_8583=s; b=2", b"a=1; b=2"),
        (b"__Secure-scf_dashboard_8583=s;a=1", b"a=1"),
        (b"a=scf_dashboard_8583; x", b"a=scf_dashboard_8583; x"),
    ],
)
def test_sessions_of_dashboards_are_taken_out_of_a_cookie_header(value, kept):
    assert without_own_cookies(value) == kept


def test_no_function_gets_a_session_of_a_dashboard():
    headers = [(b"host", b"h"), (b"cookie", b"scf_dashboard_1=s"), (b"cookie", b"a=1; scf_dashboard_2=s")]
    event = json.loads(make_event("GET", "/", headers, b"", client_host="")[0])
    assert event["headers"]["cookie"] == "a=1"
    alone = json.loads(make_event("GET", "/", headers[:2], b"", client_host="")[0])
    assert "cookie" not in alone["headers"]
    head = request_start(Request("GET", b"/", headers), b"/")
    assert head == b"GET / HTTP/1.1\r\nhost: h\r\ncookie: a=1\r\n"
