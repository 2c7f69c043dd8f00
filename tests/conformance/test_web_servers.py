"""Web servers of others run as web functions, unchanged, and answer through the URLs of their functions."""

import http.client
import json
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from threading import Thread
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from tests.conformance.judges import make_judge
from tests.conformance.servers.table import PACKAGES, REQUIREMENTS, SERVERS, Server
from tests.conformance.test_clients import install
from tests.conftest import LocalScf, Starter, wait_until
from tests.environments import ROOT, make_once, run

HERE = Path(__file__).parent / "servers"
OWN_RUNTIME = "Python{}.{}".format(*sys.version_info[:2])
MANIFEST = """
component: scf
name: {name}
inputs:
  name: {name}
  type: web
  src: .
  runtime: {runtime}
  memorySize: 512
  timeout: 60
  initTimeout: 60
{more}  events:
    - http:
        parameters:
          netConfig:
            enableExtranet: true
"""
SOCKETS = "  protocolType: WS\n"
#: What the platform adds to each request; the values of the last three are the account's own.
INJECTED = {
    "x-scf-request-id": r"[0-9a-f-]{36}",
    "x-scf-memory": "512",
    "x-scf-timeout": "60",
    "x-scf-version": r"\$LATEST",
    "x-scf-name": r"[a-z-]+",
    "x-scf-namespace": "default",
    "x-scf-region": "ap-guangzhou",
    "x-scf-appid": r"\d+",
    "x-scf-uin": r"\d+",
    "x-scf-remote-addr": "127.0.0.1",
}


@dataclass
class Place:
    """Where the packages of a server are."""

    packages: Path
    programs: Path


def write(folder: Path, server: Server, place: Place, more: str = "") -> None:
    """Write a function as its user would: the packages are elsewhere, and INSTANCE tells instances apart."""
    folder.mkdir(parents=True)
    for name in server.files:
        shutil.copy(HERE / name, folder)
    lines = [
        "#!/bin/bash",
        "export INSTANCE=$$",
        f"export PYTHONPATH={place.packages} NODE_PATH={place.packages} PATH={place.programs}:$PATH",
        server.start,
    ]
    start = folder / "scf_bootstrap"
    start.write_text("\n".join([*lines, ""]))
    start.chmod(0o755)
    more += SOCKETS if server.has_sockets else ""
    (folder / "serverless.yml").write_text(MANIFEST.format(name=server.name, runtime=OWN_RUNTIME, more=more))


def find_node() -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node and npm on PATH")


def node_place() -> Place:
    find_node()
    npm, version = shutil.which("npm"), run("node", "--version").stdout
    folder = make_once("npm-web", f"{version} {PACKAGES}", lambda place: install(npm, place, list(PACKAGES)))
    return Place(folder / "node_modules", folder / "node_modules" / ".bin")


def python_place() -> Place:
    """Fixed versions, in an environment of their own."""
    python = make_judge("web-servers", Path(sys.executable), ("setuptools", *REQUIREMENTS))
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Place(Path(run(python, "-c", code).stdout.strip()), python.parent)


def own_place() -> Place:
    """The environment of the tests."""
    return Place(Path(sysconfig.get_path("purelib")), Path(sys.executable).parent)


class Site:
    """A function behind its URL, by the path form."""

    def __init__(self, server: LocalScf, name: str) -> None:
        (shown,) = server.request("ListTriggers", {"FunctionName": name}).response["Triggers"]
        self.net = json.loads(shown["TriggerDesc"])["NetConfig"]
        self.url = self.net["LocalUrl"]
        parts = urlsplit(self.url)
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path

    def open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port, timeout=60)

    def send(self, connection, method, path, body=None, headers=None) -> http.client.HTTPResponse:
        connection.request(method, self._prefix + path, body, headers or {})
        return connection.getresponse()

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of a request on a connection of its own."""
        with closing(self.open()) as connection:
            answer = self.send(connection, method, path, body, headers)
            return answer.status, answer.headers, answer.read()


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[object]:
    """Start a local SCF with one function: its URL."""
    with ExitStack() as stack:

        def start(server: Server, place: Place, more: str = "") -> Site:
            write(tmp_path / "functions" / server.name, server, place, more)
            share = ("--share", ROOT) if ROOT.is_relative_to(gettempdir()) else ()  # the packages are there
            return Site(Starter(tmp_path, stack)(tmp_path / "functions", *share), server.name)

        yield start


def check_requests(site: Site) -> None:
    """Requests and answers of every form, over one connection."""
    with closing(site.open()) as connection:
        answer = site.send(connection, "GET", "/?x=%26", headers={"X-Two": "2", "X-Scf-Name": "forged"})
        told = json.loads(answer.read())
        assert answer.status == 200, told
        assert (told["method"], told["headers"]["x-two"]) == ("GET", "2")
        assert [value.partition(";")[0] for value in answer.headers.get_all("set-cookie")] == ["a=1", "b=2"]
        for name, form in INJECTED.items():
            assert re.fullmatch(form, told["headers"][name]), (name, told["headers"][name])
        assert answer.headers["x-scf-request-id"] == told["headers"]["x-scf-request-id"]
        for body in (b"", b"short", bytes(range(256)) * 4000):
            answer = site.send(connection, "POST", "/echo", body, {"Content-Type": "x/y"})
            echoed = answer.read()
            assert answer.status == 200, (len(body), echoed)
            assert (answer.headers["content-type"], echoed == body) == ("x/y", True)
        answer = site.send(connection, "HEAD", "/")
        assert (answer.status, answer.read()) == (200, b"")
        answer = site.send(connection, "GET", "/nothing")
        assert (answer.status, answer.read()) == (204, b"")
        answer = site.send(connection, "PUT", "/", b"ignored")
        assert json.loads(answer.read())["method"] == "PUT"


def check_chunks(site: Site) -> None:
    parts = [b"part %d;" % number for number in range(1000)]
    assert site.ask("POST", "/echo", iter(parts), {"Content-Type": "x/y"})[2] == b"".join(parts)


def check_stream(site: Site, gate: Path) -> None:
    """The first part of an answer comes while the app still waits with the second."""
    with closing(site.open()) as connection:
        answer = site.send(connection, "GET", f"/stream?gate={gate}")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.read1(100) == b"data: 0\n\n"
        gate.touch()
        assert answer.read() == b"data: 1\n\n"


def check_two_instances(site: Site, gate: Path) -> None:
    """While one instance has a request, another one answers the next."""
    held: list[str] = []

    def hold() -> None:
        held.append(json.loads(site.ask("GET", f"/?gate={gate}")[2])["instance"])

    thread = Thread(target=hold)
    thread.start()
    wait_until(Path(f"{gate}.begun").exists)
    other = json.loads(site.ask("GET", "/")[2])["instance"]
    gate.touch()
    thread.join()
    assert held != [other]


def check_sockets(site: Site) -> None:
    """A conversation by WebSocket, of text, of bytes, and of a message in several frames."""
    with connect(site.url.replace("http", "ws", 1) + "/ws", proxy=None) as socket:
        for message in ("函数", b"\x00\xff", "x" * 100_000):
            socket.send(message)
            assert socket.recv(30) == message
        socket.send(["in ", "three ", "frames"])
        assert socket.recv(30) == "in three frames"
    assert socket.close_code == 1000


def check(server: Server, site: Site, folder: Path) -> None:
    check_requests(site)
    if server.reads_chunks:
        check_chunks(site)
    check_stream(site, folder / "stream")
    check_two_instances(site, folder / "hold")
    if server.has_sockets:
        check_sockets(site)


def named(servers: object) -> list[object]:
    return [pytest.param(each, id=each.name) for each in servers]


@pytest.mark.parametrize("server", named(each for each in SERVERS if each.is_quick))
def test_a_server_of_this_environment_runs_unchanged(server, start_site, tmp_path):
    if server.start.endswith(".js"):
        find_node()
    check(server, start_site(server, own_place()), tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(600)  # the first run installs them
@pytest.mark.parametrize("server", named(SERVERS))
def test_a_server_of_fixed_version_runs_unchanged(server, start_site, tmp_path):
    place = node_place() if server.start.endswith(".js") else python_place()
    check(server, start_site(server, place), tmp_path)
