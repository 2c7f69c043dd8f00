"""The other servers, each in an environment of its own, in their fastest configuration."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import shutil
import subprocess
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.environments import make_one
from benchmarks.local.builds import install_build
from benchmarks.local.servers import (
    BASE,
    CALL_SECONDS,
    EVENT,
    FUNCTION,
    HANDLER,
    OURS,
    Call,
    Dialect,
    Running,
    Server,
    start_on_port,
    start_ours,
)
from benchmarks.responder import HOST
from tests.environments import make_once, run

ASGI = "functions-framework --asgi"
DEFAULT = "functions-framework"
MINISTACK = "ministack"
OFFLINE = "serverless-offline"

#: uvicorn uses uvloop and httptools if they are installed. functions-framework does not require them, ours does.
FRAMEWORK_REQUIREMENTS = ("functions-framework", "uvloop", "httptools")
MINISTACK_REQUIREMENTS = ("ministack",)
#: The last versions that need no account of Serverless.
OFFLINE_REQUIREMENTS = ("serverless@3", "serverless-offline@13")
ASGI_HANDLER = "async def hello(request):\n    return await request.json()\n"
DEFAULT_HANDLER = "def hello(request):\n    return request.get_json()\n"
OFFLINE_HANDLER = "exports.handle = async (event) => event\n"
OFFLINE_SERVICE = """
service: bench
frameworkVersion: "3"
provider: {name: aws, runtime: nodejs18.x}
plugins: [serverless-offline]
functions:
  hello: {handler: index.handle}
"""
LAMBDA_PATH = "/2015-03-31/functions"


@dataclass
class Peers:
    """The installed peers, and the reasons of those that could not be installed.

    :ivar pythons: interpreters of their environments, by environment
    """

    servers: list[Server] = field(default_factory=list)
    pythons: dict[str, Path] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def install_peers(with_slow: bool = True) -> Peers:
    """Install ours, functions-framework in both of its ways, and the slow peers if they can be installed."""
    framework = make_one("framework", FRAMEWORK_REQUIREMENTS)
    peers = Peers(
        [
            Server(OURS, start_ours, is_needed=True),
            Server(ASGI, partial(start_framework, framework, ASGI_HANDLER, ("--asgi",)), is_needed=True),
            Server(DEFAULT, partial(start_framework, framework, DEFAULT_HANDLER, ()), is_needed=True),
        ],
        {"framework": framework},
    )
    for label, install in ((MINISTACK, install_ministack), (OFFLINE, install_offline)):
        if not with_slow:
            peers.missing[label] = "a quick run has the fast peers only"
            continue
        try:
            peers.servers.append(Server(label, install(peers)))
        except (AssertionError, OSError, subprocess.SubprocessError) as error:  # of tests.environments.run
            peers.missing[label] = str(error).strip().splitlines()[-1]
    return peers


def add_base(peers: Peers, commit: str) -> Path:
    """Install the build of a commit, and add it to the servers, after today's; the value is its interpreter."""
    python = peers.pythons[BASE] = install_build(commit)
    peers.servers.insert(1, Server(BASE, partial(start_ours, python=python), is_needed=True))
    return python


def talk_plainly(path: str) -> Dialect:
    """The dialect of a plain server: the event is the request's body, the result is the answer's body."""
    body = json.dumps(EVENT).encode()
    return Dialect(
        lambda port: Call(path, {"Host": f"{HOST}:{port}", "Content-Type": "application/json"}, body),
        lambda text: text.strip(),
        json.loads,
    )


def start_framework(
    python: Path, handler: str, options: tuple[str, ...], folder: Path
) -> AbstractContextManager[Running]:
    """Start functions-framework, in one of its two ways."""
    (folder / "main.py").write_text(handler, encoding="utf-8")
    program = [str(python.with_name("functions-framework")), "--source", "main.py", "--target", FUNCTION]
    return start_on_port(
        lambda port: [*program, "--host", HOST, "--port", str(port), *options], folder, talk_plainly("/")
    )


def install_ministack(peers: Peers) -> Callable[[Path], AbstractContextManager[Running]]:
    """Install ministack from PyPI, which runs Python functions without Docker."""
    python = peers.pythons[MINISTACK] = make_one("ministack", MINISTACK_REQUIREMENTS)
    return partial(start_ministack, python)


@contextlib.contextmanager
def start_ministack(python: Path, folder: Path) -> Iterator[Running]:
    """Start ministack, and deploy the function when it is ready."""

    def variables(port: int) -> Mapping[str, str]:
        return {"BIND_HOST": HOST, "GATEWAY_PORT": str(port), "LAMBDA_EXECUTOR": "local", "TMPDIR": str(folder)}

    dialect = talk_plainly(f"{LAMBDA_PATH}/{FUNCTION}/invocations")
    with start_on_port(lambda _: [str(python.with_name("ministack"))], folder, dialect, variables) as running:
        deploy(running.port)
        yield running


def deploy(port: int) -> None:
    """Create the function by the API of AWS Lambda."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", HANDLER)
    function = {
        "FunctionName": FUNCTION,
        "Runtime": "python3.11",
        "Role": "arn:aws:iam::000000000000:role/bench",
        "Handler": "index.main_handler",
        "Code": {"ZipFile": base64.b64encode(packed.getvalue()).decode()},
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{HOST}:{port}{LAMBDA_PATH}", json.dumps(function).encode(), headers)
    urllib.request.urlopen(request, timeout=CALL_SECONDS).close()


def install_offline(peers: Peers) -> Callable[[Path], AbstractContextManager[Running]]:
    """Install serverless-offline from npm.

    :raises FileNotFoundError: without Node.js and npm
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise FileNotFoundError("there is no Node.js with npm")
    packages = make_once(f"peer-{OFFLINE}", f"{OFFLINE_REQUIREMENTS}", partial(install_packages, npm)) / "node_modules"
    names = (requirement.partition("@")[0] for requirement in OFFLINE_REQUIREMENTS)
    peers.versions[OFFLINE] = {name: read_version(packages / name) for name in names}
    peers.versions[OFFLINE]["Node.js"] = run(node, "--version").stdout.strip().lstrip("v")
    return partial(start_offline, node, packages)


def install_packages(npm: str, folder: Path) -> None:
    """Make a folder with serverless-offline and its requirements."""
    print(f"Installing {', '.join(OFFLINE_REQUIREMENTS)} into a folder of its own", flush=True)
    folder.mkdir()
    options = ("--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder)
    run(npm, "install", *options, *OFFLINE_REQUIREMENTS, timeout=900)


def read_version(package: Path) -> str:
    """Read the name and the version of an installed package of npm."""
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])


def start_offline(node: str, packages: Path, folder: Path) -> AbstractContextManager[Running]:
    """Start serverless-offline with a function in Node.js, which it runs in its own process: its fastest way."""
    (folder / "serverless.yml").write_text(OFFLINE_SERVICE, encoding="utf-8")
    (folder / "index.js").write_text(OFFLINE_HANDLER, encoding="utf-8")
    (folder / "node_modules").symlink_to(packages)
    program = [node, str(packages / "serverless" / "bin" / "serverless.js"), "offline", "start", "--host", HOST]
    path = f"{LAMBDA_PATH}/bench-dev-{FUNCTION}/invocations"
    return start_on_port(
        lambda port: [*program, "--httpPort", "0", "--lambdaPort", str(port), "--useInProcess"],
        folder,
        talk_plainly(path),
        lambda _: {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"},
    )
