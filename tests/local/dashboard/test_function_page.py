"""One function, whole: its settings against its file, its variables, and where its handler is."""

import json

import pytest

from tencentserverless.local.dashboard.function_page import is_secret
from tests.local.dashboard.visiting import REGION, Visitor

PLACE = {"region": REGION, "namespace": "default"}


def test_settings_that_differ_from_the_file_are_marked(functions, start_local_scf):
    server = start_local_scf(functions)
    visitor = Visitor(server)
    server.request("UpdateFunctionConfiguration", {"FunctionName": "timed", "MemorySize": 256})
    found = visitor.get("function", function="timed", **PLACE)
    settings = {each["name"]: each for each in found["settings"]}
    assert settings["MemorySize"] == {"name": "MemorySize", "value": 256, "file_value": 128, "differs": True}
    assert (settings["Timeout"]["value"], settings["Timeout"]["differs"]) == (3, False)
    assert found["source"] == str(functions / "timed" / "serverless.yml")


def test_values_that_look_like_secrets_stay_on_the_server(visitor):
    got = visitor.ask("GET", "function", function="timed", **PLACE)
    assert b"hunter2" not in got.body
    variables = {each["name"]: each for each in got.value["environment"]}
    assert variables["MODE"] == {"name": "MODE", "value": "plain", "is_covered": False, "differs": False}
    covered = {"name": "DB_PASSWORD", "value": None, "is_covered": True, "differs": False}
    assert variables["DB_PASSWORD"] == covered


def test_the_handler_is_found_in_its_file(visitor):
    found = visitor.get("function", function="fails", **PLACE)
    assert found["entry"] == {"file": f"{found['code_folder']}/index.py", "line": 2}
    assert found["summary"]["function"] == "fails"


def test_versions_aliases_triggers_and_urls_are_shown(functions, start_local_scf):
    server = start_local_scf(functions)
    visitor = Visitor(server)
    server.request("PublishVersion", {"FunctionName": "timed", "Description": "first"})
    alias = {"FunctionName": "timed", "Name": "live", "FunctionVersion": "1"}
    routing = {"AdditionalVersionWeights": [{"Version": "$LATEST", "Weight": 0.25}]}
    server.request("CreateAlias", {**alias, "RoutingConfig": routing})
    description = json.dumps({"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}})
    trigger = {"FunctionName": "timed", "TriggerName": "web", "Type": "http", "TriggerDesc": description}
    server.request("CreateTrigger", {**trigger, "Enable": "OPEN"})
    found = visitor.get("function", function="timed", **PLACE)
    assert [(each["version"], each["description"]) for each in found["versions"]] == [("$LATEST", ""), ("1", "first")]
    aliases = {each["name"]: each for each in found["aliases"]}
    assert aliases["live"]["weights"] == [{"version": "$LATEST", "share": 0.25}]
    triggers = {each["name"]: each for each in found["triggers"]}
    assert (triggers["noon"]["type"], triggers["noon"]["text"]) == ("timer", "0 0 12 * * * *")
    assert triggers["web"]["type"] == "http"
    assert {each["note"] for each in found["urls"]} == {"extranet", "path"}
    assert all(each["url"].startswith("http://") for each in found["urls"])


def test_a_function_that_is_not_there_is_404(visitor):
    assert visitor.ask("GET", "function", function="none", **PLACE).code == "not_found"
    assert visitor.ask("GET", "function", region=REGION, namespace="default").code == "parameter"


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "api_key", "APIKEY", "AccessKey", "JWT_SECRET", "authToken", "SESSION_ID", "PRIVATE_PEM", "KEY"],
)
def test_a_name_that_looks_like_a_secrets_is_one(name):
    assert is_secret(name, "x")


@pytest.mark.parametrize("name", ["MODE", "KEYBOARD", "MONKEY", "AUTHOR", "COMPASS", "REGION", "TABLE_NAME"])
def test_other_names_are_none(name):
    assert not is_secret(name, "x")


@pytest.mark.parametrize(
    "value",
    ["mysql://root:pw@db/x", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "-----BEGIN KEY", "eyJhbGciOiJIUzI1NiJ9.x"],
)
def test_a_value_that_looks_like_a_secret_is_one_under_any_name(value):
    assert is_secret("TARGET", value)
    assert not is_secret("TARGET", "https://example.com/a:b@c")
