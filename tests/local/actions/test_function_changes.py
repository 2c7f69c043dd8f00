"""What managing functions leaves on the machine: no process and no file that nobody needs."""

import base64
import contextlib
import errno
import io
import json
import os
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local.actions import function_code
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import scf_command, wait_until

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


def test_no_function_writes_beside_code_that_others_share(server):
    create(server)
    _, folder = json.loads(server.invoke("made")["RetMsg"])
    modes = {os.stat(place).st_mode & 0o777 for place, _, _ in os.walk(Path(folder).parent)}
    assert modes == {0o500}


def test_one_rule_packs_versions_and_addresses(start_local_scf, tmp_path):
    folder = tmp_path / "project" / "code"
    for name in ("index.py", ".env", "tests/t.py", "lib/.venv/x", "lib/a.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CODE)
    (folder.parent / "serverless.yml").write_text(
        "component: scf\nname: x\ninputs:\n  name: packed\n  runtime: Python3.10\n"
        "  src: {src: ./code, exclude: ['tests/**']}\n  traceEnable: true\n  role: mine\n  tags: {a: b}\n"
        "  vpcConfig: {vpcId: vpc-1, subnetId: subnet-1}\n"
    )
    server = start_local_scf(folder.parent)
    server.request("PublishVersion", {"FunctionName": "packed"})
    for qualifier in ("$LATEST", "1"):
        chosen = {"FunctionName": "packed", "Qualifier": qualifier}
        address = server.request("GetFunctionAddress", chosen).response["Url"]
        with zipfile.ZipFile(address.removeprefix("file://")) as archive:
            assert archive.namelist() == ["index.py", "lib/a.py"]
        shown = server.request("GetFunction", chosen).response
        assert (shown["Role"], shown["TraceEnable"], shown["Tags"]) == ("mine", "TRUE", [{"Key": "a", "Value": "b"}])
        assert shown["VpcConfig"] == {"VpcId": "vpc-1", "SubnetId": "subnet-1"}
    wait_until(lambda: "[packed] packed: left out: .env (may hold secrets), lib/.venv/" in server.stderr)
    server.request("GetFunctionAddress", {"FunctionName": "packed"})
    assert server.settled_stderr().count("left out: .env") == 1
    filters = [{"Name": "VpcId", "Values": ["vpc-1"]}, {"Name": "TraceEnable", "Values": ["TRUE"]}]
    assert server.request("ListFunctions", {"Filters": filters}).response["TotalCount"] == 1


def large_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", os.urandom(3_000_000))
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_full_disk_is_named_with_what_to_do_and_leaves_nothing_behind(start_local_scf, tmp_path):
    """A bound on the size of files stands for the disk: the system refuses the write in the same way."""
    folder = tmp_path / "functions" / "found"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE)
    (folder / "data").write_bytes(os.urandom(3_000_000))
    state = tmp_path / "state"
    command = scf_command("local", "start", folder.parent, "--port", 0, "--state", state, "--env-file")
    bounded = ["bash", "-c", 'ulimit -f 2048 && exec "$@"', "bash", *command]  # of 1,024 bytes
    server = start_local_scf._start(bounded, {})
    create(server)
    before = os.listdir(state / "packages")
    large = {"Code": {"ZipFile": large_zip()}}
    requests = {
        "CreateFunction": {"FunctionName": "other", **large, "Runtime": OWN_RUNTIME},
        "UpdateFunctionCode": {"FunctionName": "made", **large},
        "PublishVersion": {"FunctionName": "found"},
        "GetFunctionAddress": {"FunctionName": "found"},
    }
    for action, parameters in requests.items():
        answer = server.error(action, parameters)
        assert answer[0] == f"FailedOperation.{action}"
        assert f"can't be kept in {state}/packages: File too large. Make room on that disk" in answer[1], answer
    assert os.listdir(state / "packages") == before
    assert server.invoke("made")["ErrMsg"] == ""
    assert "internal error" not in server.stderr


def test_a_database_that_can_not_grow_is_named_too(start_local_scf, tmp_path):
    folder, state = tmp_path / "functions" / "found", tmp_path / "state"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE)
    command = scf_command("local", "start", folder.parent, "--port", 0, "--state", state, "--env-file")
    server = start_local_scf._start(["bash", "-c", 'ulimit -f 256 && exec "$@"', "bash", *command], {})
    create(server)
    for action in ("PublishVersion", "UpdateFunctionCode"):  # there is room again for a while after a failure
        changes = ({"FunctionName": "made", "ZipFile": zipped(f"word {number}")} for number in range(500))
        fields = changes if action == "UpdateFunctionCode" else ({"FunctionName": "made"} for _ in range(500))
        error = next(filter(None, (server.request(action, each).response.get("Error") for each in fields)))
        assert error["Code"] == f"FailedOperation.{action}"
        assert error["Message"].startswith(f"The function can't be kept in {state}: ")
        assert error["Message"].endswith(" Nothing has changed. Make room on that disk.")
    assert server.invoke("made")["ErrMsg"] == ""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_in_either_way_is_full(number):
    words = str(
        function_code.refuse_unkept(Path("/state/packages"), "FailedOperation.X", OSError(number, "words")).message
    )
    assert words.startswith("The code can't be kept in /state/packages: words. Make room on that disk")


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
    assert "ERROR" not in server.settled_stderr()


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
    # the file lies in the code's folder, so the code counts as changed, too
    assert "has changed; it replaces what the API had made of $LATEST" in second.settled_stderr()
