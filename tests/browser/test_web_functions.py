"""A real browser loads a page of a web function, receives its events and talks to it over WebSocket."""

import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.conftest import Browser
from tests.conformance.servers.sites import MANIFEST, OWN_RUNTIME, SHARED, SOCKETS, Site
from tests.conformance.servers.table import PYTHON
from tests.conftest import LocalScf, Starter, wait_until

pytestmark = [pytest.mark.proof]

#: A page, its script, events that wait for a gate and a WebSocket, as a user of FastAPI writes them.
FASTAPI = """
import asyncio, os
import fastapi, uvicorn
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

app = fastapi.FastAPI()
PAGE = '<!doctype html><title>page</title><script src="/page.js"></script><h1>Hello from FastAPI</h1>'
@app.get("/", response_class=HTMLResponse)
async def page():
    return PAGE

@app.get("/page.js")
async def script():
    return fastapi.Response("window.loaded = 'by ' + location.hostname", media_type="text/javascript")

@app.get("/sign-in")
async def sign_in():
    response = RedirectResponse("/me")
    response.set_cookie("session", "of-this-function", httponly=True)
    return response

@app.get("/me")
async def me(request: fastapi.Request):
    return {"session": request.cookies.get("session")}

@app.get("/events")
async def events(gate: str, request: fastapi.Request):
    async def make():
        begin = int(request.headers.get("last-event-id", "0"))
        yield f"id: {begin + 1}\\nevent: tick\\ndata: first\\n\\n"
        while not os.path.exists(gate):
            await asyncio.sleep(0.01)
        yield f"id: {begin + 2}\\nevent: tick\\ndata: second\\n\\n"
    return StreamingResponse(make(), media_type="text/event-stream")

@app.websocket("/ws")
async def echo(socket: fastapi.WebSocket):
    await socket.accept(subprotocol="echo")
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            print("closed with", message["code"], flush=True)
            return
        if message.get("text") == "leave":
            await socket.close(4321, "as you wish")
            print("has left", flush=True)
            return
        if message.get("text") is not None:
            await socket.send_text("echo: " + message["text"])
        else:
            await socket.send_bytes(message["bytes"])

uvicorn.run(app, host="0.0.0.0", port=9000, loop="uvloop")
"""
FLASK = """
import os, time
from flask import Flask, Response, request

app = Flask(__name__)

@app.get("/")
def page():
    return "<!doctype html><title>page</title><h1>Hello from Flask</h1>"

@app.get("/events")
def events():
    gate = request.args["gate"]
    def make():
        yield "event: tick\\ndata: first\\n\\n"
        while not os.path.exists(gate):
            time.sleep(0.01)
        yield "event: tick\\ndata: second\\n\\n"
    return Response(make(), mimetype="text/event-stream")

app.run("0.0.0.0", 9000, threaded=True)
"""
LISTEN = """url => {
    window.got = [];
    const source = new EventSource(url);
    source.addEventListener('tick', event => {
        window.got.push(event.data);
        if (window.got.length == 2) source.close();
    });
    source.onerror = () => window.got.push('error');
}"""
TALK = """async url => {
    const got = [];
    const socket = new WebSocket(url, ['echo', 'other']);
    socket.binaryType = 'arraybuffer';
    const next = () => new Promise((resolve, reject) => {
        socket.onmessage = event => resolve(event.data);
        socket.onerror = () => reject(new Error('no WebSocket'));
    });
    await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error('refused'));
    });
    got.push(socket.protocol);
    socket.send('函数');
    got.push(await next());
    socket.send(new Uint8Array([0, 255]));
    got.push([...new Uint8Array(await next())]);
    const closed = new Promise(resolve => {
        socket.onclose = event => resolve([event.code, event.reason, event.wasClean]);
    });
    WAY
    got.push(await closed);
    return got;
}"""
SEND_FILE = """async ([name, size]) => {
    const body = new FormData();
    body.append('file', new File([new Uint8Array(size)], name));
    return (await fetch('/', {method: 'POST', body})).status;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    folder = tmp_path_factory.mktemp("sites")
    for name, code in (("on-fastapi", FASTAPI), ("on-flask", FLASK)):
        place = folder / "functions" / name
        place.mkdir(parents=True)
        (place / "app.py").write_text(code, encoding="utf-8")
        start = place / "scf_bootstrap"
        start.write_text(f"#!/bin/bash\nexport PYTHONPATH={sysconfig.get_path('purelib')}\n{PYTHON} -u app.py\n")
        start.chmod(0o755)
        more = SOCKETS if name == "on-fastapi" else ""
        (place / "serverless.yml").write_text(MANIFEST.format(name=name, runtime=OWN_RUNTIME, more=more))
    with ExitStack() as stack:
        yield Starter(folder, stack)(folder / "functions", *SHARED)


@pytest.mark.parametrize(("name", "words"), [("on-fastapi", "Hello from FastAPI"), ("on-flask", "Hello from Flask")])
def test_a_page_and_its_events(server: LocalScf, browser: Browser, tmp_path: Path, name: str, words: str) -> None:
    url = Site(server, name).net["ExtranetUrl"]
    seen = browser.ask("visit", url)
    assert (seen["status"], seen["text"].splitlines()[0]) == (200, words)
    assert seen["headers"]["x-scf-request-id"]
    gate = tmp_path / "gate"
    browser.ask("run", LISTEN, f"/events?gate={gate}")
    wait_until(lambda: browser.ask("run", "() => window.got") == ["first"])
    gate.touch()
    wait_until(lambda: len(browser.ask("run", "() => window.got")) > 1)
    assert browser.ask("run", "() => window.got") == ["first", "second"]


def test_scripts_redirects_and_cookies(server: LocalScf, browser: Browser) -> None:
    url = Site(server, "on-fastapi").net["ExtranetUrl"]
    browser.ask("visit", url)
    host = url.partition("//")[2].partition(":")[0]
    assert browser.ask("run", "() => window.loaded") == f"by {host}"
    after = browser.ask("visit", f"{url}/sign-in")
    assert (after["url"], after["text"]) == (f"{url}/me", '{"session":"of-this-function"}')


@pytest.mark.parametrize(
    ("way", "closed"),
    [("socket.close(1000, 'done');", [1000, "done", True]), ("socket.send('leave');", [4321, "as you wish", True])],
    ids=["page", "app"],
)
def test_a_page_talks_over_websocket(server: LocalScf, browser: Browser, way: str, closed: list[object]) -> None:
    net = Site(server, "on-fastapi").net
    browser.ask("visit", net["ExtranetUrl"])
    got = browser.ask("run", TALK.replace("WAY", way), net["WsExtranetUrl"] + "/ws")
    assert got == ["echo", "echo: 函数", [0, 255], closed]


def test_the_websocket_of_another_page_is_refused(server: LocalScf, browser: Browser) -> None:
    browser.ask("visit", Site(server, "on-flask").net["ExtranetUrl"])
    url = Site(server, "on-fastapi").net["WsExtranetUrl"] + "/ws"
    script = TALK.replace("WAY", "socket.close();")
    assert browser.ask("run", f"url => ({script})(url).catch(error => error.message)", url) == "refused"


def test_the_limit_of_a_body_is_told_to_the_page(server: LocalScf, browser: Browser) -> None:
    browser.ask("visit", Site(server, "on-fastapi").net["ExtranetUrl"])
    assert browser.ask("run", SEND_FILE, ["small", 1000]) == 405  # the app's own answer: it takes no POST there
    assert browser.ask("run", SEND_FILE, ["large", 7_000_000]) == 413
