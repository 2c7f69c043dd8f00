"""Packages from npm and PyPI that manage and call functions, each unmodified, against the local SCF."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.clients.catalogue import BUN, CLIENTS, PAGE, Client, filled
from tests.conformance.judges import is_foreign, make_judge, npm_install
from tests.conftest import LocalScf, Starter
from tests.environments import make_once, run

HERE = Path(__file__).parent / "clients"
TELL = "import os\n\n\ndef main_handler(event, context):\n    return [{!r}, event, os.environ.get('WHO')]\n"
SENT = {"text": "=&+ %/函数"}
LIFE = [
    ["called", ["one", SENT, "a b+c&d=函数"]],
    ["called", ["two", SENT, None]],
    ["published", "1"],
    ["shown", "Active", 9, ["hourly"]],
    ["listed", 1],
    ["refused", "ResourceNotFound.Function"],
]
HOURLY, DAILY, NIGHTLY = ('{{"cron":"0 0 {} * * * *"}}'.format(hours) for hours in ("*/1", "2", "3"))
CAPI = [
    ["called", ["one", SENT, "a b+c&d=函数"]],
    ["shown", 7, 256, []],
    ["listed", 1],
    ["refused", "ResourceNotFound.Function"],
]
OUTSIDE, INSIDE, BOTH = (
    {"EnableIntranet": is_inside, "EnableExtranet": is_outside}
    for is_inside, is_outside in ((False, True), (True, False), (True, True))
)
CROSS_ORIGIN = {
    "AuthType": "NONE",
    "CorsConfig": {
        "Enable": True,
        "Origins": ["https://a.example", "https://b.example"],
        "Methods": ["GET"],
        "Headers": ["x-one", "x-two"],
        "ExposeHeaders": ["x-three"],
        "Credentials": True,
        "MaxAge": 10,
    },
    "ApiGwCompatible": True,
}
#: What each program tells of one life.
TOLD = {
    "toolkit.js": [
        ["deployed", "Active", "1", ["hourly"]],
        ["called", ["one", "x", "toolkit"]],
        ["deployed again", "Active", "2"],
        ["called", ["two", "x", None]],
        ["alias", "live", "2"],
        ["versions", ["$LATEST", "2", "1"]],
        ["timers", [["daily", 0, DAILY]]],
        ["reserved", 1024],
        ["timers", ["weekly"]],
        ["removed", True],
        ["gone", None],
    ],
    "toolkit_urls.js": [
        ["made", [[True, "url-trigger", "$DEFAULT"]]],
        ["shown", "url-trigger", "$DEFAULT", 1, OUTSIDE, {"AuthType": "NONE"}, 0],
        ["called", 200, "one", "/a/b", {"x": "1"}],
        ["changed", [[False, "url-trigger"]]],
        ["shown", "url-trigger", "$DEFAULT", 1, BOTH, CROSS_ORIGIN, 0, True],
        ["called", False],
        ["managed", "url-trigger", "$DEFAULT", 1, OUTSIDE, {"AuthType": "CAM"}, 0],
        ["unsigned", 401],
        ["removed", 0, 404],
        ["without a qualifier", "mine", "$DEFAULT", 1, OUTSIDE, {"AuthType": "NONE"}, 0, True],
        ["again", "mine", "$DEFAULT", 1, INSIDE, {"AuthType": "NONE"}, 0],
        ["gone", True],
    ],
    "faas.js": [
        ["namespaces", ["default"]],
        ["versions", ["$LATEST"]],
        ["aliases", ["$DEFAULT"]],
        ["shown", "Active", True, 0],
        ["triggers", 0],
        ["called", 0, '["seen", {"text": "函数"}, null]', True],
        ["missing", "API_FAAS_get"],
    ],
    "capi.js": CAPI,
    "manager_node.js": [
        ["called", ["order", {"number": 7}, "manager"]],
        ["refused", "ResourceInUse.Function"],
        ["called", ["order", {"number": 7}, "again"]],
        ["shown", "Active", 9, [["hourly", DAILY], ["daily", NIGHTLY]]],
        ["published", "1"],
        ["alias", "$LATEST"],
    ],
    "official_node.js": LIFE,
    "python_clients.py": LIFE,
    "terraform.py": [
        ["called", ["one", 7, "terraform"]],
        ["called", ["two", 7, None], ["daily"], []],
        ["called", ["two", 7, None], ["daily"], []],
        ["destroyed", True],
    ],
    "terraform_urls.py": [
        ["created", "url-trigger", "1", {}, "Available", [200, "one", "/path", True]],
        ["updated", {}, [200, "one", "/path", False], True],
        ["closed", {}, ["http"]],
        ["deleted", None],
        ["destroyed", True],
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Zip files of code as a folder of COS, a folder of code, and the functions of the servers."""
    folder = tmp_path_factory.mktemp("clients")
    objects = folder / "cos" / "code-1250000000"
    objects.mkdir(parents=True)
    for name in ("one", "two"):
        with zipfile.ZipFile(objects / f"{name}.zip", "w") as archive:
            archive.writestr("index.py", TELL.format(name))
    for place, name in (("code", "order"), ("functions", "seen")):
        (folder / place / name).mkdir(parents=True)
        (folder / place / name / "index.py").write_text(TELL.format(name))
    return folder


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[dict[bool, LocalScf]]:
    """A plain local SCF, and, under True, one with TLS and a proxy."""
    with ExitStack() as stack:
        start = Starter(folder, stack)
        more = ("--proxy-port", 0, "--cos", folder / "cos", "--state", folder / "state")
        proxied = start(folder / "functions", *more)
        yield {False: start(folder / "functions"), True: proxied}


def lives(client: Client, command: list[object], server: LocalScf, folder: Path, path: dict[str, str]) -> list[object]:
    """What the program of a client has told."""
    environment = {name: text for name, text in os.environ.items() if not is_foreign(name) and "NODE" not in name}
    environment |= server.env | {"RUNTIME": OWN_RUNTIME, "PYTHONDONTWRITEBYTECODE": "1"} | path
    environment |= {name: text.format(**server.env) for name, text in client.environment}
    given = {"manager_node.js": [folder / "code"], "faas.js": [], "toolkit.js": [], "toolkit_urls.js": []}
    files = given.get(client.program, sorted(folder.glob("cos/*/*.zip")))
    words = [*command, HERE / client.program, *client.arguments, *files]
    done = subprocess.run(
        [str(word) for word in words], env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def of_registry(name: str) -> list[object]:
    return [pytest.param(each, id=each.name) for each in CLIENTS if each.registry == name]


def is_proxied(client: Client) -> bool:
    return client.is_secure or any("PROXY" in text for _, text in client.environment)


@pytest.mark.proof
@pytest.mark.timeout(600)  # the first run installs them
@pytest.mark.parametrize("client", of_registry("npm"))
def test_a_package_from_npm_lives_a_functions_life_twice(client, servers, folder):
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("no node and npm on PATH")
    packages = sorted({name for each in CLIENTS if each.registry == "npm" for name in (each.package, *each.more)})
    installed = make_once(
        "npm-clients",
        f"{run(node, '--version').stdout} {packages}",
        lambda place: npm_install(npm, place, packages),
    )
    path = {"NODE_PATH": str(installed / "node_modules")}
    command = sorted(installed.glob("node_modules/@oven/bun-*/bin/bun"))[:1] if BUN in client.more else [node]
    if not command:
        pytest.skip("there is no Bun for this machine")
    found = lives(client, command, servers[is_proxied(client)], folder, path)
    if client.program == "capi.js":
        assert [(each["round"], each["isV3"]) for each in found] == [(1, False), (1, True), (2, False), (2, True)]
        expected = TOLD["capi.js"]
        for each in found:
            listed = next(line for line in each["told"] if line[0] == "listed")
            assert listed.pop() == ["capi-tc3" if each["isV3"] else "capi-v1"]
            assert each["told"] == expected
        return
    assert found == [{"round": number, "told": TOLD[client.program]} for number in (1, 2)]


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("client", of_registry("PyPI"))
def test_a_package_from_pypi_lives_a_functions_life_twice(client, servers, folder):
    requirements = sorted({name for each in CLIENTS if each.registry == "PyPI" for name in (each.package, *each.more)})
    python = make_judge("pypi-clients", Path(sys.executable), ("setuptools", *requirements))
    found = lives(client, [python], servers[is_proxied(client)], folder, {"PYTHONWARNINGS": "ignore"})
    assert found == [{"round": number, "told": TOLD[client.program]} for number in (1, 2)]


def test_the_page_of_clients_has_the_table_of_what_is_run_here():
    page = PAGE.read_text("utf-8")
    assert filled(page) == page, "write it anew: python -m tests.conformance.clients.catalogue"
