import fastapi
import uvicorn

app = fastapi.FastAPI()


@app.get("/")
async def home(request: fastapi.Request):
    return {"request_id": request.headers["x-scf-request-id"]}


@app.websocket("/ws")
async def echo(socket: fastapi.WebSocket):
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text.upper())


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000)
