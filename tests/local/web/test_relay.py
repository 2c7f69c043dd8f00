"""A request goes to an app and its answer comes back: what is passed on, what streams, and how each way can end."""

import asyncio
import json
import socket

import pytest
import uvloop

from tencentserverless.local.http.upstream import Upstream
from tests.local.web.relaying import always, relayed, until, web_record

GET = b"GET /a%20b?c=1&c=2 HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
CHUNKED = (b"transfer-encoding", b"chunked")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def lines_of(head):
    return head[:-4].split(b"\r\n")


def error_of(answer):
    line, headers, body = answer
    fields = dict(headers)
    assert fields[b"x-scf-request-id"] == b"id-1"
    assert fields[b"content-type"] == b"application/json"
    return line, json.loads(body)


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_a_request_goes_as_it_is_but_for_what_is_the_platforms_and_the_connections(loop):
    async def scenario(connect, run, app):
        client = await connect(
            b"GET /a%20b?c=1&c=2 HTTP/1.1\r\nHost: app.localhost\r\nCookie: a=1\r\nCookie: b=2\r\n"
            b"X-Scf-Name: forged\r\nx-scf-Secret-Id: forged\r\nConnection: keep-alive, X-Once\r\nX-Once: 1\r\n"
            b"Keep-Alive: timeout=5\r\nTE: trailers\r\nAccept: */*\r\n\r\n"
        )
        line, headers, body = await client.answer()
        assert (line, body) == (b"HTTP/1.1 200 OK", b"ok")
        assert headers == [(b"x-scf-request-id", b"id-1"), (b"content-length", b"2")]
        assert lines_of(app.heads[0]) == [
            b"GET /a%20b?c=1&c=2 HTTP/1.1",
            b"host: app.localhost",
            b"cookie: a=1",
            b"cookie: b=2",
            b"accept: */*",
            b"X-Scf-Remote-Addr: 127.0.0.1",
            b"X-Scf-Name: app",
            b"X-Scf-Request-Id: id-1",
        ]
        assert run.ended == [(0, "")]

    relayed(scenario, always(OK), loop_factory=loop)


def test_the_answer_is_the_apps_but_for_what_is_the_connections():
    answer = (
        b"HTTP/1.1 418 I'm a teapot\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: today\r\nConnection: X-Once\r\n"
        b"X-Once: 1\r\nX-Scf-Request-Id: forged\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n"
    )

    async def scenario(connect, run, app):
        line, headers, _ = await (await connect(GET)).answer()
        assert line == b"HTTP/1.1 418 I'm a teapot"
        assert headers == [
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"date", b"today"),
            (b"x-scf-request-id", b"id-1"),
            (b"content-length", b"0"),
        ]

    relayed(scenario, always(answer))


def test_the_corsconfig_of_the_url_replaces_what_the_app_says_of_it():
    answer = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"

    async def scenario(connect, run, app):
        run.site.lines = b"Access-Control-Allow-Origin: http://page\r\n"
        _, headers, _ = await (await connect(GET)).answer()
        origins = [value for name, value in headers if name == b"access-control-allow-origin"]
        assert origins == [b"http://page"]

    relayed(scenario, always(answer))


def test_requests_of_all_clients_go_over_the_same_connection_one_after_the_other():
    async def scenario(connect, run, app):
        first, second = await connect(GET), await connect()
        assert (await first.answer())[2] == b"ok"
        second.send(GET + GET)  # the second of them waits for the answer to the first
        assert (await second.answer())[2] == (await second.answer())[2] == b"ok"
        first.send(GET)
        assert (await first.answer())[2] == b"ok"
        assert (app.connections, len(run.ended)) == (1, 4)

    relayed(scenario, always(OK))


def test_requests_with_the_head_of_the_last_one_are_not_read_again_until_a_function_changes():
    async def scenario(connect, run, app):
        client = await connect()
        for generation in (0, 0, 0, 1, 1):
            run.site.catalogue.generation = generation
            client.send(GET)
            line, headers, body = await client.answer()
            assert (line, body) == (b"HTTP/1.1 200 OK", b"ok")
        assert run.site.functions.known == 4  # one of them was refused, and read
        assert len({head.partition(b"X-Scf")[0] for head in app.heads}) == 1
        ids = [invocation.request_id for invocation in run.invocations]
        assert len(set(ids[1:3])) == 2  # each has an id of its own
        assert dict(headers)[b"x-scf-request-id"].decode() == ids[-1]

    relayed(scenario, always(OK))


@pytest.mark.parametrize(
    "head", [b"Content-Length: 2\r\n\r\nhi", b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"]
)
def test_a_body_that_had_to_be_whole_before_is_passed_on_and_a_signed_head_is_read_each_time(head):
    async def serve(app, reader, writer):
        while True:
            is_chunked = b"chunked" in await app.head(reader)
            sent = b"2\r\nhi\r\n0\r\n\r\n" if is_chunked else b"hi"
            assert await reader.readexactly(len(sent)) == sent
            writer.write(OK)

    async def scenario(connect, run, app):
        run.site.trigger.auth_type = "CAM"
        client = await connect()
        for _ in range(3):
            client.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + head)
            assert (await client.answer())[2] == b"ok"
        assert run.site.functions.known == 0

    relayed(scenario, serve)


@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD"])
def test_a_head_that_is_known_may_have_another_length_up_to_the_limit(method):
    async def serve(app, reader, writer):
        while True:
            head = await app.head(reader)
            size = int(head.partition(b"length: ")[2].split(b"\r")[0])
            assert await reader.readexactly(size) == b"x" * size
            writer.write(OK[:-2] if head.startswith(b"HEAD") else OK)

    async def scenario(connect, run, app):
        client = await connect()
        for size in (2, 0, 50, 100, 2):
            client.send(method + b" / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s" % (size, b"x" * size))
            assert (await client.head())[0] == b"HTTP/1.1 200 OK"
            assert method == b"HEAD" or await client.reader.readexactly(2) == b"ok"
        assert run.site.functions.known == (0 if method == b"HEAD" else 4)
        client.send(method + b" / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n" + b"x" * 101)
        assert (await client.head())[0].split()[1] == b"413"

    relayed(scenario, serve, web_body_bytes=100)


@pytest.mark.parametrize("line", [b"GET /a?b=1 HTTP/1.1", b"POST /a HTTP/1.1\r\nContent-Length: 2"])
def test_a_request_with_a_known_head_is_passed_on_as_the_first_one_was(line):
    forged = b"".join(
        b"x%cscf%cUin: forged\r\nX%cScf%cAnything: forged\r\n" % (*signs, *signs)
        for signs in (b"--", b"__", b"-_", b"_-")
    )
    cookies = b"Cookie: a=1; scf_dashboard_8583=s.s; b=2\r\nCookie: __Secure-scf_dashboard_8583=s.s\r\nCookie: c=3\r\n"
    head = line + b"\r\nHost: h\r\n" + cookies + forged + b"Authorization: a\r\n\r\n"

    async def serve(app, reader, writer):
        while True:
            if b"content-length" in await app.head(reader):
                assert await reader.readexactly(2) == b"hi"
            writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect()
        for _ in range(3):
            client.send(head + (b"hi" if b"Length" in line else b""))
            assert (await client.answer())[2] == b"ok"
        assert run.site.functions.known == 2
        assert len(set(app.heads)) == 1
        lines = lines_of(app.heads[0])
        assert [each for each in lines if each.startswith(b"cookie")] == [b"cookie: a=1; b=2", b"cookie: c=3"]
        assert b"authorization: a" in lines
        assert b"forged" not in app.heads[0]
        facts = [invocation.exchange.describe() for invocation in run.invocations]
        assert facts[1:] == facts[:1] * 2
        assert (facts[0].url, facts[0].status, facts[0].answer_bytes) == (line.split()[1].decode(), 200, 2)
        assert [invocation.origin for invocation in run.invocations] == ["url"] * 3

    relayed(scenario, serve)


def test_a_body_streams_in_and_an_answer_streams_out():
    async def serve(app, reader, writer):
        await app.head(reader)
        assert await reader.readexactly(8) == b"3\r\none\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        assert await reader.readexactly(13) == b"3\r\ntwo\r\n0\r\n\r\n"
        writer.write(b"6\r\nsecond\r\n0\r\nX-Trailer: 1\r\n\r\n")

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        _, headers = await client.head()
        assert dict(headers)[b"transfer-encoding"] == b"chunked"
        assert await client.reader.readexactly(10) == b"5\r\nfirst\r\n"
        client.send(b"3\r\ntwo\r\n0\r\n\r\n")
        assert await client.reader.readexactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"
        assert run.ended == [(0, "")]

    relayed(scenario, serve)


def test_a_client_that_asks_may_send_its_body_and_interim_answers_end_here():
    async def serve(app, reader, writer):
        head = await app.head(reader)
        assert b"expect" not in head
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        assert await reader.readexactly(2) == b"hi"
        writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await client.reader.readexactly(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"hi")
        line, headers, _ = await client.answer()
        assert line == b"HTTP/1.1 200 OK"
        assert b"link" not in dict(headers)

    relayed(scenario, serve)


@pytest.mark.parametrize(
    ("request_line", "answer", "framing", "body", "stays"),
    [
        (b"GET / HTTP/1.1", b"HTTP/1.0 200 OK\r\n\r\nto the end", CHUNKED, b"to the end", True),
        (b"GET / HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nto the end", (b"connection", b"close"), b"to the end", False),
        (b"GET / HTTP/1.0", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         (b"connection", b"close"), b"abc", False),
        (b"GET / HTTP/1.1", b"HTTP/1.1 204 No Content\r\n\r\n", None, None, True),
        (b"GET / HTTP/1.1", b"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", (b"content-length", b"9"), None, True),
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", (b"content-length", b"9"), None, True),
        (b"HEAD / HTTP/1.1", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         CHUNKED, None, True),
    ],
)  # fmt: skip
def test_the_body_is_framed_for_the_client(request_line, answer, framing, body, stays):
    async def serve(app, reader, writer):
        while True:
            await app.head(reader)
            writer.write(answer)
            if body == b"to the end":
                return

    async def scenario(connect, run, app):
        client = await connect(request_line + b"\r\nHost: h\r\n\r\n")
        line, headers = await client.head()
        assert line.split()[1] == answer.split()[1]
        framings = [each for each in headers if each[0] in (b"transfer-encoding", b"content-length", b"connection")]
        assert framings == ([framing] if framing else [])
        if framing == CHUNKED and body is not None:
            assert b"".join([part async for part in client.chunks()]) == body
        elif body is not None:
            assert await client.reader.readexactly(len(body)) == body
        if stays:
            client.send(request_line + b"\r\nHost: h\r\n\r\n")
            assert (await client.head())[0].split()[1] == answer.split()[1]
        else:
            assert await client.is_at_end()

    relayed(scenario, serve)


def test_a_connection_is_used_again_after_an_answer_without_a_body():
    async def serve(app, reader, writer):
        while True:
            head = await app.head(reader)
            writer.write(OK if head.startswith(b"GET /2") else b"HTTP/1.1 204 No Content\r\n\r\n")

    async def scenario(connect, run, app):
        client = await connect(GET)
        await client.head()
        client.send(GET.replace(b"GET /", b"GET /2"))
        assert (await client.answer())[2] == b"ok"
        assert app.connections == 1

    relayed(scenario, serve)


def test_a_body_that_an_app_sends_to_head_later_spoils_no_other_answer():
    async def serve(app, reader, writer):
        while True:
            if (await app.head(reader)).startswith(b"HEAD"):
                writer.write(OK[:-2])
                await asyncio.sleep(0.05)
                writer.write(b"ok")
            else:
                writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(GET)
        for request in (GET, b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"):
            assert (await client.answer())[2] == b"ok"  # twice: the app is known to keep its connections
            client.send(request)
        await client.head()
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        assert (await client.answer())[2] == b"ok"

    relayed(scenario, serve)


def test_what_stands_behind_an_answer_is_no_answer_to_the_next_request():
    async def scenario(connect, run, app):
        client = await connect(GET)
        assert (await client.answer())[2] == b"ok"
        client.send(GET)
        assert (await client.answer())[2] == b"ok"
        assert app.connections == 2

    relayed(scenario, always(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"))


def test_an_answer_may_come_before_the_body_is_whole():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(OK)
        await reader.read()

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx")
        _, headers, body = await client.answer()
        assert body == b"ok"
        assert (b"connection", b"close") in headers  # a client that has sent all by now could use it again
        assert await client.is_at_end()
        other = await connect(GET)
        _, headers, body = await other.answer()
        assert body == b"ok"
        assert b"connection" not in dict(headers)
        assert (app.connections, run.ended) == (2, [(0, ""), (0, "")])

    relayed(scenario, serve)


def test_an_answer_that_began_before_the_body_was_whole_ends_its_connection_as_it_said():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await reader.readexactly(5)
        writer.write(b"0\r\n\r\n")

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
        _, headers = await client.head()
        assert (b"connection", b"close") in headers
        client.send(b"2345")
        assert [part async for part in client.chunks()] == [b"ok"]
        assert await client.is_at_end()

    relayed(scenario, serve)


def test_a_failure_before_the_body_is_whole_says_that_its_connection_ends():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.close()

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx")
        line, headers, _ = await client.answer()
        assert line.split()[1] == b"502"
        assert (b"connection", b"close") in headers
        assert await client.is_at_end()

    relayed(scenario, serve)


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_the_answer_of_an_app_that_closes_while_the_body_comes_is_not_lost(loop):
    """A write to it fails before its answer is read."""

    async def serve(app, reader, writer):
        await app.head(reader)
        await app.answers.wait()
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        writer.close()

    async def scenario(connect, run, app):
        app.answers = asyncio.Event()
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx")
        await until(lambda: run.invocations and run.invocations[0].exchange._upstream)
        run.invocations[0].exchange._upstream.pause(is_paused=True)
        app.answers.set()
        while not run.ended:
            client.send(b"x")
            await asyncio.sleep(0.001)
        line, _, body = await client.answer()
        assert (line, body) == (b"HTTP/1.1 403 Forbidden", b"no")
        assert run.ended == [(0, "")]

    relayed(scenario, serve, loop_factory=loop)


def emptied(method, length=0):
    return method + b" / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length


async def keep_for_two(app, reader, writer):
    """The app reads the third request, and goes: the end of the connection and the request have crossed."""
    is_first = app.connections == 1
    for _ in range(2):
        await app.head(reader)
        writer.write(OK)
    await app.head(reader)
    if not is_first:
        writer.write(OK)


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_kept_connection_that_proves_dead_is_replaced_where_nothing_runs_twice(method):
    async def scenario(connect, run, app):
        client = await connect(GET)
        await client.answer()
        client.send(GET)  # the app keeps connections
        await client.answer()
        client.send(emptied(method))
        line, _, _ = await client.answer()
        assert line == (b"HTTP/1.1 200 OK" if method == b"GET" else b"HTTP/1.1 502 status code 502")
        assert app.connections == (2 if method == b"GET" else 1)

    relayed(scenario, keep_for_two)


def test_a_body_that_was_sent_is_not_sent_again():
    async def scenario(connect, run, app):
        client = await connect(GET)
        await client.answer()
        client.send(GET)
        await client.answer()
        client.send(emptied(b"PUT", 2) + b"hi")
        assert (await client.answer())[0].split()[1] == b"502"
        assert app.connections == 1

    relayed(scenario, keep_for_two)


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH"])
def test_what_can_not_be_sent_again_is_not_lost_where_an_app_closes_behind_each_answer(method):
    """uWSGI closes so, and does not say it."""

    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(emptied(method))
        assert (await client.answer())[0] == b"HTTP/1.1 200 OK"
        client.send(emptied(method))
        assert (await client.answer())[0] == b"HTTP/1.1 200 OK"
        assert app.connections == 2

    relayed(scenario, serve)


BROKEN = {
    "no HTTP": b"hello\r\n\r\n",
    "silence": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a switch that nobody asked for": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    "a length and no body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "a status below all others": b"HTTP/1.1 099 Low\r\nContent-Length: 1\r\n\r\na",
    "a coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "a coding to the end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\na",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_an_app_that_breaks_http_is_502_with_the_reason(answer):
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(answer)

    async def scenario(connect, run, app):
        client = await connect(GET)
        line, error = error_of(await client.answer())
        assert line == b"HTTP/1.1 502 status code 502"
        assert error["errorMessage"].startswith("the ")
        assert error == {"errorCode": -1, "errorMessage": run.ended[0][1], "requestId": "id-1", "statusCode": 502}
        client.send(GET)
        assert (await client.answer())[0].split()[1] == b"502"  # the client's connection stays

    relayed(scenario, serve)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    ],
)
def test_an_answer_that_is_cut_is_cut_for_the_client(answer):
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(answer)

    async def scenario(connect, run, app):
        client = await connect(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.answer()
        await until(lambda: run.ended)
        assert run.ended[0][0] == 502

    relayed(scenario, serve)


def test_an_app_that_takes_no_connection_is_502():
    async def scenario(connect, run, app):
        run.address = ("127.0.0.1", 1)
        line, error = error_of(await (await connect(GET)).answer())
        assert (line, error["statusCode"]) == (b"HTTP/1.1 502 status code 502", 502)
        assert "does not take a connection" in error["errorMessage"]

    relayed(scenario, always(OK))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 101\r\n", b""),
        (b"Content-Length: " + b"9" * 19 + b"\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n", b"64\r\n" + b"x" * 100 + b"\r\n1\r\nx\r\n"),
    ],
)
def test_a_body_over_the_limit_is_413_with_the_limit(head, body):
    async def serve(app, reader, writer):
        await app.head(reader)
        await reader.read()

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n" + body)
        answer = await client.answer()
        line, error = error_of(answer)
        assert line.split()[1] == b"413"
        assert error["errorMessage"] == "The body of the request is over the limit of 100 bytes"
        assert (len(run.invocations) == 1) == (b"chunked" in head)

    relayed(scenario, serve, web_body_bytes=100)


def test_a_body_of_the_limit_passes():
    async def serve(app, reader, writer):
        await app.head(reader)
        await reader.readexactly(100)
        writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)
        assert (await client.answer())[2] == b"ok"

    relayed(scenario, serve, web_body_bytes=100)


def test_a_coding_that_can_not_be_passed_on_is_501():
    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        line, error = error_of(await client.answer())
        assert line.split()[1] == b"501"
        assert "'gzip, chunked'" in error["errorMessage"]

    relayed(scenario, always(OK))


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Transfer-Encoding: chunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"200"),
        (b"Content-Length: 5 \r\n\r\nhello", b"200"),
        (b"Content-Length: 500 \r\n\r\n", b"413"),  # at once: no body follows
    ],
)
def test_blanks_behind_the_framing_of_a_body_are_no_part_of_it(head, status):
    async def serve(app, reader, writer):
        await app.head(reader)
        await reader.readuntil(b"hello")
        writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\n" + head)
        assert (await client.answer())[0].split()[1] == status

    relayed(scenario, serve, web_body_bytes=100)


def test_a_body_that_breaks_off_ends_the_invocation():
    async def serve(app, reader, writer):
        await app.head(reader)
        await reader.read()

    async def scenario(connect, run, app):
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n")
        assert (await client.answer())[0].split()[1] == b"400"
        assert run.ended[0][0] == 400

    relayed(scenario, serve)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 4096 + b"\r\n\r\n", "bytes of headers, the limit is 4096"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "has 101 bytes, the limit is 100: stream it in chunks"),
    ],
)  # fmt: skip
def test_an_answer_over_its_limits_is_407(answer, words):
    async def scenario(connect, run, app):
        line, error = error_of(await (await connect(GET)).answer())
        assert line.split()[1] == b"407"
        assert words in error["errorMessage"]

    relayed(scenario, always(answer), web_body_bytes=100)


def test_an_answer_that_streams_has_no_limit_and_one_to_head_has_no_body():
    async def serve(app, reader, writer):
        head = await app.head(reader)
        if head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        else:
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 1000)

    async def scenario(connect, run, app):
        assert (await (await connect(GET)).answer())[2] == b"x" * 1000
        line, _ = await (await connect(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")).head()
        assert line.split()[1] == b"200"

    relayed(scenario, serve, web_body_bytes=100)


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_a_client_that_does_not_read_stops_the_app_and_gets_all_of_it_later(loop):
    size = 32 * 1024 * 1024

    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(size // 65536):
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()
            app.sent = getattr(app, "sent", 0) + 65536
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def scenario(connect, run, app):
        client = await connect(GET)
        await client.head()
        relay = None
        client.writer.transport.pause_reading()
        await until(lambda: run.invocations and run.invocations[0].exchange._upstream._is_paused)
        relay = run.invocations[0].exchange
        assert app.sent < size
        assert relay._connection._transport.get_write_buffer_size() < 1024 * 1024
        client.writer.transport.resume_reading()
        assert sum([len(part) async for part in client.chunks()]) == size

    relayed(scenario, serve, loop_factory=loop)


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_an_app_that_does_not_read_stops_the_client_and_gets_all_of_it_later(loop):
    size = 6 * 1024 * 1024

    async def serve(app, reader, writer):
        await app.head(reader)
        await app.reads.wait()
        body = await reader.readexactly(size)
        writer.write(OK if body == b"x" * size else b"")

    async def scenario(connect, run, app):
        app.reads = asyncio.Event()
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await until(lambda: run.invocations and run.invocations[0].exchange._connection._is_body_paused)
        exchange = run.invocations[0].exchange
        await until(lambda: exchange._upstream is not None)
        await until(lambda: exchange._connection._is_paused)
        assert exchange._upstream.transport.get_write_buffer_size() < 1024 * 1024
        app.reads.set()
        assert (await client.answer())[2] == b"ok"

    relayed(scenario, serve, loop_factory=loop)


@pytest.mark.parametrize("is_clogged", [False, True])
@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
def test_a_client_waits_from_the_first_bytes_on_that_its_app_does_not_take(loop, is_clogged):
    """Its app's connection is kept; ``is_clogged``: bytes of a request before still wait in it."""
    size = 4 * 1024 * 1024

    async def scenario(connect, run, app):
        run.begins = False
        await connect(b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await until(lambda: run.invocations)
        app_end, server_end = socket.socketpair()
        with app_end:
            server_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            upstreams = run.site.functions._upstreams
            _, upstream = await asyncio.get_running_loop().create_connection(
                lambda: Upstream(upstreams, run.address), sock=server_end
            )
            if is_clogged:
                upstream.write(b"x" * 65536)
            upstreams.put(upstream)
            run.begin(run.invocations[0])
            exchange = run.invocations[0].exchange
            assert exchange._upstream is upstream
            assert upstream.transport.get_write_buffer_size()
            assert exchange._connection._is_body_paused
            exchange._connection.close()
            await until(lambda: run.ended)

    relayed(scenario, always(OK), loop_factory=loop)


def test_a_body_waits_at_the_client_until_an_instance_takes_the_request():
    size = 4 * 1024 * 1024

    async def serve(app, reader, writer):
        await app.head(reader)
        await reader.readexactly(size)
        writer.write(OK)

    async def scenario(connect, run, app):
        run.begins = False
        client = await connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        await until(lambda: run.invocations)
        (invocation,) = run.invocations
        assert invocation.exchange._connection._is_paused
        kept = invocation.exchange._request.stream._kept
        assert sum(map(len, kept)) < 1024 * 1024
        run.begin(invocation)
        assert (await client.answer())[2] == b"ok"

    relayed(scenario, serve)


def test_a_client_that_goes_ends_its_invocation_and_the_app_sees_it():
    async def serve(app, reader, writer):
        await app.head(reader)
        app.ended = await reader.read()

    async def scenario(connect, run, app):
        client = await connect(GET)
        await until(lambda: app.heads)
        client.writer.close()
        await until(lambda: hasattr(app, "ended"))
        assert run.ended == [(499, "The client went away before the answer")]

    relayed(scenario, serve)


def test_a_client_that_leaves_a_stream_has_had_its_answer():
    async def serve(app, reader, writer):
        await app.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        app.ended = await reader.read()

    async def scenario(connect, run, app):
        client = await connect(GET)
        await client.head()
        client.writer.close()
        await until(lambda: hasattr(app, "ended"))
        assert run.ended == [(0, "")]

    relayed(scenario, serve)


def test_a_client_that_goes_while_its_request_waits_is_told_to_nobody():
    async def scenario(connect, run, app):
        run.begins = False
        client = await connect(GET)
        await until(lambda: run.invocations)
        client.writer.close()
        await until(lambda: run.ended)
        assert run.ended[0][0] == 499
        run.begin(run.invocations[0])  # too late
        await asyncio.sleep(0)
        assert (app.connections, len(run.ended)) == (0, 1)

    relayed(scenario, always(OK))


def test_a_run_that_is_stopped_answers_its_status_or_cuts_the_stream():
    async def serve(app, reader, writer):
        head = await app.head(reader)
        if b"/stream" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await reader.read()

    async def scenario(connect, run, app):
        client = await connect(GET)
        await until(lambda: app.heads)
        run.stop(433, "Invoking task timed out after 3 seconds")
        line, error = error_of(await client.answer())
        assert line == b"HTTP/1.1 433 status code 433"
        assert error["errorMessage"] == "Invoking task timed out after 3 seconds"
        assert (error["errorCode"], error["requestId"]) == (-1, "id-1")
        streaming = await connect(b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
        await streaming.head()
        run.stop(434, "Task memory exceeded 128 MB")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await streaming.reader.readuntil(b"0\r\n\r\n")

    relayed(scenario, serve)


def test_an_answer_that_a_fault_rule_takes_away_does_not_reach_the_client():
    async def scenario(connect, run, app):
        run.withholds = True
        client = await connect(GET)
        line, _ = error_of(await client.answer())
        assert (line.split()[1], run.ended) == (b"502", [(0, "")])
        run.site.damage["id-1"] = "lost"
        assert await (await connect(GET)).is_at_end()
        run.site.damage["id-1"] = "cut"
        other = await connect(GET)
        with pytest.raises(asyncio.IncompleteReadError):
            await other.answer()

    relayed(scenario, always(OK))


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket"])
def test_an_offer_of_another_protocol_is_ignored_where_the_function_takes_none(protocol):
    async def serve(app, reader, writer):
        head = await app.head(reader)
        assert b"upgrade" not in head.lower()
        assert await reader.readexactly(2) == b"hi"
        writer.write(OK)

    async def scenario(connect, run, app):
        client = await connect(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + protocol
            + b"\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 2\r\n\r\nhi"
        )  # fmt: skip
        assert (await client.answer())[2] == b"ok"

    relayed(scenario, serve, web_record(options={"ProtocolType": "WS"}) if protocol == b"h2c" else None)
