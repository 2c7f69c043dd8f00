"""Tencent's tencentcloud-sdk-python-scf, typed, manages functions on the local SCF from their creation to their end."""

import calendar
import json
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tencentcloud.scf.v20180416 import models

from tencentserverless.local.actions import unpublished
from tencentserverless.local.actions.table import ACTIONS
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.management import ECHO, FAIL, FORMS, TELL, Judge, layer_fields, managed_server, zipped
from tests.conftest import LocalScf


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        yield started


#: The form in which most programs send. test_request_forms.py sends what is nested in all of them, make proof all.
USUAL_FORM = FORMS[0]


@pytest.fixture(
    params=[pytest.param(form, marks=[] if form == USUAL_FORM else pytest.mark.proof) for form in FORMS], ids="-".join
)
def judge(server: LocalScf, request: pytest.FixtureRequest) -> Iterator[Judge]:
    """A client in a region of the test's own, so that no test sees another's functions."""
    number = sum(request.node.nodeid.encode()) * 7919 % 1_000_000
    made = Judge(server, f"ap-test{number}", request.param)
    yield made
    made.close()


@pytest.fixture
def at_home(server: LocalScf) -> Iterator[Judge]:
    """A client in the region of the function that was found in a folder."""
    made = Judge(server, "ap-guangzhou")
    yield made
    made.close()


def test_a_function_from_creation_to_deletion(judge):
    judge.create("life", TELL % "one", Description="what for", MemorySize=256, Timeout=7)
    shown = judge("GetFunction", FunctionName="life", ShowCode="TRUE")
    assert (shown.Status, shown.FunctionVersion, shown.MemorySize, shown.Timeout) == ("Active", "$LATEST", 256, 7)
    assert (shown.Description, shown.Runtime, shown.CodeInfo) == ("what for", OWN_RUNTIME, TELL % "one")
    assert [each.FunctionName for each in judge("ListFunctions").Functions] == ["life"]
    assert judge.run("life") == {"answer": "one", "version": "$LATEST", "env": None, "seen": "$LATEST", "memory": 256}
    judge("DeleteFunction", FunctionName="life")
    assert judge("ListFunctions").TotalCount == 0
    with judge.refused("ResourceNotFound.Function"):
        judge.run("life")


def test_new_code_and_configuration_are_what_the_next_call_runs(judge):
    judge.create("change", TELL % "one", Environment={"Variables": [{"Key": "WHO", "Value": "first"}]})
    assert judge.run("change")["env"] == "first"
    judge("UpdateFunctionCode", FunctionName="change", ZipFile=zipped(TELL % "two"))
    assert judge.run("change")["answer"] == "two"
    judge(
        "UpdateFunctionConfiguration",
        FunctionName="change",
        MemorySize=512,
        Environment={"Variables": [{"Key": "WHO", "Value": "second"}]},
    )
    told = judge.run("change")
    assert (told["answer"], told["env"], told["memory"]) == ("two", "second", 512)
    judge(
        "UpdateFunctionCode",
        FunctionName="change",
        Code={"ZipFile": zipped({"other.py": ECHO})},
        Handler="other.main_handler",
    )
    assert judge.run("change", [1]) == [1]
    shown = judge("GetFunction", FunctionName="change")
    assert (shown.Handler, shown.MemorySize, shown.Status) == ("other.main_handler", 512, "Active")


def test_variables_are_cleared_by_one_without_a_name(judge):
    judge.create("bare", TELL % "one", Environment={"Variables": [{"Key": "WHO", "Value": "first"}]})
    judge("UpdateFunctionConfiguration", FunctionName="bare", MemorySize=256)
    assert judge.run("bare")["env"] == "first"
    for _ in range(2):
        nameless = {"Variables": [{"Key": "", "Value": ""}]}
        judge("UpdateFunctionConfiguration", FunctionName="bare", Environment=nameless)
        assert judge.run("bare")["env"] is None
        assert judge("GetFunction", FunctionName="bare").Environment.Variables == []


def test_an_empty_list_clears_variables_too_where_the_form_of_the_request_can_say_it(at_home):
    at_home.create("bare", TELL % "one", Environment={"Variables": [{"Key": "WHO", "Value": "first"}]})
    at_home("UpdateFunctionConfiguration", FunctionName="bare", Environment={"Variables": []})
    assert at_home.run("bare")["env"] is None
    at_home("DeleteFunction", FunctionName="bare")


def test_versions_are_frozen_copies_numbered_upwards(judge):
    judge.create("numbers", TELL % "one")
    first = judge("PublishVersion", FunctionName="numbers", Description="the first")
    assert (first.FunctionVersion, first.Description, first.Handler) == ("1", "the first", "index.main_handler")
    judge("UpdateFunctionCode", FunctionName="numbers", ZipFile=zipped(TELL % "two"), Publish="TRUE")
    judge("UpdateFunctionConfiguration", FunctionName="numbers", MemorySize=256, Publish="TRUE")
    listed = judge("ListVersionByFunction", FunctionName="numbers")
    assert listed.FunctionVersion == ["$LATEST", "3", "2", "1"]
    assert (listed.TotalCount, listed.Versions[3].Description) == (4, "the first")
    told = {version: judge.run("numbers", Qualifier=version) for version in ("1", "2", "3", "$LATEST")}
    assert [told[version]["answer"] for version in ("1", "2", "3", "$LATEST")] == ["one", "two", "two", "two"]
    assert [told[version]["memory"] for version in ("1", "2", "3")] == [128, 128, 256]
    assert [told[version]["version"] for version in ("1", "2", "3")] == ["1", "2", "3"]
    assert judge("GetFunction", FunctionName="numbers", Qualifier="1").CodeSize == first.CodeSize
    judge("DeleteFunctionVersion", FunctionName="numbers", Qualifier="3", ForceDelete="true")
    assert judge("PublishVersion", FunctionName="numbers").FunctionVersion == "4"  # no number is given twice
    judge("DeleteFunction", FunctionName="numbers", Qualifier="2")
    assert judge("ListVersionByFunction", FunctionName="numbers", Order="ASC").FunctionVersion == ["$LATEST", "1", "4"]


def test_a_function_of_a_folder_is_managed_too_and_its_folder_stays(server, at_home):
    folder = Path(server.process.args[5])  # type: ignore[index]
    entry = folder / "found" / "index.py"
    before = entry.read_text()
    at_home("PublishVersion", FunctionName="found")
    at_home("UpdateFunctionCode", FunctionName="found", ZipFile=zipped(TELL % "sent"))
    assert at_home.run("found")["answer"] == "sent"
    assert at_home.run("found", Qualifier="1")["answer"] == "folder"
    assert entry.read_text() == before


def test_aliases_lead_to_versions(judge):
    judge.create("named", TELL % "one")
    judge("PublishVersion", FunctionName="named")
    judge("UpdateFunctionCode", FunctionName="named", ZipFile=zipped(TELL % "two"))
    judge("CreateAlias", FunctionName="named", Name="prod", FunctionVersion="1", Description="live")
    assert judge.run("named", Qualifier="prod")["answer"] == "one"
    assert judge("GetAlias", FunctionName="named", Name="prod").Description == "live"
    judge("UpdateAlias", FunctionName="named", Name="prod", FunctionVersion="$LATEST")
    assert judge.run("named", Qualifier="prod")["answer"] == "two"
    names = [alias.Name for alias in judge("ListAliases", FunctionName="named").Aliases]
    assert names == ["$DEFAULT", "prod"]
    judge("DeleteAlias", FunctionName="named", Name="prod")
    with judge.refused("ResourceNotFound.Qualifier"):
        judge.run("named", Qualifier="prod")


def test_the_default_alias_decides_what_a_call_without_a_qualifier_runs(judge):
    judge.create("usual", TELL % "one")
    judge("PublishVersion", FunctionName="usual")
    alias = judge("GetAlias", FunctionName="usual", Name="$DEFAULT")
    assert (alias.FunctionVersion, alias.RoutingConfig.AdditionalVersionWeights) == ("$LATEST", [])
    judge("UpdateAlias", FunctionName="usual", Name="$DEFAULT", FunctionVersion="1")
    assert judge.run("usual")["version"] == "1"
    result = judge("Invoke", FunctionName="usual").Result  # Invoke's default is $LATEST
    assert json.loads(result.RetMsg)["version"] == "$LATEST"
    with judge.refused("InvalidParameterValue.Alias"):
        judge("DeleteAlias", FunctionName="usual", Name="$DEFAULT")
    with judge.refused("UnsupportedOperation.AliasBind"):
        judge("DeleteFunctionVersion", FunctionName="usual", Qualifier="1")


def test_an_alias_shares_calls_by_weight(judge):
    judge.create("shared", TELL % "one")
    judge("PublishVersion", FunctionName="shared")
    for weight, version in ((0.0, "$LATEST"), (1.0, "1")):
        routing = {"AdditionalVersionWeights": [{"Version": "1", "Weight": weight}]}
        judge("UpdateAlias", FunctionName="shared", Name="$DEFAULT", FunctionVersion="$LATEST", RoutingConfig=routing)
        assert {judge.run("shared")["version"] for _ in range(5)} == {version}


def test_an_alias_chooses_by_rule(judge):
    judge.create("ruled", TELL % "one")
    judge("PublishVersion", FunctionName="ruled")
    match = {"Version": "1", "Key": "invoke.headers.User", "Method": "range", "Expression": "[1,10]"}
    judge(
        "CreateAlias",
        FunctionName="ruled",
        Name="beta",
        FunctionVersion="$LATEST",
        RoutingConfig={"AddtionVersionMatchs": [match]},
    )
    assert (
        judge("GetAlias", FunctionName="ruled", Name="beta").RoutingConfig.AddtionVersionMatchs[0].Expression
        == "[1,10]"
    )
    versions = [
        judge.run("ruled", Qualifier="beta", **({"RoutingKey": json.dumps({"User": user})} if user else {}))["version"]
        for user in ("1", "10", "11", "none", "")
    ]
    assert versions == ["1", "1", "$LATEST", "$LATEST", "$LATEST"]


def test_namespaces_are_worlds_of_their_own(judge):
    judge("CreateNamespace", Namespace="blue", Description="a colour")
    judge.create("same", TELL % "default")
    judge.create("same", TELL % "blue", Namespace="blue")
    assert judge.run("same", Namespace="blue")["answer"] == "blue"
    judge("UpdateNamespace", Namespace="blue", Description="the sky")
    spaces = judge("ListNamespaces", SearchKey=[{"Key": "Description", "Value": "sky"}])
    assert [(each.Name, each.Description) for each in spaces.Namespaces] == [("blue", "the sky")]
    assert [each.Name for each in judge("ListNamespaces").Namespaces] == ["default", "blue"]
    with judge.refused("ResourceInUse.Namespace"):
        judge("DeleteNamespace", Namespace="blue")
    judge("DeleteFunction", FunctionName="same", Namespace="blue")
    judge("DeleteNamespace", Namespace="blue")
    assert judge.run("same")["answer"] == "default"
    for number in range(4):
        judge("CreateNamespace", Namespace=f"n{number}")
    with judge.refused("LimitExceeded.Namespace"):
        judge("CreateNamespace", Namespace="n5")


def test_regions_are_worlds_of_their_own(server, judge):
    judge.create("here")
    there = Judge(server, "ap-elsewhere")
    with there.refused("ResourceNotFound.Function"):
        there.run("here")
    assert there("ListFunctions").TotalCount == 0
    there.close()


def test_reserved_concurrency(judge):
    judge.create("kept")
    assert judge("GetReservedConcurrencyConfig", FunctionName="kept").ReservedMem is None
    judge("PutReservedConcurrencyConfig", FunctionName="kept", ReservedConcurrencyMem=0)
    answer = judge("InvokeFunction", FunctionName="kept").Result
    assert json.loads(answer.RetMsg)["statusCode"] == 432
    judge("PutReservedConcurrencyConfig", FunctionName="kept", ReservedConcurrencyMem=128)
    assert judge("GetReservedConcurrencyConfig", FunctionName="kept").ReservedMem == 128
    assert judge("ListFunctions").Functions[0].ReservedConcurrencyMem == 128
    assert judge.run("kept", 1) == 1
    judge("PutReservedConcurrencyConfig", FunctionName="kept", ReservedConcurrencyMem=51_200)
    with judge.refused("LimitExceeded.FunctionReservedConcurrencyMemory"):
        judge("PutReservedConcurrencyConfig", FunctionName="kept", ReservedConcurrencyMem=51_201)
    judge("DeleteReservedConcurrencyConfig", FunctionName="kept")
    assert judge("GetReservedConcurrencyConfig", FunctionName="kept").ReservedMem is None


def test_the_account(judge):
    judge.create("counted")
    account = judge("GetAccount")
    usage, limit = account.AccountUsage, account.AccountLimit
    assert (usage.NamespacesCount, usage.Namespace[0].Functions) == (1, ["counted"])
    assert (limit.NamespacesCount, limit.Namespace[0].FunctionsCount, limit.Namespace[0].TimeoutLimit) == (5, 50, 900)


def test_request_status_tells_how_a_call_ended(judge):
    judge.create("good")
    judge.create("bad", FAIL)
    for name, code, word in (("good", 0, '"hi"'), ("bad", -1, "on purpose")):
        request_id = judge("InvokeFunction", FunctionName=name, Event='"hi"').Result.FunctionRequestId
        status = judge("GetRequestStatus", FunctionName=name, FunctionRequestId=request_id)
        assert (status.TotalCount, status.Data[0].RetCode) == (1, code)
        assert word in status.Data[0].RetMsg
        assert status.Data[0].MemUsage > 1_000_000
    assert judge("GetRequestStatus", FunctionName="good", FunctionRequestId=request_id).TotalCount == 0
    window = {"StartTime": "2018-01-01 00:00:00", "EndTime": "2018-01-01 00:00:01"}
    assert judge("GetRequestStatus", FunctionName="bad", FunctionRequestId=request_id, **window).TotalCount == 0


def test_logs_tell_what_calls_wrote(judge):
    judge.create("talker", TELL % "one")
    ids = [judge("InvokeFunction", FunctionName="talker", Event=str(n)).Result.FunctionRequestId for n in range(3)]
    logs = judge("GetFunctionLogs", FunctionName="talker")
    assert [each.RequestId for each in logs.Data] == ids[::-1]
    assert "told 2\n" in logs.Data[0].Log
    assert (logs.TotalCount, logs.Data[0].RetCode, logs.Data[0].InvokeFinished) == (3, 0, 1)
    assert [
        each.RequestId for each in judge("GetFunctionLogs", FunctionName="talker", Order="asc", Limit=1).Data
    ] == ids[:1]
    assert judge("GetFunctionLogs", FunctionName="talker", FunctionRequestId=ids[1]).TotalCount == 1
    assert judge("GetFunctionLogs", FunctionName="talker", Filter={"RetCode": "not0"}).TotalCount == 0
    began = calendar.timegm(time.strptime(logs.Data[0].StartTime, "%Y-%m-%d %H:%M:%S"))
    assert abs(began - 8 * 3600 - time.time()) < 600  # a time of the platform is in UTC+8
    for hours, count in ((0, 0), (8, 3)):
        times = (time.gmtime(time.time() + hours * 3600 + seconds) for seconds in (-600, 600))
        start, end = (time.strftime("%Y-%m-%d %H:%M:%S", each) for each in times)
        assert judge("GetFunctionLogs", FunctionName="talker", StartTime=start, EndTime=end).TotalCount == count


def test_the_address_of_the_code_leads_to_its_zip_file(judge):
    judge.create("packed")
    address = judge("GetFunctionAddress", FunctionName="packed")
    path = Path(address.Url.removeprefix("file://"))
    with zipfile.ZipFile(path) as archive:
        assert archive.read("index.py").decode() == ECHO
    assert len(address.CodeSha256) == 64


def test_functions_are_listed_searched_and_filtered(judge):
    for name in ("alpha", "beta", "gamma"):
        judge.create(name, Description=f"greek {name}", Tags=[{"Key": "first", "Value": name[0]}], Role=f"role-{name}")
    assert judge("ListFunctions", Orderby="AddTime", Order="DESC").Functions[0].FunctionName == "gamma"
    assert judge("ListFunctions", SearchKey="et").TotalCount == 1
    assert judge("ListFunctions", Description="greek a").TotalCount == 1
    tagged = {"Name": "tag-first", "Values": ["a", "b"]}
    for filters, count in (
        ([tagged], 2),
        ([tagged, {"Name": "Role", "Values": ["role-alpha"]}], 1),
        ([{"Name": "Runtime", "Values": [OWN_RUNTIME, "a", "b", "c", "d"]}] * 10, 3),
    ):
        assert judge("ListFunctions", Filters=filters).TotalCount == count
    assert [each.FunctionName for each in judge("ListFunctions", Offset=1, Limit=1).Functions] == ["beta"]


def test_a_namespace_and_a_function_may_have_118_characters_together(judge):
    place = {"FunctionName": "f" * 58, "Namespace": "n" * 60}
    judge("CreateNamespace", Namespace=place["Namespace"])
    judge("CreateFunction", **place, Runtime=OWN_RUNTIME, Code={"ZipFile": zipped(ECHO)})
    assert json.loads(judge("InvokeFunction", **place, Event="[1]").Result.RetMsg) == [1]


def test_settings_without_effect_are_shown_as_they_were_given(judge):
    judge.create(
        "settings",
        VpcConfig={"VpcId": "vpc-1", "SubnetId": "subnet-1"},
        PublicNetConfig={"PublicNetStatus": "DISABLE", "EipConfig": {"EipStatus": "DISABLE"}},
        DeadLetterConfig={"Type": "topic", "Name": "dead", "FilterType": ""},
        Tags=[{"Key": "a", "Value": "b"}],
        Role="SCF_QcsRole",
    )
    judge("UpdateFunctionConfiguration", FunctionName="settings", ClsTopicId="topic-1")
    shown = judge("GetFunction", FunctionName="settings")
    assert (shown.VpcConfig.VpcId, shown.Role, shown.ClsTopicId) == ("vpc-1", "SCF_QcsRole", "topic-1")
    assert (shown.PublicNetConfig.PublicNetStatus, shown.PublicNetConfig.EipConfig.EipAddress) == ("DISABLE", [])
    assert (shown.Tags[0].Value, shown.DeadLetterConfig.Name) == ("b", "dead")


def test_layers_by_the_official_client(judge):
    assert [judge.publish_layer("words", {"words.py": f"VALUE = {n}"}) for n in (1, 2)] == [1, 2]
    code = "import words\ndef main_handler(event, context):\n    return words.VALUE\n"
    judge.create("user", code, Layers=[{"LayerName": "words", "LayerVersion": 1}])
    assert judge.run("user") == 1
    judge("UpdateFunctionConfiguration", FunctionName="user", Layers=[{"LayerName": "words", "LayerVersion": 2}])
    assert judge.run("user") == 2
    judge("DeleteLayerVersion", LayerName="words", LayerVersion=2)
    shown = judge("GetFunction", FunctionName="user").Layers[0]
    assert (shown.LayerName, shown.LayerVersion, shown.Status) == ("words", 2, "Deleted")
    assert judge.run("user") == 2
    assert [each.LayerVersion for each in judge("ListLayerVersions", LayerName="words").LayerVersions] == [1]
    # what Terraform's provider and Tencent's toolkit send for a function without layers
    judge("UpdateFunctionConfiguration", FunctionName="user", Layers=[{"LayerName": "", "LayerVersion": 0}])
    assert judge("GetFunction", FunctionName="user").Layers == []


def list_fields(model: Any) -> set[str]:
    return {name[1:] for name in vars(model())}


#: Parameters that the published client does not know, by the action to which tools of Tencent's send them.
UNPUBLISHED = {
    "GetFunction": {"ShowTriggers"},
    "ListFunctions": {"Type"},
    "CreateFunction": {"DeployMode", "DiskSize", "L5Enable", "NodeType", "NodeSpec", "Stamp"},
    "UpdateFunctionConfiguration": {"DiskSize", "AsyncRunEnable", "TraceEnable"},
}


def test_parameters_that_only_tools_of_tencents_send_are_read_and_checked(server):
    region = "ap-hidden"
    send = partial(server.request, region=region)
    made = {"FunctionName": "hidden", "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(ECHO)}}
    tool = {"DeployMode": "code", "DiskSize": 512, "L5Enable": "FALSE", "NodeType": "CPU", "NodeSpec": "", "Stamp": "X"}
    assert set(send("CreateFunction", {**made, **tool}).response) == {"RequestId"}
    update = {"FunctionName": "hidden", "DiskSize": 1024, "AsyncRunEnable": "FALSE", "TraceEnable": "TRUE"}
    assert set(send("UpdateFunctionConfiguration", update).response) == {"RequestId"}
    assert send("GetFunction", {"FunctionName": "hidden"}).response["TraceEnable"] == "TRUE"
    changed = {**update, "AsyncRunEnable": "TRUE"}
    assert set(send("UpdateFunctionConfiguration", changed).response) == {"RequestId"}
    assert send("GetFunction", {"FunctionName": "hidden"}).response["AsyncRunEnable"] == "FALSE"
    said = server.settled_stderr()
    assert "[hidden] AsyncRunEnable is fixed at the creation: TRUE of the update has no effect" in said
    timer = {"FunctionName": "hidden", "TriggerName": "t", "Type": "timer", "TriggerDesc": "0 0 2 * * * *"}
    send("CreateTrigger", timer)
    shown = [
        len(send("GetFunction", {"FunctionName": "hidden", **more}).response["Triggers"])
        for more in ({}, {"ShowTriggers": "TRUE"}, {"ShowTriggers": "FALSE"})
    ]
    assert shown == [1, 1, 0]
    assert [send("ListFunctions", {"Type": kind}).response["TotalCount"] for kind in ("Event", "HTTP")] == [1, 0]


@pytest.mark.parametrize("action", sorted(ACTIONS.keys() - unpublished.ACTIONS))
def test_every_action_takes_the_parameters_that_the_official_client_sends(action):
    table = ACTIONS[action].decoder.type
    taken = {field.encode_name for field in msgspec.structs.fields(table)}
    assert taken - UNPUBLISHED.get(action, set()) == list_fields(getattr(models, f"{action}Request"))


def test_every_answer_has_the_fields_that_the_official_client_reads(server, judge):
    region = judge.region
    judge.create("full")
    request_id = judge("InvokeFunction", FunctionName="full").Result.FunctionRequestId
    judge("CreateNamespace", Namespace="full")
    layer = {"LayerName": "full", "LayerVersion": judge.publish_layer("full")}
    judge("UpdateFunctionConfiguration", FunctionName="full", Layers=[layer])
    one = {"FunctionName": "full"}
    answers = {
        "GetFunction": one,
        "GetFunctionAddress": one,
        "ListFunctions": {},
        "PublishVersion": one,
        "ListVersionByFunction": one,
        "GetAlias": {**one, "Name": "$DEFAULT"},
        "ListAliases": one,
        "ListNamespaces": {},
        "GetReservedConcurrencyConfig": one,
        "GetFunctionLogs": one,
        "GetRequestStatus": {**one, "FunctionRequestId": request_id},
        "GetAccount": {},
        "Invoke": one,
        "PublishLayerVersion": {**layer_fields("full"), "Tags": [{"Key": "a", "Value": "b"}]},
        "ListLayers": {},
        "ListLayerVersions": {"LayerName": "full"},
        "GetLayerVersion": layer,
        "DeleteLayerVersion": layer,
    }
    members = {
        ("ListFunctions", "Functions"): models.Function,
        ("ListVersionByFunction", "Versions"): models.FunctionVersion,
        ("ListAliases", "Aliases"): models.Alias,
        ("ListNamespaces", "Namespaces"): models.Namespace,
        ("GetFunctionLogs", "Data"): models.FunctionLog,
        ("GetRequestStatus", "Data"): models.RequestStatus,
        ("GetAccount", "AccountUsage"): models.UsageInfo,
        ("GetAccount", "AccountLimit"): models.LimitsInfo,
        ("Invoke", "Result"): models.Result,
        ("GetFunction", "Layers"): models.LayerVersionInfo,
        ("ListLayers", "Layers"): models.LayerVersionInfo,
        ("ListLayerVersions", "LayerVersions"): models.LayerVersionInfo,
    }
    for action, parameters in answers.items():
        response = server.request(action, parameters, region=region).response
        assert set(response) == list_fields(getattr(models, f"{action}Response")), action
        for (owner, name), model in members.items():
            if owner == action:
                member = response[name][0] if isinstance(response[name], list) else response[name]
                assert set(member) == list_fields(model), (action, name)
                refuse_nulls(model, member)
        refuse_nulls(getattr(models, f"{action}Response"), response)


def refuse_nulls(model: Any, fields: dict[str, Any]) -> None:
    """Only what the platform documents as null may be."""
    for name, value in fields.items():
        assert value is not None or "null" in getattr(model, name).__doc__, (model.__name__, name)


def test_a_refused_package_leaves_nothing_behind(server, judge):
    for code in ("!!!", "aGVsbG8=", zipped({"../up.py": ""})):
        assert server.error("CreateFunction", {"FunctionName": "bad", "Code": {"ZipFile": code}}, region=judge.region)
    assert not list(server.stderr_path.parent.glob("**/draft-*"))
    assert judge("ListFunctions").TotalCount == 0
