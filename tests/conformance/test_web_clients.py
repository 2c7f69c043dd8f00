"""Client libraries of others talk to web functions: OpenAI's over a stream of events, several over WebSocket."""

import json
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.conformance.judges import curl, make_judge
from tests.conformance.servers.sites import node_place, own_place, python_place
from tests.conformance.servers.table import PYTHON, SERVERS, Server

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]  # the first run installs them

CHAT = Server("chat", f"exec {PYTHON} chat.py", ("chat.py", "asgi.py"))
FASTAPI = next(each for each in SERVERS if each.name == "fastapi")
OPENAI = """
import json, sys
from pathlib import Path
import openai

url, gate = sys.argv[1:]
heard = []
with openai.OpenAI(base_url=url, api_key="key-of-the-app", max_retries=0) as client:
    asked = [{"role": "user", "content": gate}]
    with client.chat.completions.create(model="m", messages=asked, stream=True) as stream:
        for part in stream:
            heard.append([part.choices[0].delta.content, Path(gate).exists()])
            Path(gate).touch()
with openai.OpenAI(base_url=url, api_key="another", max_retries=0) as client:
    try:
        client.chat.completions.create(model="m", messages=asked)
    except openai.AuthenticationError as error:
        heard.append([error.status_code, error.code, len(error.response.headers["x-scf-request-id"])])
print(json.dumps(heard))
"""
#: Each says what came back of a text, of bytes, and how the connection was closed.
WEBSOCKETS = """
import asyncio, json, sys
import websockets

async def main(url):
    async with websockets.connect(url, proxy=None) as socket:
        await socket.send("text")
        told = [await socket.recv()]
        await socket.send(bytes([0, 255]))
        told.append(list(await socket.recv()))
        await asyncio.wait_for(await socket.ping(), 30)
    print(json.dumps([*told, socket.close_code]))

asyncio.run(main(sys.argv[1]))
"""
AIOHTTP = """
import asyncio, json, sys
import aiohttp

async def main(url):
    async with aiohttp.ClientSession() as session, session.ws_connect(url, heartbeat=20) as socket:
        await socket.send_str("text")
        told = [await socket.receive_str()]
        await socket.send_bytes(bytes([0, 255]))
        told.append(list(await socket.receive_bytes()))
        await socket.close()
        print(json.dumps([*told, socket.close_code]))

asyncio.run(main(sys.argv[1]))
"""
WS = """
const WebSocket = require('ws');
const [url, host] = process.argv.slice(1);
const socket = new WebSocket(url, { headers: host ? { Host: host } : {} });
const told = [];
socket.on('open', () => socket.send('text'));
socket.on('message', (data, isBinary) => {
  told.push(isBinary ? [...data] : data.toString());
  if (told.length === 1) socket.send(Buffer.from([0, 255]));
  else socket.close(1000);
});
socket.on('close', (code) => console.log(JSON.stringify([...told, code])));
socket.on('error', (error) => { console.error(error.message); process.exit(1); });
"""


def run_program(*words: object, **environment: object) -> object:
    """What a program prints, as JSON."""
    given = {name: str(value) for name, value in environment.items()}
    command = [str(word) for word in words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, env=given, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def test_openais_client_reads_a_stream_of_words(start_site, tmp_path):
    site = start_site(CHAT, own_place())
    python = python_place().programs / "python"
    heard = run_program(python, "-c", OPENAI, f"{site.url}/v1", tmp_path / "gate")
    assert heard == [["one", False], ["two", True], [401, "wrong_key", 36]]


def test_clients_of_websocket(start_site):
    site = start_site(FASTAPI, own_place())
    python = make_judge("socket-clients", sys.executable, ("websockets==17.4", "aiohttp==3.14.5"))
    expected = ["text", [0, 255], 1000]
    url = f"{site.url.replace('http', 'ws', 1)}/ws"
    for program in (WEBSOCKETS, AIOHTTP):
        assert run_program(python, "-c", program, url) == expected
    place = node_place()
    parts = urlsplit(site.net["WsExtranetUrl"])
    by_host = (f"ws://127.0.0.1:{parts.port}/ws", parts.netloc)
    for words in ((url,), by_host):
        assert run_program(shutil.which("node"), "-e", WS, *words, NODE_PATH=place.packages) == expected


#: Options of curl, and what they do to a request.
WAYS = {
    "an offer of HTTP/2, as Java's client makes it": ("--http2", "--data-binary", "@{file}"),
    "HTTP/1.0": ("--http1.0", "--data-binary", "@{file}"),
    "Expect: 100-continue": ("--header", "Expect: 100-continue", "--data-binary", "@{file}"),
    "a body in chunks": ("--header", "Transfer-Encoding: chunked", "--data-binary", "@{file}"),
    "a compressed answer": ("--compressed", "--data-binary", "@{file}"),
}


@pytest.mark.parametrize("name", ["fastapi", "flask"])
def test_curl_sends_a_body_in_each_of_its_ways(start_site, tmp_path, name):
    server = next(each for each in SERVERS if each.name == name)
    site = start_site(server, own_place())
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * 5000)
    for way, words in WAYS.items():
        options = ["--request", "POST", *(word.format(file=sent) for word in words)]
        status, headers, body = curl(site.net["ExtranetUrl"] + "/echo", "--header", "Content-Type: x/y", *options)
        assert (status, dict(headers)["content-type"], body == sent.read_bytes()) == (200, "x/y", True), way
