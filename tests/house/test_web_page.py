"""The page on web functions shows the examples as they are, and the examples run."""

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import child_environment
from tests.local.web.urls import ask, net_of
from tests.testing.conftest import STRANGERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "web-functions.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples" / "web"
BLOCKS = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", [name for name in BLOCKS if "/" in name])
def test_the_page_shows_the_example(name):
    assert BLOCKS[name] == (EXAMPLES / name).read_text(encoding="utf-8")


def test_each_example_is_shown_and_can_be_started():
    for folder in EXAMPLES.iterdir():
        assert f"{folder.name}/app.py" in BLOCKS
        assert f"{folder.name}/serverless.yml" in BLOCKS
        start = folder / "scf_bootstrap"
        assert start.stat().st_mode & 0o111
        assert f"```sh\n{start.read_text()}```" in PAGE
        assert (folder / "requirements.txt").read_text().strip()
    assert f"```text\n{(EXAMPLES / 'events' / 'requirements.txt').read_text()}```" in PAGE


@pytest.fixture
def urls(start_local_scf, tmp_path):
    """Where the examples are served, by the Python of the tests, whose environment has their packages."""
    folder = tmp_path / "web"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.glob("*/serverless.yml"):
        path.write_text(path.read_text().replace("Python3.10", OWN_RUNTIME))
    for path in folder.glob("*/scf_bootstrap"):
        path.write_text(path.read_text().replace("/var/lang/python310/bin/python3.10", sys.executable))
    server = start_local_scf(folder)
    return lambda name: net_of(server, name)["LocalUrl"]


def test_events_come_one_by_one(urls):
    page = ask(urls("events") + "/")
    assert b"EventSource('events')" in page.body
    parts = urlsplit(urls("events"))
    with socket.create_connection((parts.hostname, parts.port), 60) as client:
        client.sendall(f"GET {parts.path}/events?text=one+two HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        seen = []
        text = b""
        while b"data: two" not in text:
            part = client.recv(4096)
            assert part, text
            text += part
            seen.append(b"data: one" in text and b"data: two" not in text)
    assert any(seen), "both words came at once"
    assert b"content-type: text/event-stream" in text.lower()


def test_a_websocket_echoes(urls):
    websockets = pytest.importorskip("websockets")

    async def talk():
        async with websockets.connect(urls("echo").replace("http:", "ws:") + "/ws", proxy=None) as connection:
            await connection.send("hello")
            return await connection.recv()

    assert asyncio.run(talk()) == "HELLO"
    answer = ask(urls("echo") + "/")
    assert answer.json["request_id"] == answer.values("X-Scf-Request-Id")[0]


@pytest.mark.proof
def test_sessions_of_mcp_keep_their_notes(urls):
    mcp = pytest.importorskip("mcp")
    if not hasattr(mcp, "Client"):
        pytest.skip("mcp is older than 2.0")

    async def remember(client, text):
        return (await client.call_tool("remember", {"text": text})).structured_content["result"]

    async def talk():
        url = urls("notes") + "/mcp"
        async with mcp.Client(url, mode="legacy") as one, mcp.Client(url, mode="legacy") as other:
            assert await remember(one, "a") == ["a"]
            assert await remember(other, "b") == ["b"]
            assert await remember(one, "c") == ["a", "c"]

    asyncio.run(talk())


@pytest.mark.proof
def test_the_test_of_the_page_passes(tmp_path):
    shutil.copytree(EXAMPLES / "echo", tmp_path / "echo")
    (tmp_path / "test_echo.py").write_text(BLOCKS["test_echo.py"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *STRANGERS, "-q", "test_echo.py"],
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
