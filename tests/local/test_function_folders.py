"""Folder and API meet: what has changed last stands, live and after a restart; a folder that is away loses nothing."""

import base64
import io
import shutil
import zipfile

import pytest

from tests.conftest import wait_until
from tests.local.test_reload import add_function, save, until


def zipped(word):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", f"def main_handler(event, context):\n    return {word!r}\n")
    return base64.b64encode(buffer.getvalue()).decode()


def send_code(server, word, name="fn"):
    assert "Error" not in server.request("UpdateFunctionCode", {"FunctionName": name, "ZipFile": zipped(word)}).response


def write(folder, word):
    save(folder / "index.py", f"def main_handler(event, context):\n    return {word!r}\n")


@pytest.fixture
def project(tmp_path):
    """A project with the functions ``fn`` and ``other``."""
    (tmp_path / "functions").mkdir()
    for name in ("fn", "other"):
        add_function(tmp_path / "functions", name, "first")
    return tmp_path / "functions"


@pytest.fixture
def start(start_local_scf, project, tmp_path):
    """Starts a server on the project, again and again with the same state."""
    return lambda *options: start_local_scf(project, "--state", tmp_path / "state", *options)


def test_what_changed_last_stands_live_and_after_a_restart(start, project):
    server = start()
    until(server, '"first"')
    for number in range(2):
        send_code(server, f"sent {number}")
        until(server, f'"sent {number}"')
        write(project / "fn", f"saved {number}")
        until(server, f'"saved {number}"')
    assert server.settled_stderr().count("its code replaces the code of $LATEST that came through the API") == 2
    write(project / "fn", "saved at last")
    send_code(server, "sent at last")
    until(server, '"sent at last"')
    write(project / "other", "told after it")
    until(server, '"told after it"', "other")
    until(server, '"sent at last"')
    server.request("UpdateFunctionConfiguration", {"FunctionName": "fn", "Timeout": 30})
    assert server.stop() == 0
    server = start()
    until(server, '"sent at last"')
    assert server.stop() == 0
    write(project / "fn", "saved meanwhile")
    server = start()
    until(server, '"saved meanwhile"')
    assert "its code replaces" in server.settled_stderr()
    assert server.request("GetFunction", {"FunctionName": "fn"}).response["Timeout"] == 30


def test_what_was_sent_after_a_save_stands_where_nobody_follows_files(start, project):
    server = start("--no-reload")
    write(project / "fn", "saved")
    send_code(server, "sent")
    server.request("DeleteFunction", {"FunctionName": "other"})
    assert server.stop() == 0
    server = start("--no-reload")
    until(server, '"sent"')
    assert server.error("InvokeFunction", {"FunctionName": "other"})[0] == "ResourceNotFound.Function"
    write(project / "fn", "saved again")
    assert server.stop() == 0
    server = start("--no-reload")
    until(server, '"saved again"')


def test_what_was_sent_after_a_folder_came_back_in_another_place_stands(start_local_scf, project, tmp_path):
    moved, state = tmp_path / "moved", ("--state", tmp_path / "state")
    server = start_local_scf(project, *state)
    send_code(server, "sent first")
    assert server.stop() == 0
    (project / "fn").rename(tmp_path / "fn")
    project.rename(moved)
    server = start_local_scf(moved, *state, "--no-reload")
    (tmp_path / "fn").rename(moved / "fn")
    write(moved / "fn", "saved")
    send_code(server, "sent")
    assert server.stop() == 0
    server = start_local_scf(moved, *state)
    until(server, '"sent"')


MANAGED = (
    ("UpdateFunctionConfiguration", {"Timeout": 30, "Environment": {"Variables": [{"Key": "A", "Value": "1"}]}}),
    ("PublishVersion", {}),
    ("CreateAlias", {"Name": "live", "FunctionVersion": "1"}),
    ("CreateTrigger", {"TriggerName": "timer", "Type": "timer", "TriggerDesc": "0 0 0 1 1 * *"}),
    ("PutReservedConcurrencyConfig", {"ReservedConcurrencyMem": 256}),
)
ASKED = ("GetFunction", "ListAliases", "ListVersionByFunction", "ListTriggers", "GetReservedConcurrencyConfig")


def facts(server, name):
    """All that there is to know of a function, but for what differs from one answer to the next."""
    answers = {action: server.request(action, {"FunctionName": name}).response for action in ASKED}
    return {action: {key: answer[key] for key in answer.keys() - {"RequestId"}} for action, answer in answers.items()}


def test_a_folder_that_is_away_loses_nothing(start, project, tmp_path):
    server = start()
    for action, parameters in MANAGED:
        for name in ("fn", "other")[: 1 if action in ("PublishVersion", "CreateAlias") else 2]:
            answer = server.request(action, {"FunctionName": name, **parameters}).response
            assert "Error" not in answer, answer
    before = {name: facts(server, name) for name in ("fn", "other")}
    call = server.invoke("other")
    add_function(project, "third", "third")  # a project without functions does not start
    until(server, '"third"', "third")

    def is_away(name):
        error = server.request("InvokeFunction", {"FunctionName": name}).response.get("Error", {})
        words = f"The folder of function '{name}' is away"
        return error.get("Code") == "ResourceNotFound.Function" and words in error["Message"]

    for restarts in (False, True):
        for name in before:
            (project / name).rename(tmp_path / name)
        wait_until(lambda: is_away("other") and is_away("fn"))
        if restarts:
            assert server.stop() == 0
            server = start()
        assert [name for name in before if not is_away(name)] == []
        assert server.invoke("fn", Qualifier="live")["RetMsg"] == '"first"'
        assert server.error("CreateFunction", {"FunctionName": "other", "Code": {"ZipFile": zipped("")}})[0] == (
            "ResourceInUse.Function"
        )
        asked = {"FunctionName": "other", "FunctionRequestId": call["FunctionRequestId"]}
        assert server.request("GetRequestStatus", asked).response["TotalCount"] == 1
        listed = [each["FunctionName"] for each in server.request("ListFunctions", {}).response["Functions"]]
        assert listed == ["fn", "third"]  # the one that has a published version, and the one that is there
        for name in before:
            (tmp_path / name).rename(project / name)
            until(server, '"first"', name)
        assert {name: facts(server, name) for name in before} == before
    shutil.rmtree(project / "other")
    wait_until(lambda: is_away("other"))
    assert "Error" not in server.request("DeleteFunction", {"FunctionName": "other"}).response
    assert not is_away("other")


def test_a_deleted_function_stays_deleted_until_its_own_folder_changes(start, project):
    server = start()
    for action, parameters in MANAGED[:2]:
        assert "Error" not in server.request(action, {"FunctionName": "fn", **parameters}).response
    server.request("DeleteFunction", {"FunctionName": "fn"})
    write(project / "other", "second")
    until(server, '"second"', "other")
    assert server.error("InvokeFunction", {"FunctionName": "fn"})[0] == "ResourceNotFound.Function"
    assert server.stop() == 0
    server = start()
    add_function(project, "third", "third")
    until(server, '"third"', "third")
    assert server.error("InvokeFunction", {"FunctionName": "fn"})[0] == "ResourceNotFound.Function"
    write(project / "fn", "second")
    wait_until(lambda: "since DeleteFunction; the function is there again" in server.stderr)
    until(server, '"second"')
    assert server.request("GetFunction", {"FunctionName": "fn"}).response["Timeout"] == 3
    assert server.request("ListVersionByFunction", {"FunctionName": "fn"}).response["TotalCount"] == 1


def test_what_was_created_in_place_of_a_deleted_function_stands_until_the_folder_changes(start, project):
    server = start()
    server.request("DeleteFunction", {"FunctionName": "fn"})
    created = {"FunctionName": "fn", "Code": {"ZipFile": zipped("sent")}, "Runtime": "Python3.10", "Timeout": 30}
    assert "Error" not in server.request("CreateFunction", created).response
    assert server.stop() == 0
    server = start()
    assert server.invoke("fn")["RetMsg"] == '"sent"'
    write(project / "fn", "saved")
    until(server, '"saved"')
