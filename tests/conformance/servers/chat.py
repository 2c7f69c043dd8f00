"""A chat back end in the form of OpenAI's API: the words of an answer come one by one."""

import json

import fastapi
import uvicorn
from asgi import pass_gate
from fastapi.responses import StreamingResponse

app = fastapi.FastAPI()


@app.post("/v1/chat/completions")
async def complete(request: fastapi.Request):
    asked = await request.json()
    gate = asked["messages"][-1]["content"]
    if request.headers["authorization"] != "Bearer key-of-the-app":
        error = {"error": {"message": "wrong key", "type": "auth", "code": "wrong_key"}}
        return fastapi.responses.JSONResponse(error, 401)

    async def make():
        for word in ("one", "two"):
            choice = {"index": 0, "delta": {"content": word}, "finish_reason": None}
            part = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            yield f"data: {json.dumps(part)}\n\n"
            await pass_gate(gate)
        yield "data: [DONE]\n\n"

    return StreamingResponse(make(), media_type="text/event-stream")


uvicorn.run(app, host="0.0.0.0", port=9000)
