"""Web functions behind their URLs, from a client to servers as people write them, through a whole local SCF."""

import asyncio
import base64
import concurrent.futures
import http.client
import io
import json
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.web_settings import SessionSettings, WebSettings, read_web_settings
from tests.conftest import ask as admin
from tests.conftest import wait_until

#: The server's own packages, without --packages: that would have the whole of them watched.
PACKAGES = ":".join(each for each in sys.path if each.endswith("site-packages"))
START = f"#!/bin/bash\nexport PYTHONPATH={PACKAGES}:$PYTHONPATH\nexec {sys.executable} -u app.py\n"
NET = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
PATIENCE_SECONDS = 60

UVICORN = """
import asyncio, json, os
running = most = 0
async def app(scope, receive, send):
    global running, most
    if scope["type"] == "lifespan":
        return
    running += 1
    most = max(most, running)
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"] == "/meet":
        while most < 16:
            await asyncio.sleep(0.001)
    if scope["path"] == "/exit":
        os._exit(3)
    if scope["path"] == "/forever":
        await asyncio.sleep(600)
    print("asked for", scope["path"], flush=True)
    found = {"pid": os.getpid(), "size": size, "path": scope["path"], "query": scope["query_string"].decode(),
             "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]]}
    body = json.dumps(found).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
    running -= 1
if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app, host="0.0.0.0", port=9000, log_level="warning")
"""
FASTAPI = """
import asyncio, fastapi, fastapi.responses, uvicorn
app = fastapi.FastAPI()
go_on = asyncio.Event()
@app.get("/sse")
async def sse():
    async def events():
        yield "data: first\\n\\n"
        await go_on.wait()
        yield "data: second\\n\\n"
    return fastapi.responses.StreamingResponse(events(), media_type="text/event-stream")
@app.get("/go")
async def go():
    go_on.set()
    return {}
@app.websocket("/ws")
async def echo(websocket: fastapi.WebSocket):
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        if text == "close":
            await websocket.close(1011)
            return
        await websocket.send_text(text)
if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000, log_level="warning")
"""


def zipped(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            archive.writestr(info, text)
    return base64.b64encode(data.getvalue()).decode()


def put_function(server, source, **parameters):
    """Deploy a web function on a server, and return its URL."""
    code = {"ZipFile": zipped(**{"scf_bootstrap": START, "app.py": source})}
    fields = {"FunctionName": "app", "Type": "HTTP", "Code": code, **parameters}
    assert "Error" not in server.request("CreateFunction", fields).response
    trigger = {"FunctionName": "app", "TriggerName": "url", "Type": "http", "TriggerDesc": json.dumps(NET)}
    made = server.request("CreateTrigger", {**trigger, "Qualifier": "$DEFAULT"}).response["TriggerInfo"]
    return urlsplit(json.loads(made["TriggerDesc"])["NetConfig"]["LocalUrl"])


@pytest.fixture
def deploy(start_local_scf, tmp_path):
    """Deploy a web function on a server of its own: ``deploy(source, **parameters)`` returns both, it by its URL."""
    (tmp_path / "empty").mkdir()

    def deploy(source, **parameters):
        pytest.importorskip("uvicorn")
        server = start_local_scf(tmp_path / "empty")
        return server, put_function(server, source, **parameters)

    return deploy


def test_the_settings_on_the_page_are_read(start_local_scf, tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "web-streams.md").read_text(encoding="utf-8")
    folder = tmp_path / "chat"
    folder.mkdir()
    (folder / "serverless.yml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    (folder / "scf_bootstrap").write_text(START)
    (folder / "scf_bootstrap").chmod(0o755)
    server = start_local_scf(folder)
    found = server.request("GetFunction", {"FunctionName": "chat"}).response
    key = FunctionKey("ap-guangzhou", "default", "chat")
    options = {name: found[name] for name in ("ProtocolType", "ProtocolParams", "InstanceConcurrencyConfig")}
    record = FunctionRecord(key, "", "Python3.10", folder, type=found["Type"], options=options)
    session = SessionSettings("HEADER", "Mcp-Session-Id", 4, 1800, 600, "/mcp")
    assert read_web_settings(record) == WebSettings(16, session, is_websocket=True, websocket_idle_seconds=60)


def ask(url, path="/", method="GET", body=None, headers=()):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, url.path + path, body, dict(headers))
        answer = connection.getresponse()
        return answer, json.loads(answer.read())
    finally:
        connection.close()


def ask_all(url, path, count):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: ask(url, path), range(count)))


def test_a_request_reaches_the_server_and_is_kept_as_a_call(deploy):
    server, url = deploy(UVICORN)
    answer, found = ask(url, "/a%20b?c=1", "POST", b"x" * 1000, {"X-Scf-Name": "forged"})
    headers = dict(found["headers"])
    assert (found["size"], found["path"], found["query"]) == (1000, "/a b", "c=1")
    assert headers["x-scf-name"] == "app"
    assert headers["x-scf-remote-addr"] == "127.0.0.1"
    request_id = answer.headers["X-Scf-Request-Id"]
    assert headers["x-scf-request-id"] == request_id
    wait_until(lambda: " 200 " in server.stderr and request_id in server.stderr)
    assert "asked for /a b" in server.stderr
    kept = server.request("GetRequestStatus", {"FunctionName": "app", "FunctionRequestId": request_id}).response["Data"]
    assert [(each["RetCode"], each["RetMsg"]) for each in kept] == [(0, "")]


def test_a_body_with_trailers_arrives_without_them(deploy):
    _, url = deploy(UVICORN)
    body = b"2\r\nab\r\n0\r\nX-Checksum: abc\r\n\r\n"  # http.client sends a body as it is where its coding is given
    answer, found = ask(url, "/", "POST", body, {"Transfer-Encoding": "chunked", "Trailer": "X-Checksum"})
    names = {name for name, _ in found["headers"]}
    assert (answer.status, found["size"], names & {"trailer", "x-checksum"}) == (200, 2, set())


def test_sixteen_callers_share_one_instance(deploy):
    _, url = deploy(UVICORN, InstanceConcurrencyConfig={"DynamicEnabled": "FALSE", "MaxConcurrency": 16}, Timeout=60)
    pids = {found["pid"] for _, found in ask_all(url, "/meet", 16)}
    assert len(pids) == 1


def test_an_app_that_dies_gives_its_status_and_the_next_request_a_fresh_instance(deploy):
    _, url = deploy(UVICORN)
    _, first = ask(url)
    answer, error = ask(url, "/exit")
    assert (answer.status, answer.reason) == (439, "status code 439")
    request_id = answer.headers["X-Scf-Request-Id"]
    assert error == {
        "errorCode": -1,
        "errorMessage": "User process exit when running",
        "requestId": request_id,
        "statusCode": 439,
    }
    _, again = ask(url)
    assert again["pid"] != first["pid"]


def test_the_timeout_ends_one_of_several_requests(deploy):
    _, url = deploy(UVICORN, InstanceConcurrencyConfig={"MaxConcurrency": 4}, Timeout=1)
    _, first = ask(url)
    answer, error = ask(url, "/forever")
    assert (answer.status, error["errorMessage"]) == (433, "Invoking task timed out after 1 seconds")
    assert ask(url)[1]["pid"] == first["pid"]


def test_fault_rules_hold_for_web_functions(deploy):
    server, url = deploy(UVICORN)
    ask(url)
    for rule, status in (({"kind": "throttle", "status": 432}, 432), ({"kind": "crash"}, 439)):
        admin(server.env, "PUT", "faults", {"rules": [{"function": "app", **rule}]})
        answer, error = ask(url)
        assert (answer.status, error["statusCode"]) == (status, status)
    admin(server.env, "PUT", "faults", {"rules": [{"function": "app", "kind": "lost"}]})
    with pytest.raises(http.client.RemoteDisconnected):
        ask(url)


def test_an_event_leaves_when_it_is_written(deploy):
    _, url = deploy(FASTAPI, InstanceConcurrencyConfig={"MaxConcurrency": 2}, Timeout=60)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", url.path + "/sse")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.readline() == b"data: first\n"
    ask(url, "/go")  # only now the second is written
    assert answer.read() == b"\ndata: second\n\n"
    connection.close()


def test_websocket_clients_talk_to_fastapi(deploy):
    websockets = pytest.importorskip("websockets.asyncio.client")
    server, url = deploy(FASTAPI, ProtocolType="WS", Timeout=60, InstanceConcurrencyConfig={"MaxConcurrency": 10})
    address = f"ws://{url.netloc}{url.path}/ws"

    async def talk():
        async with websockets.connect(address, proxy=None) as client:
            for text in ("hello", "x" * 200_000):
                await client.send(text)
                assert await client.recv() == text
        async with websockets.connect(address, proxy=None) as client:
            await client.send("close")
            await client.wait_closed()
            assert client.close_code == 1011
        async with websockets.connect(address, proxy=None) as client:
            await client.close(4000)

    asyncio.run(talk())
    wait_until(lambda: "status 456: The client ended the WebSocket connection with the code 4000" in server.stderr)
    assert server.stderr.count("status 4") == 1
