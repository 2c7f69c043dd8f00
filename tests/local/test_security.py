"""What the local SCF refuses, row by row of docs/understand/security.md, which names the other tests too."""

import base64
import io
import json
import os
import re
import socket
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import LocalScf, Request, scf_command, wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "understand" / "security.md"
PROOF = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")


def rows_of_the_page():
    text = PAGE.read_text(encoding="utf-8")
    tables = re.findall(r"^\| What .*\| Proved by \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [row for table in tables for row in table.splitlines()]


def test_every_row_of_the_page_names_tests_that_exist():
    rows = rows_of_the_page()
    assert len(rows) > 20
    for row in rows:
        proofs = PROOF.findall(row.split(" | ")[-1])
        assert proofs, row
        for path, name in proofs:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def exchange(server: LocalScf, data: bytes) -> bytes:
    """Everything that comes back for these bytes, until the server closes."""
    with socket.create_connection((server.host, server.port), 10) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


#: A body that is a whole request of its own, for whoever reads the length before it differently.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(HIDDEN)
CHUNKS = b"0\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        (LENGTH, b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", LENGTH),
        (b"Content-Length: 0", LENGTH),
        (LENGTH, LENGTH),
        (LENGTH + b", 0",),
        (LENGTH + b" 0",),
        (b"Content-Length: +5",),
        (b"Content-Length: -5",),
        (b"Content-Length: 0x5",),
        (b"Content-Length: 5.0",),
        (b"Content-Length: 1_0",),
        (b"Content-Length:",),
        (b"Content-Length : 5",),
        (b" Content-Length: 5",),
        (b"X: y\r\n Content-Length: 5",),
        (b"Content\0-Length: 5",),
        (b"Transfer-Encoding: chunked, identity",),
        (b"Transfer-Encoding: identity, chunked, identity",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding : chunked",),
        (b"Transfer-Encoding:\x0bchunked",),
        (LENGTH, b"Connection: Upgrade", b"Upgrade: h2c", b"Transfer-Encoding: chunked"),
    ],
    ids=repr,
)
def test_a_message_whose_length_is_in_doubt_is_refused_and_nothing_behind_it_is_read(local_scf, lines):
    head = b"\r\n".join((b"POST / HTTP/1.1", b"Host: h", b"Content-Type: application/json", *lines, b"", b""))
    answer = exchange(local_scf, head + CHUNKS + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"hidden" not in answer
    assert b"connection: close" in answer.lower()
    code = json.loads(answer.partition(b"\r\n\r\n")[2])["Response"]["Error"]["Code"]
    assert code == "UnsupportedProtocol"


@pytest.mark.parametrize("size", [b"-1", b"+1", b"0x1", b"1 1", b"1\n", b"", b"f" * 17, b"g"])
def test_a_chunk_whose_size_is_in_doubt_is_refused(local_scf, size):
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(local_scf, head + size + b"\r\n{\r\n0\r\n\r\n" + HIDDEN)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b'"Error"' in answer


def test_a_request_that_is_heard_again_is_served_until_its_time_is_over_as_in_the_cloud(local_scf):
    """A signature is no proof against repetition, and does not claim to be: TLS keeps others from hearing it."""
    keys = (local_scf.env["TENCENTCLOUD_SECRETID"], local_scf.env["TENCENTCLOUD_SECRETKEY"])
    body = json.dumps({"FunctionName": "echo", "Event": "1"}).encode()
    for skew_seconds, served in ((0, True), (-290, True), (-310, False), (310, False)):
        request = Request(
            f"{local_scf.host}:{local_scf.port}", "InvokeFunction", body, *keys, skew_seconds=skew_seconds
        )
        headers = request.headers()
        request.headers = lambda headers=headers: headers
        for _ in range(2):
            response = request.send(local_scf.host, local_scf.port).response
            assert ("Result" in response) is served
            assert served or response["Error"]["Code"] == "AuthFailure.SignatureExpire"
    headers["X-TC-Timestamp"] = str(int(headers["X-TC-Timestamp"]) - 310)  # made younger, it is not what was signed
    assert request.send(local_scf.host, local_scf.port).response["Error"]["Code"] == "AuthFailure.SignatureFailure"


def zipped(**files: str) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return base64.b64encode(buffer.getvalue()).decode()


PATH_LIKE = [
    *("../up", "..", ".", "/etc/passwd", "a/b", "a\\b", "a/../../b", "%2e%2e%2f", "~", "~root", "file:///etc", "C:a"),
    *("a\0b", "a\nb", "-\x1b[2J", "\u202egpj", "a b", "a;b", "$(a)", "`a`", "é" * 40, "x" * 300),
]
CODE = {"ZipFile": zipped(index="def main_handler(event, context):\n    return event\n")}
FN = {"FunctionName": "fn"}
TIMER = {**FN, "Type": "timer", "TriggerDesc": "0 0 0 1 1 * 2099"}
#: Every action that gives a name to something, and every kind of name that a call can have.
NAMED = [
    ("CreateFunction", "FunctionName", {"Code": CODE, "Runtime": OWN_RUNTIME}),
    ("CreateFunction", "Namespace", {"FunctionName": "new", "Code": CODE, "Runtime": OWN_RUNTIME}),
    ("CreateFunction", "Runtime", {"FunctionName": "new", "Code": CODE}),
    ("CreateNamespace", "Namespace", {}),
    ("CreateAlias", "Name", {**FN, "FunctionVersion": "1"}),
    ("CreateAlias", "FunctionVersion", {**FN, "Name": "new"}),
    ("CreateTrigger", "TriggerName", TIMER),
    ("CreateTrigger", "Qualifier", {**TIMER, "TriggerName": "new"}),
    ("InvokeFunction", "FunctionName", {}),
    ("InvokeFunction", "Namespace", FN),
    ("InvokeFunction", "Qualifier", FN),
    ("Invoke", "FunctionName", {"InvocationType": "Event"}),
    ("UpdateFunctionCode", "FunctionName", CODE),
    ("PublishVersion", "Namespace", FN),
    ("GetFunction", "Qualifier", {**FN, "ShowCode": "TRUE"}),
    ("GetFunctionAddress", "Qualifier", FN),
    ("DeleteFunction", "FunctionName", {}),
    ("DeleteFunction", "Qualifier", FN),
    ("DeleteAlias", "Name", FN),
    ("DeleteNamespace", "Namespace", {}),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A server that keeps its state, with one function and one version; and the folder with all of its files."""
    from contextlib import ExitStack

    from tests.conftest import Starter

    folder = tmp_path_factory.mktemp("security")
    (folder / "functions" / "found").mkdir(parents=True)
    (folder / "functions" / "found" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    with ExitStack() as stack:
        server = Starter(folder, stack)(folder / "functions", "--state", folder / "state", "--proxy-port", 0)
        (folder / "plain").mkdir()
        plain = Starter(folder / "plain", stack)(folder / "functions", "--state", folder / "plain" / "state")
        plain.request("CreateFunction", {**FN, "Code": CODE, "Runtime": OWN_RUNTIME})
        plain.request("PublishVersion", FN)
        yield plain, server, folder


def list_paths(folder: Path) -> set[str]:
    return {os.path.join(place, name) for place, names, files in os.walk(folder) for name in (*names, *files)}


@pytest.mark.parametrize(
    ("action", "field", "others"), NAMED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_name_that_looks_like_a_path_is_refused_in_every_field_and_touches_no_file(kept, action, field, others):
    server, _, folder = kept
    before = list_paths(folder)
    for name in PATH_LIKE:
        code, message = server.error(action, {**others, field: name})
        assert not code.startswith("InternalError"), (name, code, message)
        assert message.isprintable()
    made = {path for path in list_paths(folder) - before if "/draft-" not in path and "/tmp-" not in path}
    assert made <= {path for path in made if "/state.db" in path}, made
    assert "\x1b" not in server.stderr
    assert "internal error" not in server.stderr


@pytest.mark.parametrize("region", ["../up", "a/b", "ap-x/../..", "x" * 300, "AP-GUANGZHOU"])
def test_a_region_that_looks_like_a_path_is_none(kept, region):
    server, _, _ = kept
    parameters = {"FunctionName": "new", "Code": CODE, "Runtime": OWN_RUNTIME}
    assert server.error("CreateFunction", parameters, region=region)[0] in (
        "UnsupportedRegion",
        "InvalidParameterValue",
    )


def modes_below(folder: Path) -> dict[str, int]:
    """The mode of every file and folder, by a name in which hashes and numbers have no part."""
    modes = {".": stat.S_IMODE(folder.stat().st_mode)}
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            name = re.sub(r"[0-9a-f]{64}", "HASH", path.relative_to(folder).as_posix())
            modes[name] = stat.S_IMODE(path.lstat().st_mode)
    return modes


def test_every_file_that_the_server_writes_is_its_owners_alone(kept):
    plain, _, folder = kept
    plain.request("Invoke", {**FN, "InvocationType": "Event", "ClientContext": "1"})
    plain.request(
        "UpdateFunctionEventInvokeConfig",
        {**FN, "AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 60}},
    )
    broken = {"ZipFile": zipped(index="def main_handler(event, context):\n    raise ValueError\n")}
    plain.request("UpdateFunctionCode", {**FN, **broken})
    plain.request("Invoke", {**FN, "InvocationType": "Event", "ClientContext": "2"})
    wait_until((folder / "plain" / "state" / "dead-letters.jsonl").exists)
    package = {"packages/HASH": 0o500, "packages/HASH/code": 0o500}
    files = {"packages/HASH/code.zip": 0o400, "packages/HASH/code/index.py": 0o444}
    own = ("state.db", "state.db-wal", "state.db-shm", "credentials", "env", "lock", "layout", ".gitignore")
    expected = {".": 0o700, "packages": 0o700, **package, **files, **dict.fromkeys((*own, "dead-letters.jsonl"), 0o600)}
    assert modes_below(folder / "plain" / "state") == expected
    modes = modes_below(folder / "state")
    assert {name for name, mode in modes.items() if mode & 0o077} <= {"packages/HASH/code/index.py"}
    assert modes["scf-local-server.pem"] == 0o600
    assert modes["."] == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*/env-1")} == {0o600}
    runs = [path for path in folder.glob("*/scf-local-*") if path.is_dir()]
    assert runs
    assert {stat.S_IMODE(path.stat().st_mode) for path in runs} == {0o700}


def test_a_name_of_a_file_does_not_steer_the_terminal(start_local_scf, tmp_path):
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    (folder / ".env\x1b[2J").write_text("")
    server = start_local_scf(folder.parent)
    server.request("PublishVersion", FN)
    wait_until(lambda: "left out: '.env\\x1b[2J'" in server.stderr)
    assert "\x1b" not in server.stderr
    done = subprocess.run(
        scf_command("deploy", folder, "--dry-run"), capture_output=True, text=True, timeout=60, check=False
    )
    assert "\x1b" not in done.stdout + done.stderr
