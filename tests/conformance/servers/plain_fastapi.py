import os

import fastapi
import uvicorn
from asgi import pass_gate
from fastapi.responses import StreamingResponse

app = fastapi.FastAPI()


@app.middleware("http")
async def set_cookies(request, call_next):
    response = await call_next(request)
    response.headers.append("set-cookie", "a=1")
    response.headers.append("set-cookie", "b=2")
    return response


@app.api_route("/", methods=["GET", "HEAD", "PUT"])
async def home(request: fastapi.Request, gate: str = ""):
    if gate:
        await pass_gate(gate)
    return {"instance": os.environ["INSTANCE"], "headers": dict(request.headers), "method": request.method}


@app.post("/echo")
async def echo(request: fastapi.Request):
    body = await request.body()
    return fastapi.Response(body, headers={"content-type": request.headers.get("content-type", "x/none")})


@app.get("/stream")
async def events(gate: str):
    async def make():
        yield "data: 0\n\n"
        await pass_gate(gate)
        yield "data: 1\n\n"

    return StreamingResponse(make(), media_type="text/event-stream")


@app.get("/nothing", status_code=204)
async def nothing():
    return None


@app.websocket("/ws")
async def converse(socket: fastapi.WebSocket):
    await socket.accept()
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except fastapi.WebSocketDisconnect:
        pass


uvicorn.run(app, host="0.0.0.0", port=9000, loop="uvloop")
