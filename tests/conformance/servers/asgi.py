"""An app that speaks ASGI: it tells its instance, echoes, streams, and holds a request until a file is there."""

import asyncio
import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qs


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await converse(receive, send)
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await answer(scope, body, send)


async def converse(receive, send):
    while True:
        message = await receive()
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif message["type"] == "websocket.receive":
            given = {name: message[name] for name in ("text", "bytes") if message.get(name) is not None}
            await send({"type": "websocket.send", **given})
        else:
            return


async def answer(scope, body, send):
    gate = parse_qs(scope["query_string"].decode()).get("gate", [""])[0]
    path = scope["path"]
    kind, status = b"application/json", 200
    if path == "/echo":
        kind = dict(scope["headers"]).get(b"content-type", b"x/none")
    elif path == "/stream":
        await start(send, 200, b"text/event-stream")
        await send({"type": "http.response.body", "body": b"data: 0\n\n", "more_body": True})
        await pass_gate(gate)
        await send({"type": "http.response.body", "body": b"data: 1\n\n"})
        return
    elif path == "/nothing":
        status, body = 204, b""
    else:
        if gate:
            await pass_gate(gate)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        told = {"instance": os.environ["INSTANCE"], "headers": headers, "method": scope["method"]}
        body = json.dumps(told).encode()
    await start(send, status, kind, len(body))
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


async def start(send, status, kind, length=None):
    headers = [(b"content-type", kind), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    if length is not None and status != 204:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def pass_gate(gate):
    await asyncio.to_thread(wait, Path(gate))


def wait(gate):
    gate.with_name(gate.name + ".begun").touch()
    while not gate.exists():
        time.sleep(0.01)
