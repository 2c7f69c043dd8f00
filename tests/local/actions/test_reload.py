"""A saved file is live: by content, without a call lost, and a broken one heals with the next save."""

import json
import os
import threading
import time

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME

PATIENCE_SECONDS = 20
CODE = """
import os, time
from helper import WORD

def main_handler(event, context):
    if event:  # a folder: the call says there that it has begun, and ends when it is let go
        open(os.path.join(event, "begun"), "w").close()
        while not os.path.exists(os.path.join(event, "open")):
            time.sleep(0.01)
    return WORD
"""
MANIFEST = f"component: scf\nname: x\ninputs: {{name: fn, src: ., runtime: {OWN_RUNTIME}, %s}}\n"
#: An interpreter that takes its time to say what it is.
SLOW_PYTHON = """#!/bin/sh
touch "{0}/begun"
while [ ! -e "{0}/open" ]; do sleep 0.01; done
echo 3.6
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


@pytest.fixture
def gate(tmp_path):
    """A folder: what is held up says there that it has begun, and goes on when the gate is open."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


def wait_for(is_so):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until(server, value, name="fn"):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := server.invoke(name)["RetMsg"]) != value:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def add_function(folder, name, word):
    (folder / name).mkdir()
    save(folder / name / "index.py", f"def main_handler(event, context):\n    return {word!r}\n")


def test_a_saved_file_is_live_and_calls_under_way_end_on_the_old_one(start_local_scf, folder, gate):
    save(folder / "serverless.yml", MANIFEST % "timeout: 120")
    server = start_local_scf(folder.parent)
    results = []
    caller = threading.Thread(target=lambda: results.append(server.invoke("fn", str(gate))["RetMsg"]))
    caller.start()
    wait_for((gate / "begun").exists)
    save(folder / "helper.py", "WORD = 2\n")
    until(server, "2")
    assert not results
    (gate / "open").touch()
    caller.join()
    assert results == ["1"]


def test_no_call_fails_while_files_are_saved(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    stop, seen, failed = threading.Event(), [], []

    def call():
        while not stop.is_set():
            result = server.invoke("fn")
            (failed if result["InvokeResult"] else seen).append(result["RetMsg"])

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        wait_for(lambda: "1" in seen)
        for word in range(2, 6):
            save(folder / "helper.py", f"WORD = {word}\n")
            until(server, str(word))
        wait_for(lambda: "5" in seen)
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert failed == []


def test_what_is_saved_as_soon_as_the_server_is_ready_is_live(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    add_function(folder.parent, "second", "second")
    wait_for(lambda: "second" in json.dumps(server.request("ListFunctions", {}).response))
    assert server.invoke("second")["RetMsg"] == '"second"'


def test_what_is_saved_while_the_server_starts_is_there_when_it_is_ready(start_local_scf, folder, gate):
    save(folder / "serverless.yml", (MANIFEST % "timeout: 5").replace(OWN_RUNTIME, "Python3.6"))
    (gate / "python3.6").write_text(SLOW_PYTHON.format(gate))
    (gate / "python3.6").chmod(0o755)

    def save_meanwhile():
        wait_for((gate / "begun").exists)
        add_function(folder.parent, "second", "second")
        (gate / "open").touch()

    saver = threading.Thread(target=save_meanwhile)
    saver.start()
    server = start_local_scf(folder.parent, env={"PATH": f"{gate}:{os.environ['PATH']}"})
    saver.join()
    assert server.invoke("second")["RetMsg"] == '"second"'


def test_a_broken_file_is_443_and_heals(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    save(folder / "helper.py", "WORD = (\n")
    wait_for(lambda: server.invoke("fn")["InvokeResult"] != 0)
    error = json.loads(server.invoke("fn")["RetMsg"])
    assert (error["statusCode"], "SyntaxError" in error["errorMessage"]) == (443, True)
    save(folder / "helper.py", "WORD = 3\n")
    until(server, "3")


def test_a_touched_file_and_caches_change_nothing(start_local_scf, folder):
    (folder / "index.py").write_text("import os\ndef main_handler(event, context):\n    return os.getpid()\n")
    add_function(folder.parent, "later", 1)  # functions are looked at in the order of their names
    server = start_local_scf(folder.parent)
    pid = server.invoke("fn")["RetMsg"]
    (folder / "helper.py").touch()
    (folder / ".hidden").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "helper.pyc").write_text("x")
    save(folder.parent / "later" / "more.py", "x = 1\n")
    wait_for(lambda: "[later] changed" in server.stderr)
    assert "[fn] changed" not in server.stderr
    assert server.invoke("fn")["RetMsg"] == pid
    (folder / "more.py").write_text("x = 1\n")
    wait_for(lambda: "[fn] changed" in server.stderr)
    assert server.invoke("fn")["RetMsg"] != pid


def test_manifests_are_followed_and_a_broken_one_changes_nothing(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    manifest = folder / "serverless.yml"
    save(manifest, MANIFEST % "memorySize: 256")
    wait_for(lambda: server.request("GetFunction", {"FunctionName": "fn"}).response["MemorySize"] == 256)
    save(manifest, "component: scf\ninputs: [\n")
    wait_for(lambda: "what was there before stays" in server.stderr)
    until(server, "1")
    add_function(folder.parent, "second", "second")
    save(manifest, MANIFEST % "memorySize: 128")
    wait_for(lambda: "second" in json.dumps(server.request("ListFunctions", {}).response))
    until(server, '"second"', "second")


def test_files_are_not_followed_where_that_is_not_wanted(start_local_scf, folder):
    server = start_local_scf(folder.parent, "--no-reload")
    until(server, "1")
    follower = start_local_scf(folder.parent)
    until(follower, "1")
    save(folder / "helper.py", "WORD = 2\n")
    until(follower, "2")  # by now a server that follows files has seen it
    assert server.invoke("fn")["RetMsg"] == "1"
