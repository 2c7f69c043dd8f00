"""CopyFunction: what a copy has of the other function, what it has not, and what it replaces."""

import base64
import io
import json
import zipfile

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import wait_until
from tests.local.layering import publish

TELL = """
import os
def main_handler(event, context):
    return {"answer": %r, "who": os.environ.get("WHO"), "memory": context["memory_limit_in_mb"], "pid": os.getpid()}
"""
CRON = "0 0 0 1 1 * *"


def zipped(code):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def server(start_local_scf, tmp_path):
    (tmp_path / "functions" / "found").mkdir(parents=True)
    (tmp_path / "functions" / "found" / "index.py").write_text(TELL % "folder")
    return start_local_scf(tmp_path / "functions")


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    return response


def create(server, name, word, **parameters):
    code = {"ZipFile": zipped(TELL % word)}
    do(server, "CreateFunction", FunctionName=name, Code=code, Runtime=OWN_RUNTIME, **parameters)


def run(server, name, **parameters):
    return json.loads(server.invoke(name, **parameters)["RetMsg"])


def test_a_copy_has_code_and_configuration_and_nothing_that_belongs_to_the_other_function(server):
    settings = {"MemorySize": 256, "Timeout": 9, "Description": "first", "Tags": [{"Key": "a", "Value": "b"}]}
    variables = {"Environment": {"Variables": [{"Key": "WHO", "Value": "me"}]}, "ClsTopicId": "topic"}
    create(server, "first", "one", **settings, **variables, AsyncRunEnable="FALSE", Role="a-role")
    do(server, "PublishVersion", FunctionName="first")
    do(server, "CreateAlias", FunctionName="first", Name="prod", FunctionVersion="1")
    do(server, "CreateTrigger", FunctionName="first", TriggerName="yearly", Type="timer", TriggerDesc=CRON)
    do(server, "PutReservedConcurrencyConfig", FunctionName="first", ReservedConcurrencyMem=512)
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="second")
    shown = do(server, "GetFunction", FunctionName="second")
    assert (shown["MemorySize"], shown["Timeout"], shown["Description"]) == (256, 9, "first")
    assert (shown["Tags"], shown["Role"], shown["ClsTopicId"]) == ([{"Key": "a", "Value": "b"}], "a-role", "")
    assert (shown["Triggers"], shown["FunctionVersion"]) == ([], "$LATEST")
    assert do(server, "ListVersionByFunction", FunctionName="second")["TotalCount"] == 1
    assert [each["Name"] for each in do(server, "ListAliases", FunctionName="second")["Aliases"]] == ["$DEFAULT"]
    assert do(server, "GetReservedConcurrencyConfig", FunctionName="second")["ReservedMem"] is None
    told = run(server, "second")
    assert (told["answer"], told["who"], told["memory"]) == ("one", "me", 256)


def test_without_the_configuration_a_copy_has_the_defaults(server):
    create(server, "first", "one", MemorySize=256, Description="first")
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="plain", CopyConfiguration=False)
    shown = do(server, "GetFunction", FunctionName="plain")
    assert (shown["MemorySize"], shown["Timeout"], shown["Description"]) == (128, 3, "")
    assert (shown["Runtime"], shown["Handler"]) == (OWN_RUNTIME, "index.main_handler")
    assert run(server, "plain")["answer"] == "one"


def test_a_copy_goes_on_when_the_other_function_changes_or_goes(server):
    create(server, "first", "one")
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="second", Description="a copy")
    do(server, "UpdateFunctionCode", FunctionName="first", ZipFile=zipped(TELL % "two"))
    assert run(server, "second")["answer"] == "one"
    do(server, "DeleteFunction", FunctionName="first")
    assert run(server, "second")["answer"] == "one"
    assert do(server, "GetFunction", FunctionName="second")["Description"] == "a copy"


def test_a_copy_lands_in_another_region_and_namespace(server):
    create(server, "first", "one")
    do(server, "CreateNamespace", Namespace="other")
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="first", TargetNamespace="other")
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="first", TargetRegion="ap-shanghai")
    assert run(server, "first", Namespace="other")["answer"] == "one"
    assert run(server, "first", region="ap-shanghai")["answer"] == "one"


def test_the_code_of_a_folder_is_copied_as_it_is_now_and_the_folder_stays(server, tmp_path):
    entry = tmp_path / "functions" / "found" / "index.py"
    entry.write_text(TELL % "saved just now")
    do(server, "CopyFunction", FunctionName="found", NewFunctionName="copied")
    entry.write_text(TELL % "saved later")
    assert run(server, "copied")["answer"] == "saved just now"
    wait_until(lambda: run(server, "found")["answer"] == "saved later")


def test_a_taken_name_is_replaced_with_override_alone_and_with_all_that_belonged_to_it(server, ends):
    create(server, "first", "one")
    create(server, "taken", "other", Description="old")
    do(server, "PublishVersion", FunctionName="taken")
    do(server, "CreateTrigger", FunctionName="taken", TriggerName="yearly", Type="timer", TriggerDesc=CRON)
    pid = run(server, "taken")["pid"]
    copy = {"FunctionName": "first", "NewFunctionName": "taken"}
    code, message = server.error("CopyFunction", copy)
    assert (code, "Override" in message) == ("ResourceInUse.FunctionName", True)
    assert run(server, "taken")["answer"] == "other"
    do(server, "CopyFunction", **copy, Override=True)
    assert run(server, "taken")["answer"] == "one"
    assert do(server, "ListVersionByFunction", FunctionName="taken")["TotalCount"] == 1
    assert do(server, "ListTriggers", FunctionName="taken")["TotalCount"] == 0
    assert ends(pid)


def test_a_copy_has_the_layers_too_where_its_region_has_them(server):
    number = publish(server, "words", {"words.txt": ""})
    create(server, "first", "one", Layers=[{"LayerName": "words", "LayerVersion": number}])
    do(server, "CopyFunction", FunctionName="first", NewFunctionName="second")
    assert [each["LayerName"] for each in do(server, "GetFunction", FunctionName="second")["Layers"]] == ["words"]
    afar = {"FunctionName": "first", "NewFunctionName": "second", "TargetRegion": "ap-shanghai"}
    code, message = server.error("CopyFunction", afar)
    assert (code, "'words'" in message) == ("FailedOperation.CopyFailed", True)
    do(server, "CopyFunction", **afar, CopyConfiguration=False)
    assert server.request("GetFunction", {"FunctionName": "second"}, region="ap-shanghai").response["Layers"] == []
