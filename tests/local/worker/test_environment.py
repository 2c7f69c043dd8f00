"""What a function's process may see."""

import json

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.local.worker.isolating import WAYS, need_namespaces, present_runtimes, write_function


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


IMPORTS = """
import importlib, subprocess, sys

def main_handler(event, context):
    found = {}
    for name in event:
        try:
            found[name] = importlib.import_module(name).__name__
        except ImportError as error:
            found[name] = str(error)
    code = "import sys; sys.exit(sys.prefix != sys.base_prefix)"
    found["is in an environment"] = subprocess.call([sys.executable, "-c", code])
    exit
    return found
"""


@pytest.mark.parametrize("way", WAYS)
def test_the_servers_packages_are_no_functions(tmp_path, start_local_scf, way):
    if way == "namespaces":
        need_namespaces()
    folder = write_function(tmp_path / "functions" / "own", IMPORTS)
    write_function(
        tmp_path / "functions" / "path",
        IMPORTS,
        OWN_RUNTIME,
        environment=f"{{variables: {{PYTHONPATH: {tmp_path}/more}}}}",
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "croniter.py").touch()
    (folder / "click.py").touch()
    server = start_local_scf(folder.parent, "--isolation", way)
    names = ["yaml", "cryptography", "click", "tencentserverless.scf", "croniter"]
    found = json.loads(server.invoke("own", names)["RetMsg"])
    missing = {name: f"No module named '{name}'" for name in ("yaml", "cryptography", "croniter")}
    assert found == {
        **missing,
        "click": "click",
        "tencentserverless.scf": "tencentserverless.scf",
        "is in an environment": 0,
    }
    found = json.loads(server.invoke("path", ["yaml", "croniter"])["RetMsg"])
    assert found == {"yaml": "No module named 'yaml'", "croniter": "croniter", "is in an environment": 0}


def test_the_packages_of_the_platforms_old_pythons_are_named(tmp_path, start_local_scf):
    code = "import sys\ndef main_handler(event, context):\n    return 'site-packages' in str(sys.path)\n"
    runtimes = present_runtimes()
    for name, runtime in runtimes.items():
        write_function(tmp_path / "functions" / name, code, runtime)
    server = start_local_scf(tmp_path / "functions")
    for name, runtime in runtimes.items():
        assert server.invoke(name)["RetMsg"] == ("false" if name == "own" else "true")
        words = (
            f"{runtime}: the platform has requests, numpy 1.15, qcloud_cos_v5 and others; functions here see what is"
        )
        assert (words in server.stderr) == (name != "own")


TEXT = """# -*- coding: utf-8 -*-
import io, locale, os, sys, tempfile

def main_handler(event, context):
    name = os.path.join(tempfile.gettempdir(), u"你好".encode("utf-8") if sys.version_info[0] == 2 else "你好")
    with io.open(name, "w") as file:
        file.write(u"你好")
    variables = [os.environ[name] for name in ("LANG", "LC_ALL")]
    return [sys.getfilesystemencoding().lower(), locale.getpreferredencoding().lower(), variables]
"""


def test_text_is_utf_8_whatever_the_locale_of_the_shell_is(tmp_path, start_local_scf):
    runtimes = present_runtimes()
    for name, runtime in runtimes.items():
        write_function(tmp_path / "functions" / name, TEXT, runtime)
    server = start_local_scf(tmp_path / "functions", env={"LC_ALL": "C", "LANG": "C", "LC_CTYPE": "C"})
    for name in runtimes:
        result = server.invoke(name)
        assert result["ErrMsg"] == ""
        *encodings, variables = json.loads(result["RetMsg"])
        assert encodings == ["utf-8", "utf-8"]
        assert variables[0] == variables[1]
        assert variables[0] in ("en_US.UTF-8", "C.UTF-8")
