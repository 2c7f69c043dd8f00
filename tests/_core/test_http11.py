import calendar
import email.utils
import gzip
import json
import os
import zlib

import pytest

from tencentserverless._core import bodies, http11
from tencentserverless._core.bodies import MAX_BODY_BYTES, BadResponse
from tencentserverless._core.http11 import Response, ResponseReader, parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors", "http11", "responses.json")
with open(PATH, encoding="utf-8") as corpus:
    VECTORS = json.load(corpus)

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def read(pieces: "Iterable[bytes]", is_tunnel: bool = False, at_end: bool = True) -> "Response | str | None":
    """The response, what is wrong with it, or None if it was cut."""
    reader = ResponseReader(is_tunnel)
    try:
        for piece in pieces:
            found = reader.feed(piece)
            if found is not None:
                return found
        return reader.finish() if at_end else None
    except BadResponse as error:
        return str(error)


def show(found: "Response | str | None") -> "Any":
    if isinstance(found, Response):
        return found.status, found.headers, found.body, found.reusable
    return found


def names_of(kind: str) -> "list[Any]":
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if kind in vector]


@pytest.mark.parametrize("vector", names_of("status"))
def test_a_good_response_is_read(vector: "dict[str, Any]") -> None:
    found = read([vector["bytes"].encode("latin-1")], vector.get("tunnel", False), vector.get("eof", False))
    assert isinstance(found, Response), found
    assert found.status == vector["status"]
    assert found.body == vector["body"].encode("latin-1")
    assert found.reusable is vector["reusable"]
    if "headers" in vector:
        assert found.headers == {k.encode("latin-1"): v.encode("latin-1") for k, v in vector["headers"].items()}


@pytest.mark.parametrize("vector", names_of("refused"))
def test_a_bad_response_is_refused_and_the_reason_named(vector: "dict[str, Any]") -> None:
    found = read([vector["bytes"].encode("latin-1")])
    assert isinstance(found, str), show(found)
    assert vector["refused"] in found


@pytest.mark.parametrize("vector", names_of("refused"))
def test_what_arrived_can_be_asked_for_after_a_refusal(vector: "dict[str, Any]") -> None:
    """An error message shows it, so it must not fail on top."""
    reader = ResponseReader()
    with pytest.raises(BadResponse):
        reader.feed(vector["bytes"].encode("latin-1"))
    assert isinstance(reader.start, bytes)
    assert isinstance(reader.has_begun, bool)


@pytest.mark.parametrize("vector", names_of("cut"))
def test_a_cut_response_is_no_response(vector: "dict[str, Any]") -> None:
    assert read([vector["bytes"].encode("latin-1")]) is None


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_every_split_of_the_stream_gives_the_same_answer(vector: "dict[str, Any]") -> None:
    """In two pieces, cut anywhere; and byte by byte.

    What follows a whole response is not seen if it comes in a later piece: the connection is looked at again before
    its next use. So reusability is compared only where nothing follows.
    """
    data = vector["bytes"].encode("latin-1")
    is_tunnel = vector.get("tunnel", False)
    has_more = any(words in vector["name"] for words in ("bytes after", "bytes behind"))
    whole = show(read([data], is_tunnel))
    splits = [[data[:index], data[index:]] for index in range(1, len(data))]
    splits.append([data[index : index + 1] for index in range(len(data))])
    for pieces in splits:
        found = show(read(pieces, is_tunnel))
        if has_more:
            assert found[:3] == whole[:3]
        elif isinstance(whole, str):
            assert isinstance(found, str), pieces
        else:
            assert found == whole, pieces


def test_the_reader_says_whether_the_answer_has_begun_and_how() -> None:
    reader = ResponseReader()
    assert not reader.has_begun
    assert reader.start == b""
    assert reader.feed(b"HTTP/1.1 100 Con") is None
    assert reader.has_begun
    assert reader.start == b"HTTP/1.1 100 Con"
    assert reader.feed(b"tinue\r\n\r\n") is None
    assert reader.has_begun
    assert reader.feed(HEAD + b"Content-Length: 600\r\n\r\n" + b"x" * 599) is None
    assert reader.start == b"x" * 512


@pytest.mark.parametrize(
    "head", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc", b"\r\nabc"]
)
def test_the_start_of_an_unfinished_body_is_shown(head: bytes) -> None:
    reader = ResponseReader()
    assert reader.feed(HEAD + head) is None
    assert reader.start == b"abc"


def padded_head(total: int) -> bytes:
    """A head whose bytes before the final blank line are so many."""
    start = HEAD + b"Content-Length: 0\r\nX: "
    return start + b"x" * (total - len(start)) + b"\r\n\r\n"


@pytest.mark.parametrize("step", [1 << 30, 4096, 1000])
def test_the_head_has_a_limit(step: int) -> None:
    for size, is_good in ((bodies.MAX_HEAD_BYTES, True), (bodies.MAX_HEAD_BYTES + 1, False)):
        data = padded_head(size)
        found = read([data[index : index + step] for index in range(0, len(data), step)])
        assert isinstance(found, Response) is is_good, found
    assert "header block is larger than 65536 bytes" in str(found)


def test_an_endless_head_is_refused_before_it_ends() -> None:
    reader = ResponseReader()
    for _ in range(bodies.MAX_HEAD_BYTES // 1000):
        assert reader.feed(b"x" * 1000) is None
    with pytest.raises(BadResponse, match="header block is larger"):
        reader.feed(b"x" * 1000)


def test_the_number_of_headers_has_a_limit() -> None:
    lines = b"".join(b"X-%d: y\r\n" % index for index in range(http11.MAX_HEADERS - 1)) + b"Content-Length: 0\r\n"
    assert isinstance(read([HEAD + lines + b"\r\n"]), Response)
    assert read([HEAD + b"One-More: y\r\n" + lines + b"\r\n"]) == "it has more than 128 headers"


def test_the_number_of_interim_responses_has_a_limit() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    final = HEAD + b"Content-Length: 0\r\n\r\n"
    assert isinstance(read([interim * http11.MAX_INFORMATIONAL + final]), Response)
    assert "too many interim responses" in str(read([interim * (http11.MAX_INFORMATIONAL + 1) + final]))


def test_a_chunk_line_has_a_limit() -> None:
    good = b"1;" + b"x" * (bodies.MAX_CHUNK_LINE_BYTES - 2)
    rest = b"\r\na\r\n0\r\n\r\n"
    assert isinstance(read([CHUNKED + good + rest]), Response)
    assert read([CHUNKED + good + b"x" + rest]) == "it has a chunk line longer than 1024 bytes"
    assert read([CHUNKED + good + b"xyz"], at_end=False) == "it has a chunk line longer than 1024 bytes"


def test_trailers_have_a_limit_together() -> None:
    trailer = b"X: " + b"y" * 1000 + b"\r\n"
    assert isinstance(read([CHUNKED + b"0\r\n" + trailer * 65 + b"\r\n"]), Response)
    assert read([CHUNKED + b"0\r\n" + trailer * 66 + b"\r\n"]) == "it has a malformed trailer"


def test_the_body_has_a_limit_however_it_is_framed() -> None:
    limit = bodies.MAX_BODY_BYTES
    half = b"x" * (limit // 2)
    assert "larger than {}".format(limit) in str(read([HEAD + b"Content-Length: %d\r\n\r\n" % (limit + 1)]))
    assert "larger than {}".format(limit) in str(read([HEAD + b"\r\n", half, half, b"x"]))
    sized = b"%x\r\n" % len(half) + half + b"\r\n"
    assert "larger than {}".format(limit) in str(read([CHUNKED, sized, sized, b"1\r\n"]))
    whole = read([CHUNKED, sized, sized, b"0\r\n\r\n"])
    assert isinstance(whole, Response)
    assert len(whole.body) == limit


def test_reading_in_many_pieces_takes_linear_time() -> None:
    """A quadratic reader takes minutes here."""
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    data = CHUNKED + chunk * 4000 + b"0\r\n\r\n"
    found = read([data[index : index + 100] for index in range(0, len(data), 100)])
    assert isinstance(found, Response)
    assert len(found.body) == 4096000
    assert isinstance(read([data]), Response)


def test_what_the_codec_remembers_is_bounded() -> None:
    """The peer chooses names and status lines, so the memory of them must not grow with their number."""
    for index in range(1000):
        head = b"HTTP/1.1 200 Reason-%d\r\nX-Name-%d: 1\r\nContent-Length: 0\r\n\r\n" % (index, index)
        found = read([head])
        assert isinstance(found, Response)
        assert found.headers[b"x-name-%d" % index] == b"1"
    assert len(http11._names) <= 256
    assert len(http11._status_lines) <= 256
    assert len(http11._heads) <= 32


def test_a_head_that_was_seen_before_gives_the_same_answer_and_its_own_body() -> None:
    head = HEAD + b"Content-Length: 2\r\nX-Seen: before\r\n\r\n"
    first, second = read([head + b"ab"]), read([head + b"c", b"d"])
    assert show(first) == (200, {b"content-length": b"2", b"x-seen": b"before"}, b"ab", True)
    assert show(second) == (200, {b"content-length": b"2", b"x-seen": b"before"}, b"cd", True)


@pytest.mark.parametrize("tunnel_first", [True, False])
def test_a_head_means_another_body_behind_connect_whichever_was_seen_first(tunnel_first: bool) -> None:
    head = HEAD + b"Content-Length: 2\r\nX-Tunnel-First: %d\r\n\r\n" % tunnel_first
    for is_tunnel in (tunnel_first, not tunnel_first):
        found = read([head, b"ab"], is_tunnel)
        assert isinstance(found, Response)
        assert found.body == (b"" if is_tunnel else b"ab")


def test_a_response_that_was_refused_once_is_refused_again() -> None:
    bad = HEAD + b"Bad Name: 1\r\nContent-Length: 0\r\n\r\n"
    assert read([bad]) == read([bad]) == "it has a malformed header line: 'Bad Name: 1'"


@pytest.mark.parametrize("name", [b"Content-Length", b"X-Seen"])
def test_a_header_line_without_a_colon_is_refused_even_if_its_name_is_known(name: bytes) -> None:
    """Names are remembered once they were checked; the colon has to be checked each time."""
    assert isinstance(read([HEAD + name + b": 0\r\nContent-Type: x\r\n\r\n"]), (Response, type(None)))
    assert "a malformed header line" in str(read([HEAD + name + b"\r\n\r\n"]))


def test_a_quoted_fault_is_short() -> None:
    assert len(str(read([b"x" * 1000 + b"\r\n\r\n"]))) < 120


@pytest.mark.parametrize("seconds", [0, 951827696, 1551113065, 1709251199, 1709251200, 4107542400, 253402300799])
def test_a_date_is_read_as_the_standard_library_reads_it(seconds: int) -> None:
    text = email.utils.formatdate(seconds, usegmt=True)
    parsed = email.utils.parsedate(text)
    assert parsed is not None
    assert parse_date(text.encode("ascii")) == calendar.timegm(parsed) == seconds


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"now",
        b"Sunday, 06-Nov-94 08:49:37 GMT",  # the form of RFC 850
        b"Sun Nov  6 08:49:37 1994",  # of asctime
        b"Sun, 06 Nov 1994 08:49:37 +0000",
        b"Sun, 06 Nov 1994 08:49:37",
        b"Sun, 06 Abc 1994 08:49:37 GMT",
        b"Sun, 06 anF 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 084937.. GMT",
        b"Sun, 6 Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 94 08:49:37 GMT",
        b"Sun, 06 Nov 1994 8:49:370 GMT",
        b"Sun, 06 Nov 1994 :084937: GMT",
        b"Sun, 0006 Nov 94 08:49:37 GMT",
        b"Sun, 0x Nov 1994 08:49:37 GMT",
        b"Sun, 06 Nov 1994 08:49:3\xb2 GMT",
    ],
)
def test_another_form_of_a_date_is_none(value: bytes) -> None:
    assert parse_date(value) is None


PLAIN = b'{"Response": {}}' * 200
PACKED = [
    (b"gzip", gzip.compress(PLAIN)),
    (b"X-GZip", gzip.compress(PLAIN[:7]) + gzip.compress(PLAIN[7:])),
    (b"deflate", zlib.compress(PLAIN)),
]
FRAMES = [
    lambda body: b"Content-Length: %d\r\n\r\n" % len(body) + body,
    lambda body: b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
    lambda body: b"Connection: close\r\n\r\n" + body,
]


@pytest.mark.parametrize("frame", FRAMES, ids=["sized", "chunked", "to the end"])
@pytest.mark.parametrize(("coding", "body"), PACKED, ids=["gzip", "two members", "deflate"])
def test_a_packed_body_is_unpacked(coding: bytes, body: bytes, frame: "Any") -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n" + frame(body)
    for _ in range(2):  # a head that is remembered is unpacked as well
        for size in (1, 50, len(data)):
            found = read([data[at : at + size] for at in range(0, len(data), size)])
            assert isinstance(found, Response), found
            assert found.body == PLAIN


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no gzip at all", "its packed body is damaged"),
        (gzip.compress(PLAIN)[:-9], "its packed body is cut short"),
        (gzip.compress(bytes(MAX_BODY_BYTES + 1)), "its unpacked body is larger than"),
    ],
    ids=["damaged", "cut", "a bomb"],
)
def test_a_packed_body_that_cannot_be_unpacked_is_refused(body: bytes, words: str) -> None:
    found = read([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" + FRAMES[0](body)])
    assert isinstance(found, str)
    assert words in found


def test_an_unknown_coding_and_an_empty_body_are_left_as_they_are() -> None:
    for coding, body in ((b"br", b"brotli"), (b"identity", b"{}"), (b"gzip", b"")):
        found = read([b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n" + FRAMES[0](body)])
        assert isinstance(found, Response)
        assert found.body == body
