"""Streams take no memory of the server: 100 MB of events down, and 6 MB up from each of sixteen callers."""

import concurrent.futures
import functools
import http.client
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import LocalScf, child_environment, end_process, read_line, scf_command
from tests.local.web.test_web_functions import PATIENCE_SECONDS, put_function

pytestmark = pytest.mark.proof

MIB = 1024 * 1024
GROWTH_KB = 2 * 1024  # the target; 0.9 MB were measured for a bare proxy
CALLERS = 16
# A busy machine lets all of the callers wait at once, each with what one read of uvloop took from it.
STALLED_KB = CALLERS * 250 + 512
EVENTS = 1600
APP = """
import asyncio
event = b"data: " + b"x" * 65530 + b"\\n\\n"
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if scope["path"] == "/slow":
            await asyncio.sleep(0.01)
        if not message.get("more_body"):
            break
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    if scope["path"] == "/events":
        for _ in range(EVENTS):
            await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"%d" % size})
if __name__ == "__main__":
    import uvicorn
    uvicorn.run(app, host="0.0.0.0", port=9000, log_level="warning")
""".replace("EVENTS", str(EVENTS))


def open_answer(url, path, body=None):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=PATIENCE_SECONDS)
    connection.request("POST" if body else "GET", url.path + path, body)
    return connection, connection.getresponse()


def download(url, pause_seconds=0.0):
    connection, answer = open_answer(url, "/events")
    size = 0
    for part in iter(lambda: answer.read(MIB), b""):
        size += len(part)
        time.sleep(pause_seconds)
    connection.close()
    assert size > EVENTS * 65530


def upload(url, path):
    connection, answer = open_answer(url, path, b"x" * (6 * MIB))
    assert answer.read() == b"%d" % (6 * MIB)
    connection.close()


def upload_all(url, path="/up"):
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(functools.partial(upload, path=path), [url] * CALLERS))


def kilobytes(pid, field):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


@pytest.fixture
def server(tmp_path):
    """A server in a process of its own: those of other tests are forks, whose memory is that of the tests too."""
    pytest.importorskip("uvicorn")
    (tmp_path / "empty").mkdir()
    env_file, stderr_path = tmp_path / "env", tmp_path / "stderr"
    options = ["--port", "0", "--ephemeral", "--unlisted", "--env-file", str(env_file)]
    command = scf_command("local", "start", tmp_path / "empty", *options)
    with stderr_path.open("w") as stderr:
        process = subprocess.Popen(
            command, env=child_environment(), stdout=subprocess.PIPE, stderr=stderr, text=True, start_new_session=True
        )
    try:
        url = read_line(process).split()[-1]
        host, _, port = url.rpartition("//")[2].rpartition(":")
        pairs = (entry.partition("=") for entry in env_file.read_text().splitlines())
        env = {name: value for name, _, value in pairs}
        yield LocalScf(url, host, int(port), env, process, stderr_path)
    finally:
        end_process(process)
        process.stdout.close()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures by /proc, which this system has not")
def test_streams_take_no_memory(server):
    url = put_function(server, APP, InstanceConcurrencyConfig={"MaxConcurrency": 100}, Timeout=600, MemorySize=1024)
    for _ in range(10):
        open_answer(url, "/up")[0].close()
    pid = server.process.pid
    for name, load, bound_kb in (
        ("down", lambda: download(url), GROWTH_KB),
        ("down to one that reads slowly", lambda: download(url, 0.01), GROWTH_KB),
        ("up", lambda: upload_all(url), STALLED_KB),
        ("up to an app that reads slowly", lambda: upload_all(url, "/slow"), STALLED_KB),
    ):
        before = kilobytes(pid, "VmRSS")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
        load()
        growth = kilobytes(pid, "VmHWM") - before
        print(f"{name}: {growth} KB")
        assert growth <= bound_kb, name
