"""What managing functions leaves on the machine: no process and no file that nobody needs."""

import base64
import contextlib
import io
import json
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import wait_until

CODE = """
import os, subprocess, time
def main_handler(event, context):
    if event:
        open(os.path.join(event, "begun-" + context["request_id"]), "w").close()
        while not os.path.exists(os.path.join(event, "open")):
            time.sleep(0.01)
    return [os.getpid(), os.getcwd()]
# %s
"""


def zipped(word):
    """The same bytes whenever it is made, so that two functions can share them."""
    buffer = io.BytesIO()
    member = zipfile.ZipInfo("index.py")
    member.external_attr = 0o644 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, CODE % word)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def server(start_local_scf, tmp_path):
    (tmp_path / "functions" / "found").mkdir(parents=True)
    (tmp_path / "functions" / "found" / "index.py").write_text(CODE % "found")
    return start_local_scf(tmp_path / "functions")


def create(server, name="made", word="one"):
    parameters = {"FunctionName": name, "Code": {"ZipFile": zipped(word)}, "Runtime": OWN_RUNTIME, "Timeout": 600}
    assert set(server.request("CreateFunction", parameters).response) == {"RequestId"}


def wait_until_gone(path):
    wait_until(lambda: not path.exists())


@contextlib.contextmanager
def held_call(server, gate):
    """A call that has begun; it ends when the gate is open. Its result is to come."""
    with ThreadPoolExecutor(1) as caller:
        before = gate.begun()
        result = caller.submit(server.invoke, "made", str(gate))
        try:
            wait_until(lambda: gate.begun() > before or result.done())
            assert not result.done()
            yield result
        finally:
            gate.open()


def test_deleting_a_function_leaves_no_process_and_no_code(server, ends):
    create(server)
    pid, folder = json.loads(server.invoke("made")["RetMsg"])
    assert Path(folder).is_dir()
    assert set(server.request("DeleteFunction", {"FunctionName": "made"}).response) == {"RequestId"}
    assert ends(pid)
    wait_until_gone(Path(folder))
    wait_until_gone(Path(folder).parent)


def test_new_code_leaves_no_old_process_and_no_old_code(server, ends):
    create(server)
    pid, folder = json.loads(server.invoke("made")["RetMsg"])
    server.request("UpdateFunctionCode", {"FunctionName": "made", "ZipFile": zipped("two")})
    assert ends(pid)
    wait_until_gone(Path(folder))
    assert json.loads(server.invoke("made")["RetMsg"])[1] != folder


def test_code_that_two_functions_share_stays_until_both_have_gone(server):
    create(server, "made")
    create(server, "twin")
    folder = Path(json.loads(server.invoke("made")["RetMsg"])[1])
    server.request("DeleteFunction", {"FunctionName": "made"})
    assert json.loads(server.invoke("twin")["RetMsg"])[1] == str(folder)
    assert folder.is_dir()
    server.request("DeleteFunction", {"FunctionName": "twin"})
    wait_until_gone(folder)


def test_a_call_under_way_ends_on_the_code_that_it_began_with(server, gate):
    create(server)
    _, folder = json.loads(server.invoke("made")["RetMsg"])
    with held_call(server, gate) as result:
        server.request("DeleteFunction", {"FunctionName": "made"})
        assert Path(folder).is_dir()
    assert json.loads(result.result()["RetMsg"])[1] == folder
    wait_until_gone(Path(folder))


def test_code_is_kept_without_write_bits_and_away_from_the_project(server, tmp_path):
    create(server)
    _, folder = json.loads(server.invoke("made")["RetMsg"])
    assert os.stat(Path(folder) / "index.py").st_mode & 0o222 == 0
    assert tmp_path / "functions" not in Path(folder).parents


def test_deleting_a_function_of_a_folder_leaves_the_folder(server, tmp_path):
    server.request("DeleteFunction", {"FunctionName": "found"})
    assert server.error("InvokeFunction", {"FunctionName": "found"})[0] == "ResourceNotFound.Function"
    assert (tmp_path / "functions" / "found" / "index.py").exists()


def test_an_update_in_the_middle_of_calls_fails_none(server, gate):
    create(server)
    results, is_updated = [], threading.Event()

    def call_often():
        while not is_updated.is_set():
            results.append(server.invoke("made"))

    def wait_for_more():
        count = len(results) + 10
        wait_until(lambda: len(results) >= count or not any(thread.is_alive() for thread in threads))

    threads = [threading.Thread(target=call_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    with held_call(server, gate) as held:
        for word in ("two", "three", "four"):
            wait_for_more()
            server.request("UpdateFunctionCode", {"FunctionName": "made", "ZipFile": zipped(word)})
            server.request("UpdateFunctionConfiguration", {"FunctionName": "made", "Timeout": 500})
        wait_for_more()
    is_updated.set()
    for thread in threads:
        thread.join()
    assert [result for result in [*results, held.result()] if result["ErrMsg"]] == []
    folders = [json.loads(result["RetMsg"])[1] for result in results]
    assert len(set(folders)) == 4  # each code ran
    assert json.loads(held.result()["RetMsg"])[1] == folders[0]
    assert server.settled_stderr() == ""


def test_what_was_managed_outlives_the_server(start_local_scf, tmp_path):
    (tmp_path / "functions" / "found").mkdir(parents=True)
    (tmp_path / "functions" / "found" / "index.py").write_text(CODE % "found")
    first = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    create(first)
    first.request("PublishVersion", {"FunctionName": "made"})
    first.request("CreateAlias", {"FunctionName": "made", "Name": "live", "FunctionVersion": "1"})
    first.request("CreateNamespace", {"Namespace": "other", "Description": "kept"})
    first.request("UpdateFunctionConfiguration", {"FunctionName": "found", "Timeout": 30})
    create(first, "dropped", "two")
    assert first.request("DeleteFunction", {"FunctionName": "dropped"}).response.keys() == {"RequestId"}
    ran = first.invoke("made")
    assert first.stop() == 0
    (tmp_path / "state").rename(tmp_path / "moved")
    second = start_local_scf(tmp_path / "functions", "--state", tmp_path / "moved")
    listed = second.request("ListFunctions", {}).response["Functions"]
    assert [function["FunctionName"] for function in listed] == ["found", "made"]
    assert second.invoke("made", Qualifier="live")["InvokeResult"] == 0
    spaces = second.request("ListNamespaces", {}).response["Namespaces"]
    assert [(each["Name"], each["Description"]) for each in spaces] == [("default", ""), ("other", "kept")]
    assert second.request("GetFunction", {"FunctionName": "found"}).response["Timeout"] == 30
    asked = {"FunctionName": "made", "FunctionRequestId": ran["FunctionRequestId"]}
    assert second.request("GetRequestStatus", asked).response["Data"][0]["RetMsg"] == ran["RetMsg"]
    assert len([each for each in (tmp_path / "moved" / "packages").iterdir() if each.is_dir()]) == 1


def test_a_folder_that_has_changed_wins_over_what_the_api_had_made_of_it(start_local_scf, tmp_path):
    folder = tmp_path / "functions" / "found"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE % "found")
    manifest = "component: scf\nname: found\ninputs: {name: found, src: ., runtime: %s, memorySize: %d}\n"
    (folder / "serverless.yml").write_text(manifest % (OWN_RUNTIME, 128))
    first = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    first.request("UpdateFunctionConfiguration", {"FunctionName": "found", "Timeout": 30})
    assert first.stop() == 0
    (folder / "serverless.yml").write_text(manifest % (OWN_RUNTIME, 256))
    second = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    shown = second.request("GetFunction", {"FunctionName": "found"}).response
    assert (shown["MemorySize"], shown["Timeout"]) == (256, 3)
    assert "has changed; its settings replace those of $LATEST that came through the API" in second.settled_stderr()
