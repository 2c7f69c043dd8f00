"""Functions that are web servers of others: where their packages are, what is written for each, and its URL."""

import http.client
import json
import shutil
import sys
import sysconfig
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

import pytest

from tests.conformance.judges import make_judge, npm_install
from tests.conformance.servers.table import PACKAGES, REQUIREMENTS, Server
from tests.conftest import LocalScf, Starter
from tests.environments import ROOT, make_once, run

HERE = Path(__file__).parent
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
#: Functions have a /tmp of their own; where the project is there, so are the packages.
SHARED = ("--share", ROOT) if ROOT.is_relative_to(gettempdir()) else ()


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
    folder = make_once("npm-web", f"{version} {PACKAGES}", lambda place: npm_install(npm, place, list(PACKAGES)))
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


def start_site(folder: Path, stack: ExitStack, server: Server, place: Place, more: str = "") -> Site:
    """Start a local SCF with one function."""
    write(folder / "functions" / server.name, server, place, more)
    return Site(Starter(folder, stack)(folder / "functions", *SHARED), server.name)
