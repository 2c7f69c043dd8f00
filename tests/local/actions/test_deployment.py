"""What managing functions leaves on the machine: no process and no file that nobody needs."""

import base64
import io
import json
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME

CODE = """
import os, subprocess, time
def main_handler(event, context):
    if event == "sleep":
        time.sleep(1)
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
    parameters = {"FunctionName": name, "Code": {"ZipFile": zipped(word)}, "Runtime": OWN_RUNTIME}
    assert set(server.request("CreateFunction", parameters).response) == {"RequestId"}


def gone(path):
    deadline = time.monotonic() + 5
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not path.exists()


def test_deleting_a_function_leaves_no_process_and_no_code(server, ends):
    create(server)
    pid, folder = json.loads(server.invoke("made")["RetMsg"])
    assert Path(folder).is_dir()
    assert set(server.request("DeleteFunction", {"FunctionName": "made"}).response) == {"RequestId"}
    assert ends(pid)
    assert gone(Path(folder))
    assert gone(Path(folder).parent)


def test_new_code_leaves_no_old_process_and_no_old_code(server, ends):
    create(server)
    pid, folder = json.loads(server.invoke("made")["RetMsg"])
    server.request("UpdateFunctionCode", {"FunctionName": "made", "ZipFile": zipped("two")})
    assert ends(pid)
    assert gone(Path(folder))
    assert json.loads(server.invoke("made")["RetMsg"])[1] != folder


def test_code_that_two_functions_share_stays_until_both_have_gone(server):
    create(server, "made")
    create(server, "twin")
    folder = Path(json.loads(server.invoke("made")["RetMsg"])[1])
    server.request("DeleteFunction", {"FunctionName": "made"})
    assert json.loads(server.invoke("twin")["RetMsg"])[1] == str(folder)
    assert folder.is_dir()
    server.request("DeleteFunction", {"FunctionName": "twin"})
    assert gone(folder)


def test_a_call_under_way_ends_on_the_code_that_it_began_with(server):
    create(server)
    _, folder = json.loads(server.invoke("made")["RetMsg"])
    results = []
    thread = threading.Thread(target=lambda: results.append(server.invoke("made", "sleep")))
    thread.start()
    time.sleep(0.3)
    server.request("DeleteFunction", {"FunctionName": "made"})
    assert Path(folder).is_dir()
    thread.join()
    assert json.loads(results[0]["RetMsg"])[1] == folder
    assert gone(Path(folder))


def test_code_is_kept_without_write_bits_and_away_from_the_project(server, tmp_path):
    create(server)
    _, folder = json.loads(server.invoke("made")["RetMsg"])
    assert os.stat(Path(folder) / "index.py").st_mode & 0o222 == 0
    assert tmp_path / "functions" not in Path(folder).parents


def test_deleting_a_function_of_a_folder_leaves_the_folder(server, tmp_path):
    server.request("DeleteFunction", {"FunctionName": "found"})
    assert server.error("InvokeFunction", {"FunctionName": "found"})[0] == "ResourceNotFound.Function"
    assert (tmp_path / "functions" / "found" / "index.py").exists()


def test_an_update_in_the_middle_of_calls_fails_none(server):
    create(server)
    failures = []

    def call_often():
        for _ in range(40):
            result = server.invoke("made")
            if result["ErrMsg"]:
                failures.append(result)

    threads = [threading.Thread(target=call_often) for _ in range(3)]
    for thread in threads:
        thread.start()
    for word in ("two", "three", "four"):
        server.request("UpdateFunctionCode", {"FunctionName": "made", "ZipFile": zipped(word)})
        server.request("UpdateFunctionConfiguration", {"FunctionName": "made", "Timeout": 5})
    for thread in threads:
        thread.join()
    assert failures == []
    assert server.stderr == ""


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
    assert "it replaces what the API had made of $LATEST" in second.stderr
