"""Requests that go through ``WebFunctions`` to an app of the test's own; a runner of a few lines stands in between."""

import asyncio
import contextlib
import dataclasses
import socket
from pathlib import Path
from types import SimpleNamespace

from tencentserverless.local.http.messages import Answer, Bounds
from tencentserverless.local.http.server import HttpServer
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import WEB, FunctionKey, FunctionRecord
from tencentserverless.local.settings import Limits
from tencentserverless.local.web.found import Found
from tencentserverless.local.web.web_functions import WebFunctions

PATIENCE_SECONDS = 20
INJECTED = b"X-Scf-Name: app\r\nX-Scf-Request-Id: id-1\r\n"


class Run:
    """Begins each invocation at the app at once, as a worker does, and ends it as the app and the client end it."""

    def __init__(self):
        self.address = ("127.0.0.1", 0)
        self.begins = True
        self.withholds = False
        self.invocations = []
        self.ended = []

    def submit(self, invocation):
        self.invocations.append(invocation)
        invocation.around = (self,)
        if self.withholds:
            invocation.exchange.withhold()
        if self.begins:
            self.begin(invocation)

    def begin(self, invocation):
        def on_end(status, message):
            invocation.finish(Outcome(status, message=message))

        invocation.exchange.begin(self.address, INJECTED, on_end)

    def stop(self, status, message):
        invocation = self.invocations[-1]
        invocation.exchange.stop(status, message)
        invocation.finish(Outcome(status, message=message))

    def after(self, invocation):
        self.ended.append((invocation.outcome.status, invocation.outcome.message))


class Site:
    """The site of one web function: it has every path."""

    def __init__(self, record, run, **limits):
        self.bounds = Bounds(head_bytes=64 * 1024, request_seconds=60.0, idle_seconds=60.0)
        self.record = record
        self.lines = b""
        self.trigger = SimpleNamespace(auth_type="NONE")
        services = SimpleNamespace(
            settings=SimpleNamespace(limits=dataclasses.replace(Limits(), **limits)),
            catalogue=SimpleNamespace(find=lambda key: None, generation=0),
            pace=SimpleNamespace(is_busy=False),
            damage={},
            runner=run,
        )
        self.catalogue = services.catalogue
        self.damage = services.damage
        self.functions = Functions(services)

    def accept(self, request):
        url = request.url.decode("latin-1")
        found = Found(self.record.key, "$LATEST", self.trigger, self.record, url, "id-1", "127.0.0.1", self.lines)
        found.is_lasting = True
        request.found = found
        return self.functions.accept(found, request) if self.trigger.auth_type == "NONE" else 1 << 20

    def handle(self, request, connection):
        self.functions.serve(request.found, request, connection)

    def handle_known(self, known, values, body, connection):
        return False

    def refuse(self, broken):
        return Answer(400, broken.fault.value.encode())

    def lost(self, connection):
        self.functions.lost(connection)


class Functions(WebFunctions):
    """Counts the requests that were not read."""

    known = 0

    def serve_known(self, known, values, body, connection):
        assert values in ([], [b"%d" % len(body)])
        self.known += 1
        return super().serve_known(known, values, body, connection)


def web_record(**changes):
    key = FunctionKey("ap-guangzhou", "default", "app")
    return FunctionRecord(key, "", "Python3.10", Path(), type=WEB, **changes)


class Client:
    """One connection of a client."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    def send(self, data):
        self.writer.write(data)

    async def head(self):
        """The status line and the headers of the next answer, names in lower case."""
        line, *lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        return line, [(name.lower(), value.strip()) for name, _, value in (each.partition(b":") for each in lines)]

    async def answer(self):
        """The next answer: its status line, headers and body, which is read to its end by its framing."""
        line, headers = await self.head()
        fields = dict(headers)
        if fields.get(b"transfer-encoding") == b"chunked":
            return line, headers, b"".join([part async for part in self.chunks()])
        if b"content-length" in fields:
            return line, headers, await self.reader.readexactly(int(fields[b"content-length"]))
        return line, headers, await self.reader.read()

    async def chunks(self):
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)

    async def is_at_end(self):
        return await self.reader.read() == b""


class App:
    """An app: ``serve(reader, writer)`` runs for each of its connections."""

    def __init__(self, serve):
        self._serve = serve
        self.connections = 0
        self.heads = []
        self.tasks = set()

    async def _accept(self, reader, writer):
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            await self._serve(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def head(self, reader):
        """Read the head of a request."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        return head


def always(answer):
    """An app that reads requests without a body, and gives one answer."""

    async def serve(app, reader, writer):
        while True:
            await app.head(reader)
            writer.write(answer)

    return serve


def relayed(scenario, serve, record=None, *, loop_factory=None, **limits):
    """Run ``scenario(connect, run, app)`` with an app behind a server."""

    async def main():
        run, app = Run(), App(serve)
        listener = socket.create_server(("127.0.0.1", 0))
        site = Site(record or web_record(), run, **limits)
        server, upstream = HttpServer(), await asyncio.start_server(app._accept, "127.0.0.1", 0)
        run.address = upstream.sockets[0].getsockname()
        run.site = site
        await server.listen(site, listener)
        async with contextlib.AsyncExitStack() as stack:

            async def connect(data=b""):
                reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1 << 20)
                stack.callback(writer.close)
                writer.write(data)
                return Client(reader, writer)

            try:
                await asyncio.wait_for(scenario(connect, run, app), PATIENCE_SECONDS)
            finally:
                await server.stop(1.0)
                site.functions.close()
                upstream.close()
                for task in app.tasks:
                    task.cancel()
                await asyncio.gather(*app.tasks, return_exceptions=True)

    with asyncio.Runner(loop_factory=loop_factory) if hasattr(asyncio, "Runner") else _OldRunner() as runner:
        runner.run(main())


class _OldRunner:
    """``asyncio.run`` of Python 3.10, which has no Runner."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    run = staticmethod(asyncio.run)


async def until(is_so):
    """Wait until something is so; the server goes on meanwhile."""
    while not is_so():  # noqa: ASYNC110  # what is waited for is no event
        await asyncio.sleep(0.001)
