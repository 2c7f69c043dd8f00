"""The client in the programs that people have around it: each with its real package, in processes of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.peer import Channel, Peer, ok
from tests.programs import needs_package

pytestmark = pytest.mark.proof

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

SECONDS = 60
KEYS = {"TENCENTCLOUD_SECRET_ID": "AKIDpeer", "TENCENTCLOUD_SECRET_KEY": "k", "TENCENTCLOUD_REGION": "ap-guangzhou"}


def serve(channel: Channel) -> None:
    """Answer each request; one to the function ``slow`` never."""
    while True:
        request = channel.read_request()
        if request is None:
            return
        if request.fields["FunctionName"] == "slow":
            channel.wait_for_end()
            return
        channel.send(ok())


@pytest.fixture
def peer() -> "Iterator[Peer]":
    with Peer(serve) as found:
        yield found


def environment(peer: Peer, **more: str) -> "dict[str, str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENCENT", "HTTP", "COV_"))}
    return {**kept, **KEYS, "TENCENTSERVERLESS_ENDPOINT_URL": peer.url, **more}


def run(peer: Peer, program: str, *args: str, python: str = sys.executable, **more: str) -> "Any":
    """What a program prints, as JSON."""
    done = subprocess.run(
        [python, "-c", program, *args],
        env=environment(peer, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


WSGI = """
import os
from tencentserverless.scf import Client
client = Client()
client.invoke("fine")  # the master has a connection before it forks

def application(environ, start_response):
    found = client.invoke("fine")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {found}".encode()]
"""


def ask_servers(server: "subprocess.Popen[bytes]", log: "Any", listens: str, peer: Peer) -> "set[str]":
    """Ask both workers of a web server until each has answered. Returns their process ids.

    :param listens: what stands in the log before the port
    """
    deadline = time.monotonic() + SECONDS
    found = None
    while found is None:
        assert time.monotonic() < deadline, log.read_text()
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
        found = re.search(re.escape(listens) + r"(\d+)", log.read_text())
    workers: "set[str]" = set()
    while len(workers) < 2 or len(peer.requests) < 20:
        assert time.monotonic() < deadline, log.read_text()
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=SECONDS)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200, log.read_text()
        number, text = answer.read().decode().split(" ", 1)
        assert text == '"ok"'
        workers.add(number)
        connection.close()
    return workers


GUNICORN = ["-m", "gunicorn", "--preload", "-w", "2", "-b", "127.0.0.1:0", "shop:application"]
#: It loads the program in its master, and forks without Python's own fork, so that no hook of Python runs.
UWSGI = """--master --processes 2 --http-socket 127.0.0.1:0 --module shop --die-on-term --need-app --enable-threads"""
SERVERS = {
    "gunicorn": (GUNICORN, "Listening at: http://127.0.0.1:"),
    "pyuwsgi": (["-c", "import pyuwsgi; pyuwsgi.run()", *UWSGI.split()], "bound to TCP address 127.0.0.1:"),
}


@pytest.mark.parametrize("package", SERVERS)
def test_a_server_that_loads_before_it_forks_has_connections_of_its_own_in_each_worker(
    package: str, peer: Peer, tmp_path: "Any"
) -> None:
    needs_package(package)
    arguments, listens = SERVERS[package]
    (tmp_path / "shop.py").write_text(WSGI)
    log = tmp_path / "log"
    with log.open("w") as file:
        command = [sys.executable, *arguments]
        server = subprocess.Popen(command, cwd=tmp_path, env=environment(peer), stderr=file, stdout=file)
    try:
        workers = ask_servers(server, log, listens, peer)
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0
    assert len(workers) == 2
    assert peer.accepts == 3, "the master and each worker"


CELERY = """
import json, os, sys
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from tencentserverless.scf import Client

folder = os.getcwd()
app = Celery("shop", broker="filesystem://", backend="file://" + folder)
app.conf.update(
    broker_transport_options={"data_folder_in": folder, "data_folder_out": folder},
    worker_hijack_root_logger=False,
    task_acks_late=False,
)
client = Client()
client.invoke("fine")  # before the pool of processes is forked

@app.task(soft_time_limit=1, time_limit=30)
def slow():
    try:
        client.invoke("slow", timeout=20)
    except SoftTimeLimitExceeded:
        return "soft limit, then " + client.invoke("fine")

@app.task
def fine():
    return str(client.invoke("fine"))

if sys.argv[1:] == ["ask"]:
    sent = [fine.delay(), fine.delay(), slow.delay(), fine.delay()]
    print(json.dumps([each.get(timeout=50) for each in sent]))
"""


def test_a_soft_time_limit_of_celery_comes_through_and_the_client_goes_on(peer: Peer, tmp_path: "Any") -> None:
    needs_package("celery")
    (tmp_path / "shop.py").write_text(CELERY)
    variables = environment(peer, C_FORCE_ROOT="1")
    command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "--pool", "prefork", "-c", "2", "-l", "ERROR"]
    with (tmp_path / "log").open("w") as log:
        worker = subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=log, stderr=log)
    try:
        done = subprocess.run(
            [sys.executable, "shop.py", "ask"],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(SECONDS)
    assert done.returncode == 0, done.stderr + (tmp_path / "log").read_text()
    assert json.loads(done.stdout) == ['"ok"', '"ok"', 'soft limit, then "ok"', '"ok"']


NOTEBOOK = """
import asyncio, json
import nest_asyncio
from tencentserverless.aio import AsyncClient
from tencentserverless.scf import Client

async def cell():
    nest_asyncio.apply()
    client = AsyncClient()
    inner = asyncio.get_event_loop().run_until_complete(client.invoke("fine"))
    outer = await client.invoke("fine")
    many = [each async for each in client.map("fine", range(5))]
    threads = [str(each) for each in Client().map("fine", range(5))]
    await client.aclose()
    return [inner, outer, *many, *threads]

print(json.dumps(asyncio.run(cell())))
"""


def test_a_notebook_runs_a_loop_inside_a_loop(peer: Peer) -> None:
    needs_package("nest_asyncio")
    assert run(peer, NOTEBOOK) == ['"ok"'] * 12


ANYIO = """
import json
import anyio
from tencentserverless.aio import AsyncClient

async def main():
    found = []
    async with AsyncClient() as client:
        async def call():
            found.append(await client.invoke("fine"))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(call)
        with anyio.move_on_after(0.3) as scope:
            await client.invoke("slow")
        found.append(scope.cancelled_caught)
        found.append(await client.invoke("fine"))
    return found

print(json.dumps(anyio.run(main)))
"""


def test_scopes_of_anyio_cancel_a_call_and_nothing_else(peer: Peer) -> None:
    needs_package("anyio")
    assert run(peer, ANYIO) == ['"ok"'] * 5 + [True, '"ok"']


EAGER = """
import asyncio, json
from tencentserverless.aio import AsyncClient

async def main():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async with AsyncClient() as client:
        tasks = [asyncio.create_task(client.invoke("fine")) for _ in range(20)]
        found = list(await asyncio.gather(*tasks))
        found += [each async for each in client.map("fine", range(20))]
    return found

print(json.dumps(asyncio.run(main())))
"""


def find_python(version: str) -> str:
    from tests.environments import search_python

    found = search_python(version)
    if found is None:
        pytest.skip("no Python {}".format(version))
    return str(found)


def sources() -> str:
    """The folders that hold this package and Tencent's, for another interpreter."""
    import tencentcloud

    import tencentserverless

    return os.pathsep.join(
        os.path.dirname(os.path.dirname(each.__file__)) for each in (tencentserverless, tencentcloud)
    )


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_eager_tasks(peer: Peer, version: str) -> None:
    assert run(peer, EAGER, python=find_python(version), PYTHONPATH=sources()) == ['"ok"'] * 40


SUBINTERPRETER = """
import json, os
import _interpreters

made = _interpreters.create("isolated")
read, write = os.pipe()
code = f'''
import os
from tencentserverless.scf import Client
client = Client()
found = [client.invoke("fine"), *client.map("fine", range(5))]
os.write({write}, ",".join(found).encode())
'''
fault = _interpreters.exec(made, code)
_interpreters.destroy(made)
os.close(write)
print(json.dumps([os.read(read, 1000).decode().split(","), str(fault)]))
"""


def test_a_subinterpreter_of_3_13(peer: Peer) -> None:
    found, fault = run(peer, SUBINTERPRETER, python=find_python("3.13"), PYTHONPATH=sources())
    assert (found, fault) == (['"ok"'] * 6, "None")


SHUTDOWN = """
import atexit, json, sys, threading
from tencentserverless.scf import Client

client = Client()
client.invoke("fine")

class Last:
    def __del__(self):
        try:
            found = client.invoke("fine") if client is not None else "gone"
        except Exception as error:
            found = type(error).__name__
        sys.stdout.write(json.dumps(str(found)) + "]")

def late():
    sys.stdout.write("[" + json.dumps(str(client.invoke("fine"))) + ", ")
    sys.stdout.flush()

atexit.register(late)
last = Last()
"""


def test_calls_while_the_interpreter_ends(peer: Peer) -> None:
    first, second = run(peer, SHUTDOWN)
    assert first == '"ok"'
    assert second in ('"ok"', "gone", "ImportError", "NetworkError", "RuntimeError", "ConnectError")


PROFILE = """
import json, os, time
from tencentserverless.scf import Client

path = os.path.expanduser("~/.tencentcloud/credentials")
client = Client()
for number in range(40):
    with open(path + ".new", "w") as file:
        file.write(f"[default]\\nsecret_id = AKID{number}\\nsecret_key = key\\n")
    os.replace(path + ".new", path)
    client.invoke("fine")
time.sleep(0.2)
client.invoke("fine")
print(json.dumps("done"))
"""


def test_a_profile_that_is_rewritten_while_calls_are_made(peer: Peer, tmp_path: "Any") -> None:
    (tmp_path / ".tencentcloud").mkdir()
    (tmp_path / ".tencentcloud" / "credentials").write_text("[default]\nsecret_id = AKIDfirst\nsecret_key = key\n")
    empty = {name: "" for name in KEYS if "SECRET" in name}
    assert run(peer, PROFILE, HOME=str(tmp_path), **empty) == "done"
    assert "AKID39/" in peer.requests[-1].headers["authorization"]
