"""From bytes to requests: however they are cut, within bounds, and with h11 as a judge of what is no request.

Whatever the reader takes, h11 reads as the same request, or the reason is in ``LAXER``. Whatever h11 takes and the
reader does not is in ``STRICTER``.
"""

import itertools
import re

import h11
import httptools
import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.http.messages import Answer, Broken, Fault, Intake, Refused
from tencentserverless.local.http.reader import RequestReader, State
from tests.profiles import examples

HEAD_BYTES = 4096
PLAIN = b"POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Name: Value\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"PUT /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
)
BARE = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
OFFER = b"POST /o HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody"
AWAITED = b"POST /w HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
KINDS = (PLAIN, CHUNKED, BARE, OFFER, AWAITED)


class Streams:
    """Takes the bodies of requests in parts, and writes down what comes."""

    def __init__(self):
        self.parts = []
        self.pauses = []

    def accept(self, request):
        return Intake.STREAM

    def take(self, request):
        request.stream.take(self.parts.append)


def make_reader(taken=1 << 20, head_bytes=HEAD_BYTES, pause=lambda is_paused: None):
    return RequestReader(taken if callable(taken) else lambda request: taken, head_bytes, pause)


def facts(request):
    return (request.method, request.url, request.headers, request.body, request.keeps, request.version)


def read(data, cuts=(), **options):
    """What the reader finds, and why it has stopped."""
    reader = make_reader(**options)
    places = sorted({0, len(data), *cuts})
    for start, end in itertools.pairwise(places):
        reader.feed(data[start:end])
    return [facts(request) for request in reader.whole], reader.stop


def fault_of(data, **options):
    requests, stop = read(data, **options)
    assert isinstance(stop, Broken)
    return len(requests), stop.fault


def test_a_request_has_what_was_sent():
    (request,), stop = read(PLAIN)
    headers = [(b"host", b"h"), (b"x-name", b"Value"), (b"content-length", b"5")]
    assert request == ("POST", b"/a?b=c", headers, b"hello", True, "1.1")
    assert stop is None


@pytest.mark.parametrize(
    ("line", "keeps"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n", False),
        (b"GET / HTTP/1.0\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_the_connection_stays_where_the_client_lets_it(line, keeps):
    (request,), _ = read(line + b"Host: h\r\n\r\n")
    assert request[4] is keeps


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(400))
@hypothesis.given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), st.data())
def test_requests_are_the_same_however_the_bytes_are_cut(kinds, data):
    stream = b"".join(kinds)
    whole, stop = read(stream)
    assert stop is None
    assert [request[:2] for request in whole] == [read(kind)[0][0][:2] for kind in kinds]
    cuts = data.draw(st.sets(st.integers(0, len(stream)), max_size=8))
    assert read(stream, cuts) == (whole, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_is_the_same_byte_by_byte(kind):
    assert read(kind * 2, range(len(kind) * 2)) == read(kind * 2)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(300))
@hypothesis.given(st.lists(st.binary(max_size=50), max_size=5), st.data())
def test_a_body_is_the_same_in_one_piece_and_in_chunks(parts, data):
    head = b"POST / HTTP/1.1\r\nHost: h\r\n"
    body = b"".join(parts)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
    stream = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    cuts = data.draw(st.sets(st.integers(0, len(stream)), max_size=6))
    (request,), stop = read(stream, cuts)
    assert (request[3], stop) == (body, None)
    (request,), stop = read(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (request[3], stop) == (body, None)


def test_a_body_in_two_million_chunks_is_no_work():
    """Adding each to all before it would take hours."""
    count = 2_000_000
    (request,), _ = read(CHUNKED[: CHUNKED.index(b"5\r\n")] + b"1\r\nx\r\n" * count + b"0\r\n\r\n", taken=count)
    assert request[3] == b"x" * count


# Bounds.


def test_a_head_has_a_bound_wherever_it_is_cut():
    head = b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\nX: " + b"y" * 2050 + b"\r\n"
    for cuts in ((), (100,), range(0, len(head), 7)):
        assert fault_of(head + b"X: y\r\n" * 10 + b"\r\n", cuts=cuts) == (0, Fault.HEAD_TOO_LARGE)
    fitting, _ = read(b"GET / HTTP/1.1\r\nX: " + b"y" * (HEAD_BYTES - 100) + b"\r\n\r\n")
    assert len(fitting) == 1


@pytest.mark.parametrize("line", [b"X", b"X: y", b"\r\n", b"GET /"])
def test_a_line_without_an_end_has_the_bound_of_a_head(line):
    reader = make_reader()
    reader.feed(b"" if line in (b"\r\n", b"GET /") else b"GET / HTTP/1.1\r\n")
    reader.feed(line)
    sent = 0
    while reader.stop is None:
        assert sent < 2 * HEAD_BYTES
        reader.feed((line[-2:] if line == b"\r\n" else b"x") * 64)
        sent += 64
    assert reader.stop.fault is Fault.HEAD_TOO_LARGE


def test_a_line_without_an_end_behind_a_request_has_it_too():
    reader = make_reader()
    reader.feed(PLAIN + b"GET /")
    for _ in range(HEAD_BYTES // 64 + 1):
        reader.feed(b"x" * 64)
    assert len(reader.whole) == 1
    assert reader.stop.fault is Fault.HEAD_TOO_LARGE


@pytest.mark.parametrize("kind", KINDS)
def test_requests_of_one_size_are_no_line_without_an_end(kind):
    reader = make_reader()
    for _ in range(200):
        reader.feed(kind)
        assert len(reader.whole) == 1
        reader.whole.clear()
    assert reader.stop is None


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes():
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
    requests, stop = read(head % 6, taken=5)
    assert not requests
    assert (stop.fault, stop.limit_bytes, stop.size, stop.request.url) == (Fault.BODY_TOO_LARGE, 5, "6", b"/")
    assert read(head % 10**18, taken=5)[1].size == str(10**18)
    assert read(head % 5 + b"hello", taken=5)[1] is None


def test_a_body_in_chunks_is_refused_when_it_is_too_large():
    assert fault_of(CHUNKED, taken=10) == (0, Fault.BODY_TOO_LARGE)
    assert read(CHUNKED, taken=11)[1] is None


@pytest.mark.parametrize("extension", [b"", b";a=" + b"x" * 10])
def test_a_line_in_a_body_has_the_bound_of_a_head(extension):
    reader = make_reader()
    reader.feed(CHUNKED[: CHUNKED.index(b"5\r\n")] + b"5" + extension)
    for _ in range(HEAD_BYTES // 50 + 1):
        reader.feed(b"0" * 50 if not extension else b"x" * 50)
    assert reader.stop.fault in (Fault.HEAD_TOO_LARGE, Fault.NO_HTTP if not extension else Fault.HEAD_TOO_LARGE)


def test_a_request_with_trailers_is_refused():
    data = CHUNKED[:-2] + b"Authorization: a\r\n\r\n"
    for cuts in ((), range(len(data))):
        assert fault_of(data, cuts=cuts) == (0, Fault.TRAILERS)


@pytest.mark.parametrize("taken", [1 << 20, Intake.STREAM])
def test_trailers_are_dropped_where_the_site_says_so_and_the_next_request_is_read(taken):
    def accept(request):
        request.drops_trailers = True
        return taken

    data = CHUNKED[:-2] + b"X-Checksum: 9\r\nA: b\r\n\r\n" + PLAIN
    headers = [each[2] for each in read(CHUNKED + PLAIN)[0]]
    for cuts in ((), range(len(data))):
        requests, stop = read(data, cuts=cuts, taken=accept)
        assert ([each[2] for each in requests], stop) == (headers, None)


def test_a_flood_of_trailers_that_are_dropped_is_cut_off():
    def accept(request):
        request.drops_trailers = True
        return Intake.STREAM

    reader = make_reader(accept)
    reader.feed(CHUNKED[:-2])
    for _ in range(HEAD_BYTES // 100 + 1):
        reader.feed(b"a: b\r\n" * 20)
    assert reader.stop.fault is Fault.HEAD_TOO_LARGE


def test_the_client_is_asked_for_the_body_once():
    reader = make_reader()
    head, body = AWAITED[:-2], AWAITED[-2:]
    reader.feed(head[:-1])
    assert not reader.take_continue()
    reader.feed(head[-1:])
    assert reader.take_continue()
    assert not reader.take_continue()
    reader.feed(body)
    assert not reader.take_continue()
    reader.feed(AWAITED)  # it did not wait
    assert not reader.take_continue()
    reader.feed(BARE + PLAIN[:-1])
    assert not reader.take_continue()


# Ends.


def test_what_is_cut_off_is_told_with_its_head_if_that_is_here():
    for end in range(1, len(PLAIN)):
        reader = make_reader()
        reader.feed(PLAIN[:end])
        assert reader.is_partial
        reader.end()
        assert (reader.stop.fault, reader.state) == (Fault.CUT_SHORT, State.STOPPED)
        assert (reader.stop.request is None) == (end < PLAIN.index(b"\r\n\r\n") + 4)
    reader = make_reader()
    reader.feed(PLAIN)
    reader.end()
    assert (reader.stop, reader.state, len(reader.whole)) == (None, State.STOPPED, 1)


def test_what_comes_too_slowly_is_told():
    reader = make_reader()
    reader.feed(PLAIN[:-1])
    reader.expire()
    assert (reader.stop.fault, reader.stop.request.url) == (Fault.TOO_SLOW, b"/a?b=c")


def test_nothing_is_read_behind_the_end():
    for data in (b"nonsense\r\n\r\n", PLAIN[:-1]):
        reader = make_reader()
        reader.feed(data)
        reader.end()
        stop = reader.stop
        reader.feed(PLAIN)
        assert (len(reader.whole), reader.stop) == (0, stop)


@pytest.mark.parametrize(("method", "body"), [(b"POST", b"no"), (b"HEAD", b"")])
def test_a_head_may_be_refused_with_an_answer(method, body):
    def accept(request):
        if request.url == b"/no":
            raise Refused(Answer(403, b"no"))
        return 10

    requests, stop = read(BARE + method + b" /no HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", taken=accept)
    assert len(requests) == 1
    assert stop == Answer(403, body)


def test_a_site_that_raises_is_no_fault_of_the_client():
    def accept(request):
        raise LookupError("on purpose")

    with pytest.raises(httptools.HttpParserCallbackError) as caught:
        make_reader(accept).feed(PLAIN)
    assert isinstance(caught.value.__context__, LookupError)


# Other protocols.


def test_an_offer_that_is_not_taken_is_ignored():
    (request, again), stop = read(OFFER + BARE)
    assert stop is None
    assert request[3] == b"body"
    assert (b"upgrade", b"h2c") not in request[2]
    assert again[1] == b"/"


def test_an_offer_that_is_taken_ends_the_reading_behind_its_head():
    reader = make_reader(Intake.UPGRADE)
    reader.feed(OFFER.replace(b"Content-Length: 4\r\n", b"") + BARE)
    (request,) = reader.whole
    assert request.is_upgrade
    assert request.body == b""
    assert (reader.state, reader.stop, reader.rest) == (State.STOPPED, None, b"body" + BARE)


def test_an_offer_with_a_body_is_not_taken():
    assert fault_of(OFFER, taken=Intake.UPGRADE) == (0, Fault.BODY_TOO_LARGE)


@pytest.mark.parametrize("rest", [b"", b"\x16\x03\x01", BARE])
def test_what_stands_behind_a_connect_is_no_http(rest):
    reader = make_reader()
    reader.feed(b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n" + rest)
    (request,) = reader.whole
    assert (request.method, request.url, request.keeps) == ("CONNECT", b"h:443", False)
    assert (reader.state, reader.stop, reader.rest) == (State.STOPPED, None, rest)


# Bodies in parts.


def test_a_request_is_there_with_its_head_and_its_body_comes_in_parts():
    streams = Streams()
    reader = make_reader(streams.accept)
    head, body = PLAIN[:-5], PLAIN[-5:]
    reader.feed(head)
    request = reader.whole.popleft()
    assert reader.stream is request.stream is not None
    assert not reader.is_partial  # nobody waits for the rest of it before it is handled
    reader.feed(body[:2])
    streams.take(request)
    assert streams.parts == [b"he"]  # it has been kept
    reader.feed(body[2:] + BARE)
    assert streams.parts == [b"he", b"llo", b""]
    assert request.stream.is_whole
    assert request.body == b""
    assert reader.whole.popleft().stream.is_whole
    assert reader.stream is None


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(200))
@hypothesis.given(st.sampled_from(KINDS), st.data())
def test_the_parts_of_a_body_are_the_body_however_the_bytes_are_cut(kind, data):
    streams = Streams()
    reader = make_reader(streams.accept)
    places = sorted({0, len(kind), *data.draw(st.sets(st.integers(0, len(kind)), max_size=6))})
    for start, end in itertools.pairwise(places):
        reader.feed(kind[start:end])
        if reader.whole and data.draw(st.booleans()):
            streams.take(reader.whole.popleft())
    if reader.whole:
        streams.take(reader.whole.popleft())
    assert streams.parts[-1] == b""
    assert b"" not in streams.parts[:-1]
    assert b"".join(streams.parts) == read(kind)[0][0][3]


@pytest.mark.parametrize("take_first", [False, True])
@pytest.mark.parametrize("ends", ["end", "expire", "garbage"])
def test_a_stream_is_told_where_the_client_goes(take_first, ends):
    streams = Streams()
    reader = make_reader(streams.accept)
    reader.feed(CHUNKED[: CHUNKED.index(b"6;")])
    request = reader.whole.popleft()
    if take_first:
        streams.take(request)
    reader.feed(b"zz\r\n") if ends == "garbage" else getattr(reader, ends)()
    if not take_first:
        streams.take(request)
    assert streams.parts == [b"hello", None]


def test_a_stream_pauses_its_connection():
    pauses = []
    reader = make_reader(Intake.STREAM, pause=pauses.append)
    reader.feed(PLAIN)
    reader.whole[0].stream.pause(True)
    reader.whole[0].stream.pause(False)
    assert pauses == [True, False]


def test_a_stream_has_no_bound_of_its_own():
    assert read(PLAIN, taken=Intake.STREAM)[1] is None


# h11 as a judge.

REFUSED = "refused"


def read_h11(data):
    """The requests that h11 finds, and whether it has refused what comes then."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(data)
    found, head, body = [], None, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                headers = [(name.lower(), value) for name, value in head.headers]
                found.append((head.method.decode(), head.target, headers, body))
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                    return found, ""
                connection.start_next_cycle()
            else:
                return found, ""
    except h11.RemoteProtocolError as error:
        return found, f"{REFUSED}: {error}"


#: Why ours takes what h11 refuses: a pattern of h11's words.
LAXER = {
    "Missing mandatory Host|multiple Host": "the site says so: the API in its own words, and a proxy needs none",
    "illegal request line": "more than one blank, no version and other protocols' versions are answered as HTTP/1.0",
    "no request line received": "RFC 9112, 2.2: empty lines before a request are skipped",
    "Only Transfer-Encoding: chunked": "a coding before chunked is a matter of the content, which no JSON survives",
    "illegal chunk header": "zeros before a size, which can't overflow it",
}
METHODS = frozenset("DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split())  # the parser knows its methods
#: Why ours refuses what h11 takes of them: a pattern of the bytes.
STRICTER = {
    rb"[^\r]\n": "RFC 9112, 2.2: a line that a bare LF ends may be refused",
    rb"(?i)content-length: ?\d+, ?\d": "several lengths, though they are equal",
    rb"(?is)content-length.*content-length": "several lengths, though they are equal",
    rb"(?is)transfer-encoding.*content-length|content-length.*transfer-encoding": "RFC 9112, 6.1: smuggling",
    rb"\r\n[ \t]": "RFC 9112, 5.2: a folded line may be refused",
    rb"\x7f": "RFC 9110, 5.5: no control character",
    rb"\r\n[0-9a-fA-F]+[ \t]+[\r;]": "RFC 9112, 7.1: no blank stands behind the size of a chunk",
    rb"\r\n[0-9a-fA-F]+;": "RFC 9112, 7.1.1: an extension has a name, and quotes that end",
    rb"0\r\n[^\r]": "trailers, which no site takes",
    rb"HTTP/(1\.[2-9]|0\.[0-8]|[^01])": "a version that is none",
    rb"^\w+ [^/*h]": "RFC 9112, 3.2: no form of a target",
}


def check(data):
    reader = make_reader(1 << 30, 1 << 20)
    reader.feed(data)
    ours = [facts(request)[:4] for request in reader.whole]
    theirs, words = read_h11(data)
    for mine, other in zip(ours, theirs, strict=False):
        if re.search(rb"(?i)chunked", data):
            assert (mine[:2], mine[3]) == (other[:2], other[3])
        else:
            assert mine[:2] + ([(name, value.strip(b" \t")) for name, value in mine[2]], mine[3]) == other
    if len(ours) > len(theirs) and words:
        assert any(re.search(pattern, words) for pattern in LAXER), (data, words)
    if len(ours) < len(theirs):
        assert isinstance(reader.stop, Broken)
        if theirs[len(ours)][0] not in METHODS:
            return
        assert any(re.search(pattern, data) for pattern in STRICTER), (data, theirs)


H = b"POST / HTTP/1.1\r\nHost: h\r\n"
CHUNKS = H + b"Transfer-Encoding: chunked\r\n\r\n"
LAX = [
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / RTSP/1.0\r\nHost: h\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    H + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    CHUNKS + b"00000000000000000000002\r\n{}\r\n0\r\n\r\n",
]
STRICT = [
    b"POST / HTTP/1.1\nHost: h\nContent-Length: 0\n\n",
    H + b"Content-Length: 2, 2\r\n\r\n{}",
    H + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    H + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    H + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    H + b"X: \x7f\r\nContent-Length: 2\r\n\r\n{}",
    CHUNKS + b"2 \r\n{}\r\n0\r\n\r\n",
    CHUNKS + b'2;a="b\r\n{}\r\n0\r\n\r\n',
    CHUNKS + b"0\r\nX: y\r\n\r\n",
    b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.2\r\nHost: h\r\n\r\n",
    b"GET a HTTP/1.1\r\nHost: h\r\n\r\n",
]
REFUSED_BY_BOTH = [
    H + b"Content-Length: +2\r\n\r\n{}",
    H + b"Content-Length: -2\r\n\r\n{}",
    H + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    H + b"Content-Length : 2\r\n\r\n{}",
    H + b"X: a\rb\r\n\r\n",
    H + b"X: \x00\r\n\r\n",
    H + b"X Y: z\r\n\r\n",
    H + b": z\r\n\r\n",
    H + b"X\r\n\r\n",
    H + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    H + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    H + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    CHUNKS + b"0x2\r\n{}\r\n0\r\n\r\n",
    CHUNKS + b"-2\r\n{}\r\n0\r\n\r\n",
    CHUNKS + b"2\r\n{}0\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
    b"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n",
    b"nonsense\r\n\r\n",
]


@pytest.mark.parametrize("data", LAX + STRICT)
def test_each_difference_from_h11_is_a_choice(data):
    check(data)


def test_each_choice_is_in_the_corpus():
    """And is still one, so that the lists do not outlive their reasons."""
    words = [read_h11(data)[1] for data in LAX if not isinstance(read(data)[1], Broken)]
    assert len(words) == len(LAX)
    assert all(any(re.search(pattern, each) for each in words) for pattern in LAXER)
    refused = [data for data in STRICT if isinstance(read(data)[1], Broken) and not read_h11(data)[1]]
    assert refused == STRICT
    assert all(any(re.search(pattern, each) for each in refused) for pattern in STRICTER)


@pytest.mark.parametrize("data", REFUSED_BY_BOTH)
def test_what_h11_refuses_is_refused_here_too(data):
    assert read_h11(data)[1].startswith(REFUSED)
    count, fault = fault_of(data)
    assert count == 0
    assert fault in (Fault.NO_HTTP, Fault.BAD_URL)


lines = st.sampled_from(
    [
        *[b"X: y"] * 4,
        b"Content-Length: 5",
        b"Content-Length: 5",
        b"content-length:5",
        b"Content-Length: \t5",
        b"Content-Length: 0",
        b"Content-Length: 005",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: 5_0",
        b"Content-Length : 5",
        b"Content-Length:",
        b"Content-Length: 5;",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked",
        b"transfer-ENCODING: Chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding : chunked",
        b" Transfer-Encoding: chunked",
        b"Transfer-Encoding: chunked;a=b",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Expect: 100-continue",
        b"X-N: \xe4\xff",
        b"X: a\tb",
        b"X(: 1",
        b"X Y: 1",
        b"NoColon",
        b": 1",
        b"X: \x00",
        b"X: \x7f",
    ]
)
ends = st.sampled_from([b"\r\n"] * 60 + [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n "])
starts = st.sampled_from(
    [b"POST / HTTP/1.1"] * 12
    + [
        b"GET / HTTP/1.1",
        b"POST / HTTP/1.0",
        b"POST  / HTTP/1.1",
        b"POST / HTTP/1.1 ",
        b"POST /",
        b"POST / HTTP/2.0",
        b"POST /?a#b HTTP/1.1",
        b"POST http://h/ HTTP/1.1",
        b" POST / HTTP/1.1",
        b"\r\nPOST / HTTP/1.1",
        b"P\x00ST / HTTP/1.1",
    ]
)
chunks = st.sampled_from(
    [b"5\r\nhello\r\n"] * 4
    + [b"2;a=b\r\nxy\r\n", b"2 \r\nxy\r\n", b"02\r\nxy\r\n", b"2\r\nxyz\r\n", b"+2\r\nxy\r\n", b"2\nxy\r\n", b"\r\n"]
)
lasts = st.sampled_from([b"0\r\n\r\n"] * 6 + [b"00\r\n\r\n", b"0;x\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"0\r\n", b"0\n\n"])


@st.composite
def streams(draw):
    """Requests of all kinds, right and wrong, from parts that have confused readers before."""
    pieces = []
    for _ in range(draw(st.integers(1, 2))):
        pieces.append(draw(starts) + draw(ends) + b"Host: h\r\n")
        pieces.extend(line + draw(ends) for line in draw(st.lists(lines, max_size=3)))
        pieces.append(draw(ends))
        if draw(st.booleans()):
            pieces.append(draw(st.sampled_from([b"hello", b"hell", b"hello!", b"", b"\r\nhel"])))
        else:
            pieces.extend([*draw(st.lists(chunks, max_size=2)), draw(lasts)])
    return b"".join(pieces)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(2000))
@hypothesis.given(streams())
def test_h11_agrees_on_made_up_streams(data):
    check(data)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(500))
@hypothesis.given(streams() | st.binary(max_size=100), st.data())
def test_pieces_of_any_size_give_the_same_requests_and_the_same_end(data, draws):
    whole, stop = read(data)
    cuts = draws.draw(st.sets(st.integers(0, len(data)), max_size=5))
    requests, again = read(data, cuts)
    assert requests == whole
    assert getattr(again, "fault", None) is getattr(stop, "fault", None)


@pytest.mark.parametrize(("target", "url"), [("/ü", b"/%C3%BC"), ("/?a=茶&b=%41", b"/?a=%E8%8C%B6&b=%41")])
def test_letters_of_a_url_are_encoded_and_no_others(target, url):
    """curl sends a query as it is given."""
    data = f"POST {target} HTTP/1.1\r\nX-Name: ü\r\nContent-Length: 2\r\n\r\nü".encode()
    for cut in range(len(data)):
        (request,), stop = read(data, {cut})
        assert stop is None
        assert request[1:4] == (url, [(b"x-name", "ü".encode()), (b"content-length", b"2")], "ü".encode())


def test_a_url_with_letters_behind_another_request_is_a_fault_of_its_own():
    requests, stop = read(BARE + "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    assert (len(requests), stop.fault, stop.part.headers) == (1, Fault.BAD_URL, [])


@pytest.mark.parametrize("data", [BARE, PLAIN, CHUNKED])
def test_a_refusal_is_read_also_while_an_exception_is_handled(data):
    """The parser's error has that exception as its context then, as in a server that was started in an ``except``."""
    answer = Answer(403, b"no")

    def refuse(request):
        raise Refused(answer)

    try:
        int("no number")
    except ValueError:
        assert read(data, taken=refuse) == ([], answer)
