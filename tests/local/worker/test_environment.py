"""What a function's process may see."""

import json


def environ(local_scf):
    return json.loads(local_scf.invoke("behave", {"do": "environ"})["RetMsg"])


def test_the_platforms_variables(local_scf):
    variables = environ(local_scf)
    expected = {
        "TENCENTCLOUD_RUNENV": "SCF",
        "TENCENTCLOUD_REGION": "ap-guangzhou",
        "TENCENTCLOUD_APPID": "1250000000",
        "TENCENTCLOUD_UIN": "100000000001",
        "TENCENTCLOUD_TZ": "UTC",
        "TENCENTSERVERLESS_ENDPOINT_URL": local_scf.url,
        "SCF_FUNCTIONNAME": "behave",
        "SCF_FUNCTIONVERSION": "$LATEST",
        "SCF_NAMESPACE": "default",
        "_SCF_SERVER_PORT": "28902",
        "PYTHONDONTWRITEBYTECODE": "x",
        "TZ": "UTC",
    }
    assert {name: variables.get(name) for name in expected} == expected
    assert variables["SCF_RUNTIME"].startswith("Python3.")
    assert variables["USER_CODE_ROOT"].endswith("/functions/behave/")
    assert variables["PYTHONPATH"] == variables["PWD"]


def test_the_keys_are_temporary_and_not_the_servers(local_scf):
    variables = environ(local_scf)
    assert variables["TENCENTCLOUD_SECRETID"].startswith("AKID")
    assert variables["TENCENTCLOUD_SESSIONTOKEN"]
    assert local_scf.env["TENCENTCLOUD_SECRETID"] not in variables.values()
    assert local_scf.env["TENCENTCLOUD_SECRETKEY"] not in variables.values()


def test_nothing_else_of_the_server_is_visible(tmp_path, start_local_scf):
    folder = tmp_path / "show"
    folder.mkdir()
    (folder / "index.py").write_text("import os\ndef main_handler(event, context):\n    return dict(os.environ)\n")
    server = start_local_scf(
        tmp_path, env={"MY_SECRET": "of the shell", "PYTHONSTARTUP": "x", "TENCENTCLOUD_TOKEN": "t"}
    )
    variables = json.loads(server.invoke("show")["RetMsg"])
    assert {"MY_SECRET", "PYTHONSTARTUP", "TENCENTCLOUD_TOKEN"}.isdisjoint(variables)


def test_the_users_variables_and_configuration(local_scf):
    answer = local_scf.request(
        "InvokeFunction", {"FunctionName": "configured-test-tests", "Namespace": "other"}, region="ap-chengdu"
    )
    seen = json.loads(answer.response["Result"]["RetMsg"])
    assert seen["environ"]["GREETING"] == "hello test"
    assert seen["environ"]["NUMBER"] == "12"
    assert seen["zone"] == "CST"
    assert seen["path"][1] == "/nowhere/at/all"
    context = seen["context"]
    assert (context["memory_limit_in_mb"], context["time_limit_in_ms"]) == (256, 20000)
    assert (context["namespace"], context["tencentcloud_region"]) == ("other", "ap-chengdu")
    assert json.loads(context["environment"])["GREETING"] == "hello test"
    assert "NUMBER=12" in context["environ"].split(";")
