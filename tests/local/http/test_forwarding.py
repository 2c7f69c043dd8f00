"""Heads that are passed on. What the relay's tests show by real connections is not shown again here."""

import pytest

from tencentserverless.local.http.forwarding import answer_start, request_start, tokens, upgrade_lines
from tencentserverless.local.http.messages import Request


def head_of(headers, more=b"", **options):
    return request_start(Request("GET", b"/raw", headers, **options), b"/seen?x", more).split(b"\r\n")


def test_the_url_is_the_one_that_the_function_sees():
    assert head_of([(b"host", b"h")]) == [b"GET /seen?x HTTP/1.1", b"host: h", b""]


@pytest.mark.parametrize("name", [b"X-Scf-Name", b"x-scf-anything"])
@pytest.mark.parametrize("signs", [b"--", b"__", b"-_", b"_-"])
def test_a_header_of_the_platform_is_the_platforms_alone(name, signs):
    """Also in the forms that apps behind WSGI take for the same name."""
    written = b"x%cscf%c%s" % (*signs, name.lower()[6:])
    head = head_of([(written, b"forged")], name + b": true\r\n")
    assert head[1:-1] == [name + b": true"]


def test_connection_takes_no_header_away_that_the_request_needs():
    head = head_of(
        [(b"host", b"h"), (b"connection", b"Host, Content-Length, X"), (b"content-length", b"0"), (b"x", b"1")]
    )
    assert head[1:-1] == [b"host: h", b"content-length: 0"]  # fmt: skip


def test_only_the_bodys_own_coding_is_kept_of_a_chunked_request():
    head = head_of([(b"transfer-encoding", b"chunked"), (b"trailer", b"x"), (b"expect", b"100-continue")])
    assert head[1:-1] == [b"Transfer-Encoding: chunked"]


def test_an_offer_is_made_anew():
    head = head_of(
        [(b"connection", b"Upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-key", b"k")], is_upgrade=True
    )
    assert head[1:-1] == [b"sec-websocket-key: k", b"connection: upgrade", b"upgrade: websocket"]  # fmt: skip


def test_headers_of_the_apps_connection_end_here():
    hop = [(b"Connection", b"close, X-Hop"), (b"X-Hop", b"1"), (b"Upgrade", b"h2c")]
    start = answer_start(200, b"OK", [*hop, (b"Server", b"s"), (b"Content-Length", b"3")])
    assert start == b"HTTP/1.1 200 OK\r\nServer: s\r\n"


def test_an_offer_that_is_taken_is_told_to_the_client():
    headers = [(b"Connection", b"Upgrade"), (b"Upgrade", b"WebSocket"), (b"A", b"1")]
    assert answer_start(101, b"Switching", headers) == b"HTTP/1.1 101 Switching\r\nA: 1\r\n"
    assert upgrade_lines(headers) == b"connection: upgrade\r\nupgrade: WebSocket\r\n"


def test_tokens_are_names_in_lower_case():
    assert tokens(b"Keep-Alive ,x,, Y") == {b"keep-alive", b"x", b"", b"y"}
