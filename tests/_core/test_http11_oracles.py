"""Our codec against h11, http.client and httptools (llhttp): three readers that were not written here.

Whatever ours accepts, each of them reads as the same message, ending at the same byte. Whatever ours refuses, one of
them refuses as well, or the reason is in ``STRICTER``. Where an oracle itself falls short of the RFC, ``exempt`` names
the oracle and the reason, and the other two still judge.
"""

import http.client
import io
import json
import os
import re
import sys

import pytest

from tencentserverless._core.bodies import BadResponse
from tencentserverless._core.http11 import ResponseReader
from tests.profiles import examples

if sys.version_info < (3, 8):
    pytest.skip("the last oracles for this Python are years old and have faults of their own", allow_module_level=True)
h11 = pytest.importorskip("h11")
httptools = pytest.importorskip("httptools")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors", "http11", "responses.json")
with open(PATH, encoding="utf-8") as corpus:
    VECTORS = json.load(corpus)

CUT = "cut"
REFUSED = "refused"


class Message:
    """What a reader made of a stream: status, headers, body, and how many bytes of the stream it took."""

    def __init__(self, status: int, headers: "dict[bytes, bytes]", body: bytes, end: int) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.end = end

    def __repr__(self) -> str:
        return "Message({}, {}, {!r}, end={})".format(self.status, self.headers, self.body, self.end)


def join(pairs: "Any") -> "dict[bytes, bytes]":
    headers: "dict[bytes, bytes]" = {}
    for name, value in pairs:
        key = name.lower()
        text = value.strip(b" \t")
        headers[key] = headers[key] + b", " + text if key in headers else text
    return headers


def read_ours(data: bytes) -> "Message | str":
    """Byte by byte, so that the end of the message is known; then in one piece, which must say the same."""
    reader = ResponseReader()
    found = None
    end = 0
    try:
        for end in range(1, len(data) + 1):
            found = reader.feed(data[end - 1 : end])
            if found is not None:
                break
        else:
            found = reader.finish()
    except BadResponse as error:
        return "{}: {}".format(REFUSED, error)
    if found is None:
        return CUT
    whole = ResponseReader()
    at_once = whole.feed(data) or whole.finish()
    assert at_once is not None
    assert (at_once.status, at_once.headers, at_once.body) == (found.status, found.headers, found.body)
    assert at_once.reusable is (found.reusable and end == len(data)), "bytes behind a message make it unusable"
    return Message(found.status, found.headers, found.body, end)


def read_h11(data: bytes) -> "Message | str":
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method="POST", target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    is_ended = False
    status, headers, body = 0, join([]), b""
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if is_ended:
                    return CUT
                is_ended = True
                connection.receive_data(b"")
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, join(event.headers.raw_items())
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Message(status, headers, body, len(data) - len(connection.trailing_data[0]))
            elif isinstance(event, h11.ConnectionClosed):
                return CUT
    except h11.RemoteProtocolError as error:
        text = str(error)
        is_cut = "peer closed connection" in text or "unexpectedly closed" in text
        return CUT if is_cut else REFUSED


class _Stream(io.BytesIO):
    """A socket's file that knows where reading stopped, even after it is closed."""

    def makefile(self, _: str) -> "_Stream":
        return self

    def close(self) -> None:
        pass


def read_stdlib(data: bytes) -> "Message | str":
    """http.client treats interim responses other than 100 as final, so those are cut off first."""
    stream = _Stream(data)
    while True:
        response = http.client.HTTPResponse(stream, method="POST")  # type: ignore[arg-type]
        start = stream.tell()
        try:
            response.begin()
            if 100 < response.status < 200 and response.status != 101:
                continue
            body = response.read()
        except (http.client.IncompleteRead, http.client.RemoteDisconnected):
            return CUT
        except (http.client.HTTPException, ValueError, OverflowError):
            return CUT if b"\r\n\r\n" not in data[start:] else REFUSED
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]
        return Message(response.status, join(pairs), body, stream.tell())


class _Listener:
    """Collects what httptools calls back."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.pairs: "list[tuple[bytes, bytes]]" = []
        self.body = b""
        self.in_trailers = False
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.in_trailers:
            self.pairs.append((name, value))

    def on_headers_complete(self) -> None:
        self.in_trailers = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


def read_llhttp(data: bytes) -> "Message | str":
    listener = _Listener()
    parser = httptools.HttpResponseParser(listener)
    for end in range(1, len(data) + 1):
        try:
            parser.feed_data(data[end - 1 : end])
        except (httptools.HttpParserUpgrade, httptools.HttpParserError):
            return REFUSED
        if listener.is_complete:
            status = parser.get_status_code()
            if 100 <= status < 200 and status != 101:
                listener.begin()
                continue
            return Message(status, join(listener.pairs), listener.body, end)
    names = {name.lower() for name, _ in listener.pairs}
    if listener.in_trailers and not names & {b"content-length", b"transfer-encoding"}:
        return Message(parser.get_status_code(), join(listener.pairs), listener.body, len(data))
    return CUT


ORACLES = {"h11": read_h11, "http.client": read_stdlib, "llhttp": read_llhttp}


def exempt(name: str, data: bytes, ours: Message) -> bool:
    """Is this oracle known to be wrong, or to stop short, for such a message?"""
    if name == "http.client":
        # It reads chunks behind a status that has no body (RFC 9112, 6.3, first rule), and keeps the blanks behind a
        # value, so that "chunked " is not chunked to it.
        is_chunked = b"transfer-encoding" in ours.headers
        return is_chunked and (ours.status in (204, 304) or re.search(rb"(?i)chunked[ \t]+\r", data) is not None)
    # It takes a Connection: close of an interim response for the end of everything, though a final one must follow.
    return name == "llhttp" and data.startswith(b"HTTP/1.") and b" 1" in data[8:10] and b"close" in data.lower()


def normal(headers: "dict[bytes, bytes]") -> "dict[bytes, bytes]":
    """h11 gives framing headers in lower case."""
    coding = headers.get(b"transfer-encoding")
    if coding is None:
        return headers
    changed = dict(headers)
    changed[b"transfer-encoding"] = coding.lower()
    return changed


#: Why ours refuses what no oracle does: each is a choice, and the start of the message says which.
STRICTER = {
    r"its status is [6-9]\d\d": "RFC 9110, 15: the first digit of a status is 1 to 5",
    r"its framing is ambiguous: Transfer-Encoding 'chunked'": "RFC 9112, 6.1: in HTTP/1.0 its framing is faulty",
    r"too many interim responses": "an endless row of them would keep a call alive for nothing",
    r"a chunk of size '0+\d'": "nine digits and more: sizes end at 40 MB, and longer ones have overflowed others",
    r"holds a control character": "RFC 9112, 4: none may stand in a reason phrase",
}


def check(data: bytes) -> None:
    ours = read_ours(data)
    theirs = {name: read(data) for name, read in ORACLES.items()}
    if isinstance(ours, Message):
        for name, found in theirs.items():
            if exempt(name, data, ours):
                continue
            assert isinstance(found, Message), (name, found, ours)
            assert (found.status, found.body, found.end) == (ours.status, ours.body, ours.end), (name, found, ours)
            assert normal(found.headers) == normal(ours.headers), (name, found, ours)
    elif ours == CUT:
        assert any(found in (CUT, REFUSED) for found in theirs.values()), theirs
    elif not any(found in (CUT, REFUSED) for found in theirs.values()):
        assert any(re.search(reason, ours) for reason in STRICTER), (ours, theirs)


def test_each_deliberate_strictness_is_in_the_corpus() -> None:
    """And is still more than the oracles ask, so that the list does not outlive its reasons."""
    found = set()
    for vector in VECTORS:
        data = vector["bytes"].encode("latin-1")
        ours = read_ours(data)
        if isinstance(ours, str) and all(isinstance(read(data), Message) for read in ORACLES.values()):
            found.update(reason for reason in STRICTER if re.search(reason, ours))
    assert found == set(STRICTER)


def by_name() -> "list[Any]":
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if not vector.get("tunnel")]


@pytest.mark.parametrize("vector", by_name())
def test_the_oracles_agree_on_the_corpus(vector: "dict[str, Any]") -> None:
    check(vector["bytes"].encode("latin-1"))


versions = st.sampled_from(
    [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/2", b"HTTP/1.2", b"http/1.1", b"HTTP/1.", b""]
)
statuses = st.sampled_from(
    [b"200"] * 6 + [b"204", b"304", b"404", b"500", b"100", b"103", b"101", b"599", b"600", b"099", b"20", b"+20"]
)
reasons = st.sampled_from([b" OK"] * 4 + [b"", b" ", b" a b\tc", b" \xe4", b"\tOK", b" \x00", b" \r"])
line_ends = st.sampled_from([b"\r\n"] * 60 + [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n "])
framing = st.sampled_from(
    [b"Content-Length: 5"] * 6
    + [b"Transfer-Encoding: chunked"] * 6
    + [
        b"content-length:5",
        b"Content-Length: \t5 ",
        b"Content-Length: 0",
        b"Content-Length: 005",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: 5_0",
        b"Content-Length: 99",
        b"Content-Length : 5",
        b"Content-Length:",
        b"transfer-ENCODING: Chunked",
        b"Transfer-Encoding: chunked ",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
    ]
)
fields = st.sampled_from(
    [
        b"Server: nginx",
        b"Connection: keep-alive",
        b"Connection: close",
        b"Connection: a, close",
        b"Connection: Keep-Alive, x",
        b"Via: 1",
        b"X-N: \xe4\xff",
        b"X-E:",
        b"X-E:   ",
        b"X: a\tb",
        b"X: a:b: c",
        b"!#$%&'*+-.^_`|~: 1",
        b"X(: 1",
        b"X Y: 1",
        b"NoColon",
        b": 1",
        b"X: \x00",
        b"X: \x7f",
        b"X: \x1f",
        b"X: a\x0bb",
        b"X: \xa0",
        b"\xe4: 1",
    ]
)
chunks = st.sampled_from(
    [b"3\r\nabc\r\n"] * 4
    + [
        b"1\r\n\n\r\n",
        b"2;a=b\r\nxy\r\n",
        b"2 \r\nxy\r\n",
        b'2;a="b c"\r\nxy\r\n',
        b"02\r\nxy\r\n",
        b"A\r\n0123456789\r\n",
        b"2\r\nxyz\r\n",
        b"3\r\nxy\r\n",
        b"+2\r\nxy\r\n",
        b"0x2\r\nxy\r\n",
        b"2\nxy\r\n",
        b"2\r\nxy\n",
        b" 2\r\nxy\r\n",
        b"-1\r\nxy\r\n",
        b"\r\n",
    ]
)
last_chunks = st.sampled_from(
    [b"0\r\n\r\n"] * 6
    + [
        b"00\r\n\r\n",
        b"0;x\r\n\r\n",
        b"0\r\nX: 1\r\n\r\n",
        b"0\r\nX: 1\r\nY: 2\r\n\r\n",
        b"0\r\nnonsense\r\n\r\n",
        b"0\r\nX : 1\r\n\r\n",
        b"0\r\n",
        b"0\n\n",
        b"",
    ]
)
tails = st.sampled_from([b""] * 4 + [b"x", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\n"])


@st.composite
def streams(draw: "Any") -> bytes:
    """Responses of all kinds, right and wrong, from parts that have confused readers before."""
    pieces = []
    if draw(st.integers(0, 7)) == 0:
        pieces.append(
            draw(st.sampled_from([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"]))
        )
    pieces.append(draw(versions) + b" " + draw(statuses) + draw(reasons) + draw(line_ends))
    lines = draw(st.lists(fields, max_size=2)) + draw(st.lists(framing, min_size=0, max_size=2))
    pieces.extend(line + draw(line_ends) for line in draw(st.permutations(lines)))
    pieces.append(draw(line_ends))
    kind = draw(st.integers(0, 3))
    if kind < 2:
        pieces.append(draw(st.sampled_from([b"hello", b"hell", b"hello!", b"", b"\r\nhel"])))
    else:
        pieces.extend(draw(st.lists(chunks, max_size=3)))
        pieces.append(draw(last_chunks))
    pieces.append(draw(tails))
    return b"".join(pieces)


seeds = st.sampled_from([vector["bytes"].encode("latin-1") for vector in VECTORS if len(vector["bytes"]) < 300])


@st.composite
def mutants(draw: "Any") -> bytes:
    """A stream of the corpus with bytes flipped, dropped, doubled or moved."""
    data = bytearray(draw(seeds))
    for _ in range(draw(st.integers(1, 3))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        until = min(len(data), at + draw(st.integers(1, 8)))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            data[at] = draw(st.sampled_from(b"\r\n \t:;,0159afAFx+-_\x00\x0b\x0c\x7f\x80\xff"))
        elif kind == 1:
            del data[at:until]
        elif kind == 2:
            data[at:at] = data[at:until]
        elif kind == 3:
            del data[at:]
        else:
            data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


@pytest.mark.campaign
def test_made_up_streams_are_right_often_enough_to_be_worth_judging() -> None:
    kinds = []

    @hypothesis.settings(max_examples=examples(300))
    @hypothesis.given(streams())
    def look(data: bytes) -> None:
        kinds.append(isinstance(read_ours(data), Message))

    look()
    assert 0.1 < sum(kinds) / len(kinds) < 0.9


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(1200))
@hypothesis.given(streams())
def test_the_oracles_agree_on_made_up_streams(data: bytes) -> None:
    check(data)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(1200))
@hypothesis.given(mutants())
def test_the_oracles_agree_on_mutants_of_the_corpus(data: bytes) -> None:
    check(data)


@hypothesis.given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_cut_or_read_but_never_crash(data: bytes) -> None:
    check(data)
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(300))
@hypothesis.given(streams() | mutants(), st.data())
def test_pieces_of_any_size_give_the_same_answer(data: bytes, draws: "Any") -> None:
    ours = read_ours(data)
    cuts = sorted(draws.draw(st.sets(st.integers(0, len(data)), max_size=5)) | {0, len(data)})
    reader = ResponseReader()
    found: "Any" = None
    try:
        for start, end in zip(cuts, cuts[1:]):
            found = reader.feed(data[start:end])
            if found is not None:
                break
        else:
            found = reader.finish()
    except BadResponse:
        assert isinstance(ours, str)
        assert ours.startswith(REFUSED)
        return
    if isinstance(ours, Message):
        assert (found.status, found.headers, found.body) == (ours.status, ours.headers, ours.body)
    else:
        assert found is None
        assert ours == CUT
