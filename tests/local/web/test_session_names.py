"""The session of a request and of an answer."""

import pytest

from tencentserverless.local.registry.web_settings import SessionSettings
from tencentserverless.local.web.session_names import session_of_answer, session_of_request

HEADER = SessionSettings("HEADER", "Mcp-Session-Id")
COOKIE = SessionSettings("COOKIE", "SessionId")
QUERY = SessionSettings("QUERY_STRING", "session")


@pytest.mark.parametrize(
    ("settings", "headers", "url", "name"),
    [
        (HEADER, [(b"mcp-session-id", b" abc ")], "/", "abc"),
        (HEADER, [(b"mcp-session-id", b"first"), (b"mcp-session-id", b"second")], "/", "first"),
        (HEADER, [(b"cookie", b"Mcp-Session-Id=abc")], "/?Mcp-Session-Id=abc", ""),
        (COOKIE, [(b"cookie", b"a=1; SessionId=abc; b=2")], "/", "abc"),
        (COOKIE, [(b"cookie", b"a=1"), (b"cookie", b'SessionId="abc"')], "/", "abc"),
        (COOKIE, [(b"cookie", b"sessionid=abc; xSessionId=abc; SessionId")], "/", ""),
        (QUERY, [], "/path?a=1&session=a%20b&session=c", "a b"),
        (QUERY, [], "/path?a=session", None),
        (QUERY, [], "/path?" + "&".join(["a=1"] * 2000) + "&session=x", None),
        (SessionSettings("HEADER", "x-test", path="/mcp"), [(b"x-test", b"abc")], "/mcp/messages?x", "abc"),
        (SessionSettings("HEADER", "x-test", path="/mcp"), [(b"x-test", b"abc")], "/other", None),
    ],
)
def test_the_session_of_a_request(settings, headers, url, name):
    assert session_of_request(settings, headers, url) == name


@pytest.mark.parametrize(
    ("settings", "headers", "name"),
    [
        (HEADER, [(b"Mcp-Session-Id", b"abc")], "abc"),
        (HEADER, [(b"Content-Type", b"abc")], ""),
        (COOKIE, [(b"Set-Cookie", b"a=1; Path=/"), (b"Set-Cookie", b"SessionId=abc; HttpOnly")], "abc"),
        (COOKIE, [(b"Set-Cookie", b"a=1; SessionId=no")], ""),
        (QUERY, [(b"session", b"abc")], ""),
    ],
)
def test_the_session_that_an_answer_names(settings, headers, name):
    assert session_of_answer(settings, headers) == name


def test_a_long_name_is_kept_as_its_hash_and_stays_the_same_session():
    long = [(b"mcp-session-id", b"x" * 10_000)]
    assert len(session_of_request(HEADER, long, "/")) == 64
    assert session_of_request(HEADER, long, "/") == session_of_answer(HEADER, long)
    assert session_of_request(HEADER, [(b"mcp-session-id", b"x" * 10_001)], "/") != session_of_answer(HEADER, long)
