"""A saved file is live: by content, without a call lost, and a broken one heals with the next save."""

import json
import threading
import time

import pytest

PATIENCE_SECONDS = 20
CODE = """
import time
from helper import WORD

def main_handler(event, context):
    time.sleep(event or 0)
    return WORD
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE)
    (folder / "helper.py").write_text("WORD = 1\n")
    return folder


def save(path, text):
    """As an editor saves: whole, beside it, then in its place."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text)
    part.replace(path)


def until(server, value, name="fn"):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := server.invoke(name, 0)["RetMsg"]) != value:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def test_a_saved_file_is_live_and_calls_under_way_end_on_the_old_one(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    time.sleep(0.3)  # until the watch is up
    results = []
    caller = threading.Thread(target=lambda: results.append(server.invoke("fn", 2)["RetMsg"]))
    caller.start()
    time.sleep(0.2)
    save(folder / "helper.py", "WORD = 2\n")
    until(server, "2")
    assert not results
    caller.join()
    assert results == ["1"]


def test_no_call_fails_while_files_are_saved(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    time.sleep(0.3)
    stop, seen, failed = threading.Event(), [], []

    def call():
        while not stop.is_set():
            result = server.invoke("fn", 0)
            (failed if result["InvokeResult"] else seen).append(result["RetMsg"])

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for word in range(2, 6):
        save(folder / "helper.py", f"WORD = {word}\n")
        until(server, str(word))
    stop.set()
    for caller in callers:
        caller.join()
    assert failed == []
    assert {"1", "5"} <= set(seen)


def test_a_broken_file_is_443_and_heals(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    time.sleep(0.3)
    save(folder / "helper.py", "WORD = (\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (result := server.invoke("fn", 0))["InvokeResult"] == 0:
        assert time.monotonic() < deadline
    error = json.loads(result["RetMsg"])
    assert (error["statusCode"], "SyntaxError" in error["errorMessage"]) == (443, True)
    save(folder / "helper.py", "WORD = 3\n")
    until(server, "3")


def test_a_touched_file_and_caches_change_nothing(start_local_scf, folder):
    (folder / "index.py").write_text("import os\ndef main_handler(event, context):\n    return os.getpid()\n")
    server = start_local_scf(folder.parent)
    pid = server.invoke("fn", 0)["RetMsg"]
    time.sleep(0.3)
    (folder / "helper.py").touch()
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "helper.pyc").write_text("x")
    (folder / "more.py").write_text("x = 1\n")
    until_changed = time.monotonic() + PATIENCE_SECONDS
    while server.invoke("fn", 0)["RetMsg"] == pid:
        assert time.monotonic() < until_changed
    while "[fn] changed" not in server.stderr:  # another thread writes it
        assert time.monotonic() < until_changed
    assert server.stderr.count("[fn] changed") == 1  # the new file, and nothing before it


def test_manifests_are_followed_and_a_broken_one_changes_nothing(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    time.sleep(0.3)
    manifest = folder / "serverless.yml"
    from tencentserverless.local.worker.interpreters import OWN_RUNTIME

    save(manifest, f"component: scf\nname: x\ninputs: {{name: fn, src: ., runtime: {OWN_RUNTIME}, memorySize: 256}}\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.request("GetFunction", {"FunctionName": "fn"}).response["MemorySize"] != 256:
        assert time.monotonic() < deadline
    save(manifest, "component: scf\ninputs: [\n")
    while "what was there before stays" not in server.stderr:
        assert time.monotonic() < deadline
    until(server, "1")
    (folder.parent / "second").mkdir()
    save(folder.parent / "second" / "index.py", "def main_handler(event, context):\n    return 'second'\n")
    save(manifest, f"component: scf\nname: x\ninputs: {{name: fn, src: ., runtime: {OWN_RUNTIME}}}\n")
    while "second" not in json.dumps(server.request("ListFunctions", {}).response):
        assert time.monotonic() < deadline
    until(server, '"second"', "second")


def test_files_are_not_followed_where_that_is_not_wanted(start_local_scf, folder):
    server = start_local_scf(folder.parent, "--no-reload")
    until(server, "1")
    save(folder / "helper.py", "WORD = 2\n")
    time.sleep(0.5)
    assert server.invoke("fn", 0)["RetMsg"] == "1"
