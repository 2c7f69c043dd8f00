"""The event of a request."""

import json

import pytest

from tencentserverless.local.web.url_events import BadQuery, make_event, make_frame

HEADERS = [
    (b"host", b"h.example"),
    (b"content-length", b"2"),
    (b"x-a", b"1"),
    (b"x-a", b"2"),
    (b"cookie", b"a=1"),
    (b"cookie", b"b=2"),
    (b"x-scf-remote-addr", b"6.6.6.6"),
    (b"x-scf-uin", b"1"),
    (b"x-text", "ü".encode()),
    (b"x-bytes", b"\xff"),
]


def event(method="POST", url="/a%20b/c", headers=HEADERS, body=b"hi", **named):
    made, is_whole = make_event(method, url, headers, body, client_host="1.2.3.4", **named)
    return json.loads(made), is_whole


def test_the_documented_event():
    assert event(url="/a%20b/c?a=1&b=%20x&a=2&c&d=") == (
        {
            "body": "hi",
            "headers": {
                "host": "h.example",
                "content-length": "2",
                "x-a": "1,2",
                "cookie": "a=1; b=2",
                "x-text": "ü",
                "x-bytes": "ÿ",
                "x-scf-remote-addr": "1.2.3.4",
            },
            "httpMethod": "POST",
            "path": "/a%20b/c",
            "queryString": {"a": "2", "b": " x", "c": "", "d": ""},
        },
        True,
    )


def test_bytes_that_are_no_text_are_replaced_and_that_is_told():
    made, is_whole = event(body=b"\xff\x00a")
    assert (made["body"], is_whole) == ("\ufffd\0a", False)
    assert "isBase64Encoded" not in made


def test_the_fuller_event():
    made, is_whole = event(url="/a?b=c", apigw_id="id-1")
    assert is_whole
    assert made["queryStringParameters"] == made["queryString"] == {"b": "c"}
    assert made["requestContext"] == {
        "httpMethod": "POST",
        "path": "/a",
        "requestId": "id-1",
        "sourceIp": "1.2.3.4",
    }
    assert (made["isBase64Encoded"], made["headerParameters"], made["pathParameters"]) == (False, {}, {})
    made, is_whole = event(body=b"\xff", apigw_id="id-1")
    assert (made["body"], made["isBase64Encoded"], is_whole) == ("/w==", True, True)


def test_a_query_of_too_many_parameters():
    with pytest.raises(BadQuery, match="more than 10000 parameters"):
        event(url="/?" + "&".join("a" for _ in range(10_001)))


@pytest.mark.parametrize("body", [b"", b"{}", 'ü"\\\n'.encode(), b'"content-length":"0"'])
@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"9"), (b"x-a", b'"content-length":"0"')],
        [(b"x-a", b'"content-length":"0"'), (b"content-length", b"9")],
    ],
)
def test_a_frame_is_filled_to_the_same_event(headers, body):
    url = '/"content-length":"0"?content-length=0'
    frame = make_frame("POST", url, headers, client_host="1.2.3.4")
    length = str(len(body)).encode()
    sent = [(name, length if name == b"content-length" else value) for name, value in headers]
    assert frame.fill(body, length) == make_event("POST", url, sent, body, client_host="1.2.3.4")[0]


def test_a_frame_without_a_length_and_of_bytes_that_are_no_text():
    for url in ("/", "/?content-length=0"):
        frame = make_frame("GET", url, [(b"host", b"h")], client_host="1.2.3.4")
        assert frame.fill(b"", b"") == make_event("GET", url, [(b"host", b"h")], b"", client_host="1.2.3.4")[0]
    with pytest.raises(UnicodeDecodeError):
        frame.fill(b"\xff", b"")
