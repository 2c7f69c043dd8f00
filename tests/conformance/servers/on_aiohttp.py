import asyncio
import os

from aiohttp import WSMsgType, web
from asgi import pass_gate

COOKIES = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


async def home(request):
    if request.query.get("gate"):
        await pass_gate(request.query["gate"])
    headers = {name.lower(): value for name, value in request.headers.items()}
    told = {"instance": os.environ["INSTANCE"], "headers": headers, "method": request.method}
    return web.json_response(told, headers=COOKIES)


async def echo(request):
    body = await request.read()
    kind = request.headers.get("Content-Type", "x/none")
    return web.Response(body=body, headers=[("Content-Type", kind), *COOKIES])


async def events(request):
    response = web.StreamResponse(headers=[("Content-Type", "text/event-stream"), *COOKIES])
    await response.prepare(request)
    await response.write(b"data: 0\n\n")
    await pass_gate(request.query["gate"])
    await response.write(b"data: 1\n\n")
    return response


async def nothing(request):
    return web.Response(status=204, headers=COOKIES)


async def converse(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


async def main():
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/", home)
    app.add_routes([web.post("/echo", echo), web.get("/stream", events), web.get("/nothing", nothing)])
    app.add_routes([web.get("/ws", converse)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 9000).start()
    await asyncio.Event().wait()


asyncio.run(main())
