"""Triggers of type http: made, shown, changed and deleted, and there for the next server."""

import json
import re

import pytest

NET = {"EnableIntranet": False, "EnableExtranet": True}
OPEN = {"AuthType": "NONE", "NetConfig": NET}
BASE = {"FunctionName": "it", "Type": "http", "TriggerName": "url"}
NEW = {**BASE, "Qualifier": "$DEFAULT", "TriggerDesc": json.dumps(OPEN)}


def write_function(place):
    (place / "functions" / "it").mkdir(parents=True)
    (place / "functions" / "it" / "index.py").write_text("def main_handler(event, context): pass\n")
    return place / "functions"


@pytest.fixture
def folder(tmp_path):
    return write_function(tmp_path)


@pytest.fixture
def server(start_local_scf, folder):
    return start_local_scf(folder, "--state", folder.parent / "state")


@pytest.fixture(scope="module")
def untouched(start_for_all, tmp_path_factory):
    """A server for all that is refused."""
    return start_for_all(write_function(tmp_path_factory.mktemp("untouched")))


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    return response


def shown(server, **fields):
    """The triggers of a function, with their TriggerDesc read."""
    found = do(server, "ListTriggers", FunctionName="it", **fields)["Triggers"]
    return [{**each, "TriggerDesc": json.loads(each["TriggerDesc"])} for each in found]


def test_a_url_is_answered_as_the_platform_answers_it(server):
    made = do(server, "CreateTrigger", **NEW)["TriggerInfo"]
    desc = json.loads(made.pop("TriggerDesc"))
    net = desc.pop("NetConfig")
    assert desc == {"AuthType": "NONE"}
    host = re.fullmatch(r"http://(1250000000-[a-z0-9]{10}\.ap-guangzhou)\.localhost:(\d+)", net["ExtranetUrl"])
    assert int(host[2]) == server.port
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/" + re.escape(host[1]), net["LocalUrl"])
    assert net == {
        "EnableIntranet": False,
        "IntranetUrl": "",
        "IntranetHTTPUrl": "",
        "WssIntranetUrl": "",
        "WsIntranetUrl": "",
        "ExtranetUrl": net["ExtranetUrl"],
        "ExtranetHTTPUrl": net["ExtranetUrl"],
        "WssExtranetUrl": "",
        "WsExtranetUrl": "",
        "EnableExtranet": True,
        "LocalUrl": net["LocalUrl"],
    }
    times = {name: made.pop(name) for name in ("AddTime", "ModTime")}
    assert times["AddTime"] == times["ModTime"]
    assert made == {
        "TriggerName": "url",
        "Type": "http",
        "Enable": 1,
        "Qualifier": "$DEFAULT",
        "CustomArgument": "",
        "Description": "",
        "AvailableStatus": "Available",
        "ResourceId": "qcs::scf:ap-guangzhou:uin/100000000001:function/it/url",
        "BindStatus": "on",
        "TriggerAttribute": "single",
    }
    (listed,) = shown(server)
    assert {**made, **times, "BoundResources": "", "TriggerDesc": {**desc, "NetConfig": net}} == listed
    (found,) = do(server, "GetFunction", FunctionName="it")["Triggers"]
    assert json.loads(found["TriggerDesc"])["NetConfig"] == net


def test_a_url_does_not_change(server, start_local_scf, folder):
    do(server, "CreateTrigger", **NEW)
    label = shown(server)[0]["TriggerDesc"]["NetConfig"]["LocalUrl"].rpartition("/")[2]

    def labels(server):
        return [each["TriggerDesc"]["NetConfig"]["LocalUrl"].rpartition("/")[2] for each in shown(server)]

    do(server, "UpdateTrigger", **BASE, TriggerDesc=json.dumps({**OPEN, "AuthType": "CAM"}))
    assert labels(server) == [label]
    do(server, "DeleteTrigger", **BASE)
    do(server, "CreateTrigger", **{**NEW, "TriggerName": "another"})
    assert labels(server) == [label]
    server.stop()
    again = start_local_scf(folder, "--state", folder.parent / "state")
    assert labels(again) == [label]
    do(again, "PublishVersion", FunctionName="it")
    do(again, "CreateTrigger", **{**NEW, "TriggerName": "first", "Qualifier": "1"})
    assert len(set(labels(again))) == 2


def test_a_version_or_alias_has_one_url(server):
    do(server, "CreateTrigger", **NEW)
    code, message = server.error("CreateTrigger", {**NEW, "TriggerName": "two"})
    assert (code, "of the trigger 'url'" in message) == ("ResourceInUse.Trigger", True)
    do(server, "CreateTrigger", **{**NEW, "TriggerName": "two", "Qualifier": "$LATEST"})
    code, _ = server.error("UpdateTrigger", {**BASE, "TriggerName": "two", "Qualifier": "$DEFAULT"})
    assert code == "ResourceInUse.Trigger"
    assert server.error("CreateTrigger", {**NEW, "Qualifier": "$LATEST"})[0] == "ResourceInUse.Trigger"


def shown_raw(server):
    return do(server, "ListTriggers", FunctionName="it")["Triggers"]


def test_a_url_without_a_name_has_its_id_for_one_as_in_the_console(server):
    """Terraform's provider sends none."""
    fields = {name: value for name, value in NEW.items() if name != "TriggerName"}
    made = do(server, "CreateTrigger", **fields)["TriggerInfo"]
    assert f"-{made['TriggerName']}." in json.loads(made["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
    code, _ = server.error("CreateTrigger", {"FunctionName": "it", "Type": "timer", "TriggerDesc": "0 0 1 * * * *"})
    assert code == "MissingParameter"


def test_what_clients_send_is_kept_and_shown(server):
    sent = {
        **OPEN,
        "CorsConfig": {"Enable": True, "Origins": ["https://a.example"], "Methods": ["PUT"], "MaxAge": 0},
        "ApiGwCompatible": True,
        "EnableSimpleMode": False,
    }
    do(server, "CreateTrigger", **{**NEW, "TriggerDesc": json.dumps(sent), "Description": "d", "Enable": "CLOSE"})
    (found,) = shown(server)
    assert (found["Description"], found["Enable"], found["BindStatus"]) == ("d", 0, "off")
    net = found["TriggerDesc"].pop("NetConfig")
    assert {**found["TriggerDesc"], "NetConfig": {name: net[name] for name in NET}} == sent
    do(server, "UpdateTrigger", **BASE, TriggerDesc=json.dumps({**found["TriggerDesc"], "NetConfig": net}))
    assert {**shown(server)[0]["TriggerDesc"]} == {**found["TriggerDesc"], "NetConfig": net}


def test_an_update_leaves_what_it_does_not_name_and_replaces_the_description_as_a_whole(server):
    sent = {**OPEN, "ApiGwCompatible": True, "CorsConfig": {"Enable": False}}
    do(server, "CreateTrigger", **{**NEW, "TriggerDesc": json.dumps(sent), "Description": "d"})
    do(server, "UpdateTrigger", **BASE, Enable="CLOSE")
    (found,) = shown(server)
    assert (found["Enable"], found["Description"], found["TriggerDesc"]["ApiGwCompatible"]) == (0, "d", True)
    do(server, "UpdateTrigger", **BASE, TriggerDesc=json.dumps(OPEN))
    assert set(shown(server)[0]["TriggerDesc"]) == {"AuthType", "NetConfig"}


def test_a_url_is_switched_off_and_on(server):
    do(server, "CreateTrigger", **NEW)
    do(server, "UpdateTriggerStatus", **BASE, Enable="CLOSE")
    assert shown(server)[0]["Enable"] == 0
    assert server.error("UpdateTriggerStatus", {**BASE, "Enable": "CLOSE"})[0] == "FailedOperation.UpdateTriggerStatus"
    do(server, "UpdateTriggerStatus", **BASE, Enable="OPEN")
    assert shown(server)[0]["Enable"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TriggerDesc": "x"}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerDesc": None}, "InvalidParameterValue.TriggerDesc"),
        ({"TriggerDesc": json.dumps({**OPEN, "CorsConfig": {}})}, "InvalidParameterValue.Cors"),
        ({"Qualifier": "7"}, "ResourceNotFound.Qualifier"),
        ({"TriggerName": "a b"}, "InvalidParameterValue.TriggerName"),
        ({"Enable": "yes"}, "InvalidParameterValue.Enable"),
        ({"Type": "https"}, "InvalidParameterValue.Type"),
        ({"Type": "apigw"}, "UnsupportedOperation"),
        ({"FunctionName": "other"}, "ResourceNotFound.Function"),
    ],
)
def test_what_is_refused(untouched, changes, code):
    assert untouched.error("CreateTrigger", {**NEW, **changes})[0] == code
    assert shown_raw(untouched) == []


def test_a_url_that_is_not_there(untouched):
    for action in ("UpdateTrigger", "DeleteTrigger"):
        assert untouched.error(action, BASE)[0] == "ResourceNotFound.Trigger", action
    assert untouched.error("UpdateTriggerStatus", {**BASE, "Enable": "OPEN"})[0] == "ResourceNotFound.Trigger"


def test_there_are_ten_of_them(server):
    do(server, "CreateTrigger", **NEW)
    for number in range(1, 10):
        do(server, "PublishVersion", FunctionName="it", Description=str(number))
        do(server, "CreateTrigger", **{**NEW, "TriggerName": f"v{number}", "Qualifier": str(number)})
    code, message = server.error("CreateTrigger", {**NEW, "TriggerName": "v", "Qualifier": "$LATEST"})
    assert (code, "10 URLs" in message) == ("LimitExceeded.Trigger", True)


def test_a_version_shows_the_urls_that_are_its_own(server):
    do(server, "CreateTrigger", **NEW)
    do(server, "PublishVersion", FunctionName="it")
    do(server, "CreateTrigger", **{**NEW, "TriggerName": "first", "Qualifier": "1"})
    found = do(server, "GetFunction", FunctionName="it", Qualifier="1")["Triggers"]
    assert [each["TriggerName"] for each in found] == ["first"]


def test_a_copy_has_no_url(server):
    do(server, "CreateTrigger", **NEW)
    do(server, "CopyFunction", FunctionName="it", NewFunctionName="copy")
    assert do(server, "ListTriggers", FunctionName="copy")["Triggers"] == []


def test_the_filters_that_tencents_toolkit_sends(server):
    do(server, "CreateTrigger", **NEW)
    timer = {"FunctionName": "it", "Type": "timer", "TriggerName": "hourly", "TriggerDesc": "0 0 */1 * * * *"}
    do(server, "CreateTrigger", **timer)

    def names(*filters):
        given = [{"Name": name, "Values": values} for name, values in filters]
        return [
            each["TriggerName"] for each in do(server, "ListTriggers", FunctionName="it", Filters=given)["Triggers"]
        ]

    assert names(("Type", ["http"])) == ["url"]
    assert names(("Type", ["http"]), ("Qualifier", ["$DEFAULT"])) == ["url"]
    assert names(("Type", ["http"]), ("Qualifier", ["$LATEST"])) == []
    assert names(("Type", ["http"]), ("Qualifier", [""])) == ["url"]  # of a URL without a qualifier
    assert names(("Type", ["timer", "http"])) == ["hourly", "url"]
