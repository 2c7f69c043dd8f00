"""A saved file is live: by content, without a call lost, and a broken one heals with the next save."""

import asyncio
import dataclasses
import http.client
import json
import os
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from tencentserverless.local import function_folders, reload
from tencentserverless.local.project.discovery import Project
from tencentserverless.local.registry.catalogue import restore
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.folder_merge import FolderDefinition
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, Package
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue
from tencentserverless.local.registry.url_ids import UrlIds
from tencentserverless.local.settings import Settings
from tencentserverless.local.url_addresses import UrlAddresses, UrlBases
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
    fields = {"FunctionName": name, "Event": "null"}
    while (found := server.request("InvokeFunction", fields).response).get("Result", {}).get("RetMsg") != value:
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


def count_ended(server):
    connection = http.client.HTTPConnection(server.host, server.port)
    headers = {"Authorization": f"Bearer {server.env['TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN']}"}
    connection.request("GET", "/_local/status", headers=headers)
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found["by_function"]["ap-guangzhou/default/fn"]["ended"]


def test_calls_are_counted_on_after_a_saved_file(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    before = count_ended(server)
    save(folder / "helper.py", "WORD = 2\n")
    until(server, "2")
    assert count_ended(server) > before


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
        for word in range(2, 5):
            save(folder / "helper.py", f"WORD = {word}\n")
            until(server, str(word))
        wait_for(lambda: "4" in seen)
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


def test_a_configuration_file_that_is_being_written_changes_nothing(start_local_scf, folder):
    """An editor that writes in place empties the file first: nothing may be taken for what it will say."""
    save(folder / "serverless.yml", MANIFEST.replace("name: fn", "name: job") % "timeout: 120")
    server = start_local_scf(folder.parent)
    until(server, "1", "job")
    server.request("UpdateFunctionConfiguration", {"FunctionName": "job", "Timeout": 77})
    (folder / "serverless.yml").write_text("")
    wait_for(lambda: "serverless.yml is empty: write it, or remove it" in server.stderr)
    save(folder / "helper.py", "WORD = 2\n")
    server.request("UpdateFunctionConfiguration", {"FunctionName": "job", "Description": "an action looks, too"})
    found = server.request("GetFunction", {"FunctionName": "job"}).response
    assert (found["Timeout"], found["Description"]) == (77, "an action looks, too")
    assert [each["FunctionName"] for each in server.request("ListFunctions", {}).response["Functions"]] == ["job"]
    save(folder / "serverless.yml", MANIFEST.replace("name: fn", "name: job") % "timeout: 120")
    until(server, "2", "job")
    assert server.request("GetFunction", {"FunctionName": "job"}).response["Timeout"] == 77


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


def test_a_handler_that_a_save_takes_away_is_told(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    until(server, "1")
    save(folder / "index.py", CODE.replace("main_handler", "main_handle"))
    wait_for(
        lambda: (
            "fn: handler index.main_handler: no main_handler in index.py; did you mean main_handle?" in server.stderr
        )
    )


@pytest.mark.parametrize("place", ["functions/fn/.env.dev", "functions/.env", ".env"])
def test_saved_variables_reload_the_functions_that_name_them(start_local_scf, folder, tmp_path, place):
    names = (("fn", "${env:WORD}"), ("other", "none"))
    for name, value in names:
        (folder.parent / name).mkdir(exist_ok=True)
        inputs = f"name: {name}, src: ., runtime: {OWN_RUNTIME}, environment: {{variables: {{WORD: '{value}'}}}}"
        (folder.parent / name / "serverless.yml").write_text(f"component: scf\nname: x\ninputs: {{{inputs}}}\n")
        (folder.parent / name / "index.py").write_text(
            "import os\ndef main_handler(event, context):\n    return [os.environ.get('WORD'), os.getpid()]\n"
        )
    server = start_local_scf(folder.parent)
    first, other = (json.loads(server.invoke(name)["RetMsg"]) for name, _ in names)
    assert first[0] is None

    def word():
        return json.loads(server.invoke("fn")["RetMsg"])[0]

    for text in ("one", "two"):
        save(tmp_path / place, f"WORD={text}\n")
        wait_for(lambda text=text: word() == text)
    (tmp_path / place).unlink()
    wait_for(lambda: word() is None)
    assert json.loads(server.invoke("other")["RetMsg"]) == other


def test_a_saved_file_above_the_project_is_followed(start_local_scf, folder, tmp_path):
    (folder / "serverless.yml").write_text((MANIFEST % "timeout: 5").replace("name: fn", "name: 'fn-${stage}'"))
    server = start_local_scf(folder)
    until(server, "1", "fn-dev")
    save(folder.parent / "serverless.yml", "app: shop\nstage: test\n")
    until(server, "1", "fn-test")


def test_the_other_kinds_of_files_are_followed(start_local_scf, folder):
    template = "Resources: {fn: {Type: 'TencentCloud::Serverless::Function', Properties: {CodeUri: ., MemorySize: %d,"
    template += f" Handler: index.main_handler, Runtime: {OWN_RUNTIME}}}}}}}\n"
    save(folder / "template.yaml", template % 256)
    server = start_local_scf(folder.parent)

    def memory():
        return server.request("GetFunction", {"FunctionName": "fn"}).response["MemorySize"]

    assert memory() == 256
    save(folder / "template.yaml", template % 512)
    wait_for(lambda: memory() == 512)
    until(server, "1")


def test_files_are_not_followed_where_that_is_not_wanted(start_local_scf, folder):
    server = start_local_scf(folder.parent, "--no-reload")
    until(server, "1")
    follower = start_local_scf(folder.parent)
    until(follower, "1")
    save(folder / "helper.py", "WORD = 2\n")
    until(follower, "2")  # by now a server that follows files has seen it
    assert server.invoke("fn")["RetMsg"] == "1"


def test_what_the_api_changes_while_a_save_is_followed_stands(start_local_scf, folder, gate):
    (gate / "python3.6").write_text(SLOW_PYTHON.format(gate))
    (gate / "python3.6").chmod(0o755)
    save(folder / "serverless.yml", MANIFEST % "timeout: 5")
    server = start_local_scf(folder.parent, env={"PATH": f"{gate}:{os.environ['PATH']}"})
    save(folder / "serverless.yml", (MANIFEST % "timeout: 6").replace(OWN_RUNTIME, "Python3.6"))
    wait_for((gate / "begun").exists)
    add_function(folder.parent, "second", "second")
    until(server, '"second"', "second")  # who looks for an interpreter delays nobody else
    for action, parameters in (
        ("PublishVersion", {}),
        ("CreateAlias", {"Name": "live", "FunctionVersion": "1"}),
        ("UpdateFunctionConfiguration", {"Timeout": 7, "Description": "acknowledged"}),
    ):
        assert "Error" not in server.request(action, {"FunctionName": "fn", **parameters}).response
    (gate / "open").touch()
    wait_for(lambda: "[fn] its configuration" in server.stderr or "[fn] changed" in server.stderr)
    shown = server.request("GetFunction", {"FunctionName": "fn"}).response
    assert (shown["Timeout"], shown["Description"]) == (7, "acknowledged")
    assert server.invoke("fn", Qualifier="live")["RetMsg"] == "1"
    assert server.request("PublishVersion", {"FunctionName": "fn"}).response["FunctionVersion"] == "2"
    save(folder / "serverless.yml", MANIFEST % "timeout: 8")
    wait_for(lambda: server.request("GetFunction", {"FunctionName": "fn"}).response["Timeout"] == 8)
    assert server.invoke("fn", Qualifier="live")["RetMsg"] == "1"


def test_files_are_followed_whatever_becomes_of_folders(start_local_scf, folder):
    root = folder.parent
    add_function(root, "gone", "gone")
    server = start_local_scf(root)
    until(server, "1")
    assert "Error" not in server.request("DeleteFunction", {"FunctionName": "gone"}).response
    shutil.rmtree(root / "gone")
    save(folder / "helper.py", "WORD = 2\n")
    until(server, "2")
    for word in (3, 5):
        shutil.rmtree(root)  # as a build does
        folder.mkdir(parents=True)
        save(folder / "helper.py", f"WORD = {word}\n")
        save(folder / "index.py", CODE)
        until(server, str(word))
        save(folder / "helper.py", f"WORD = {word + 1}\n")
        until(server, str(word + 1))
    assert "could not be followed" not in server.settled_stderr()
    assert server.stop() == 0


def test_a_slow_import_delays_neither_others_nor_what_is_saved_after_it(start_local_scf, folder, gate):
    add_function(folder.parent, "fast", 1)
    server = start_local_scf(folder.parent)
    until(server, "1")
    until(server, "1", "fast")
    held = f"import os, time\nopen({str(gate / 'begun')!r}, 'w').close()\n"
    held += f"while not os.path.exists({str(gate / 'open')!r}): time.sleep(0.01)\n"
    save(folder / "helper.py", f"{held}WORD = 2\n")
    wait_for((gate / "begun").exists)
    save(folder.parent / "fast" / "index.py", "def main_handler(event, context):\n    return 2\n")
    until(server, "2", "fast")
    assert server.invoke("fn")["RetMsg"] == "1"
    save(folder / "helper.py", "WORD = 3\n")
    until(server, "3")
    (gate / "open").touch()
    assert server.invoke("fn")["RetMsg"] == "3"


def test_the_timer_of_a_saved_manifest_rings_with_the_next_save(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    timer = "events: [{timer: {name: often, parameters: {cronExpression: '* * * * * * *', enable: true}}}]"
    save(folder / "serverless.yml", MANIFEST % timer)
    asked = {"FunctionName": "fn"}
    wait_for(lambda: server.request("GetFunctionLogs", asked).response.get("TotalCount"))


@pytest.mark.parametrize("is_deleted", [True, False])
@pytest.mark.parametrize("then", ["lasts", "is gone", "is as before"])
def test_what_the_api_has_acknowledged_is_taken_back_by_a_change_that_lasts_alone(
    tmp_path, monkeypatch, then, is_deleted
):
    """A file that is written in place is empty for a moment, and a folder is removed file by file."""
    found = FunctionRecord(FunctionKey("ap-tokyo", "default", "fn"), "index.main_handler", OWN_RUNTIME, tmp_path)
    place, shown = tmp_path / "serverless.yml", []
    before, changed = (FolderDefinition(found, text, place) for text in ("before", "changed"))
    package = Package("ab" * 32, tmp_path, tmp_path / "zip", 1)

    async def scenario():
        database = Database(tmp_path / "state.db", shown.append)
        catalogue, _ = restore(database, None, {found.key: before})
        if is_deleted:
            catalogue.remove(found.key)
        else:
            function = catalogue.find(found.key)
            catalogue.put(function.with_latest(dataclasses.replace(function.latest, package=package)))
        scans = iter([changed, {"lasts": changed, "is gone": None, "is as before": before}[then]])
        monkeypatch.setattr(function_folders, "scan_folder", lambda *_, **__: next(scans))
        monkeypatch.setattr(function_folders, "_LASTING_SECONDS", 0.0)
        services = SimpleNamespace(
            catalogue=catalogue,
            layers=LayerCatalogue(database),
            settings=Settings(tmp_path),
            clock=time.time,
            console=SimpleNamespace(show=shown.append),
            interpreters=SimpleNamespace(prepare=lambda runtimes: None),
            packages=SimpleNamespace(drop_unused=lambda used: False),
            timers=SimpleNamespace(reschedule=lambda: None),
            urls=UrlAddresses(UrlIds(database), UrlBases("125", 1, 1, "http://127.0.0.1:2")),
            scheduler=SimpleNamespace(
                replace_version=AsyncMock(return_value=False), drain_version=lambda *_, **__: None
            ),
        )
        await reload.Reloader(services, Project({found.key: found}, {found.key: place}), {})._take(found.key)
        function = catalogue.find(found.key)
        is_folders = function is not None and function.latest.package is None
        assert is_folders == (then == "lasts")
        database.close()

    asyncio.run(scenario())
    words = "the function is there again" if is_deleted else "its code replaces the code of $LATEST"
    assert any(words in line for line in shown) == (then == "lasts")


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_a_link_leads_to_is_live_when_it_is_saved(start_local_scf, folder, tmp_path, is_folder):
    """Also for each of two functions that share it, and after the link leads elsewhere."""
    (folder / "helper.py").unlink()
    shared = tmp_path / "shared"
    for place in (shared, tmp_path / "other"):
        (place / "helper").mkdir(parents=True)
    second = folder.parent / "second"
    second.mkdir()
    (second / "index.py").write_text(CODE)
    file = "helper/__init__.py" if is_folder else "helper.py"
    link = "helper" if is_folder else "helper.py"
    save(shared / file, "WORD = 1\n")
    (folder / link).symlink_to(shared / link)
    (second / link).symlink_to(f"../../shared/{link}")
    server = start_local_scf(folder.parent)
    for name in ("fn", "second"):
        until(server, "1", name)
    save(shared / file, "WORD = 2\n")
    for name in ("fn", "second"):
        until(server, "2", name)
    save(tmp_path / "other" / file, "WORD = 3\n")
    (tmp_path / "new").symlink_to(tmp_path / "other" / link)
    (tmp_path / "new").replace(folder / link)
    until(server, "3")
    save(tmp_path / "other" / file, "WORD = 4\n")
    until(server, "4")
    assert server.invoke("second")["RetMsg"] == "2"


@pytest.mark.parametrize("place", ["outside", ".venv/lib", "functions/common"])
def test_a_saved_module_of_pythonpath_is_live(start_local_scf, folder, tmp_path, place):
    modules = tmp_path / place
    modules.mkdir(parents=True)
    (folder / "helper.py").replace(modules / "helper.py")
    path = os.path.relpath(modules, folder) if place == "outside" else modules
    save(folder / "serverless.yml", MANIFEST % f"environment: {{variables: {{PYTHONPATH: '{path}'}}}}")
    server = start_local_scf(folder.parent)
    until(server, "1")
    server.request("PublishVersion", {"FunctionName": "fn"})
    save(modules / "helper.py", "WORD = 2\n")
    until(server, "2")
    assert "[fn] changed; the next call runs it (" in server.settled_stderr()


@pytest.mark.parametrize("above", [".tox", ".venv/lib", "node_modules"])
def test_a_project_below_a_folder_that_projects_leave_out_is_followed(start_local_scf, folder, tmp_path, above):
    root = tmp_path / above / "functions"
    root.parent.mkdir(parents=True)
    shutil.move(folder.parent, root)
    server = start_local_scf(root)
    until(server, "1")
    save(root / "fn" / "helper.py", "WORD = 2\n")
    until(server, "2")


def test_code_below_a_folder_that_the_project_leaves_out_is_followed(start_local_scf, folder):
    code = folder.parent / ".tox" / "code"
    code.parent.mkdir()
    shutil.move(folder, code)
    folder.mkdir()
    save(folder / "serverless.yml", (MANIFEST % "timeout: 3").replace("src: .", "src: ../.tox/code"))
    server = start_local_scf(folder.parent)
    until(server, "1")
    save(code / "helper.py", "WORD = 2\n")
    until(server, "2")


def test_packages_that_are_installed_are_live(start_local_scf, folder, tmp_path):
    packages = tmp_path / "packages"
    packages.mkdir()
    (folder / "helper.py").replace(packages / "helper.py")
    server = start_local_scf(folder.parent, "--packages", packages)
    until(server, "1")
    save(packages / "helper.py", "WORD = 2\n")
    until(server, "2")


def test_changed_paths_reach_the_folders_around_them_and_in_them():
    changed = reload.ChangedPaths({Path("/a/b/c.py"), Path("/a/venv")})
    reached = ["/", "/a", "/a/b", "/a/b/c.py", "/a/venv", "/a/venv/lib/python3.11"]
    assert all(changed.reaches(Path(folder)) for folder in reached)
    assert not any(changed.reaches(Path(folder)) for folder in ["/a/b2", "/a/b/c", "/a/venv2", "/b", "/a/b/d"])
    assert not reload.ChangedPaths(set()).reaches(Path("/"))
