"""What a function's process may see."""

import json
from pathlib import Path

import pytest

from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.settings import PackageFolder, Settings
from tencentserverless.local.worker.environment import module_folders
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, OWN_VERSION
from tests.environments import search_python
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


SHOW = """
import os, sys
def main_handler(event, context):
    try:
        import one, two, three
        found = [one.V, two.V, three.V]
    except ImportError as error:
        found = str(error)
    return {"found": found, "path": sys.path, "environ": dict(os.environ), "context": context["environ"]}
"""


def make_environment(folder, version):
    """A virtual environment as far as modules go, with one module in its folder and one that a .pth file leads to."""
    modules = folder / "lib" / f"python{version}" / "site-packages"
    modules.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("")
    (folder / "linked").mkdir()
    (modules / "two.py").write_text("V = 2\n")
    (folder / "linked" / "three.py").write_text("V = 3\n")
    (modules / "it.pth").write_text(f"{folder}/linked\n")
    return modules


@pytest.mark.parametrize("version", [OWN_VERSION, "3.6", "2.7"])
def test_packages_of_a_folder_and_of_a_virtual_environment(tmp_path, start_local_scf, version):
    if version != OWN_VERSION and search_python(version) is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    root, libs = tmp_path / "functions", tmp_path / "libs"
    modules = make_environment(tmp_path / ".venv", version)
    libs.mkdir()
    (libs / "one.py").write_text("V = 1\n")
    for name, runtime in (("show", version), ("other", version), ("apart", "3.1")):
        (root / name).mkdir(parents=True)
        (root / name / "index.py").write_text(SHOW)
        variables = "{variables: {A: '0', PYTHONPATH: /none}}"
        inputs = f"{{name: {name}, src: ., runtime: Python{runtime}, environment: {variables}}}"
        (root / name / "serverless.yml").write_text(f"component: scf\nname: {name}\ninputs: {inputs}\n")
    options = ["--packages", libs, "--packages", f"show={tmp_path}/.venv", "--packages", f"apart={tmp_path}/.venv"]
    server = start_local_scf(root, *options, "--variable", "show.A=1", "--variable", "show.B=2")
    shown = json.loads(server.invoke("show")["RetMsg"])
    assert shown["found"] == [1, 2, 3]
    assert shown["path"][:4] == [str(root / "show"), "/none", str(libs), str(modules)]
    assert shown["environ"]["PYTHONPATH"] == ":".join(shown["path"][:4])
    assert (shown["environ"]["A"], shown["environ"]["B"]) == ("1", "2")
    assert "A=1" in shown["context"].split(";")
    other = json.loads(server.invoke("other")["RetMsg"])
    assert "two" in other["found"]
    assert (other["environ"]["A"], "B" in other["environ"]) == ("0", False)
    configured = server.request("GetFunction", {"FunctionName": "show"}).response["Environment"]["Variables"]
    assert {"Key": "A", "Value": "0"} in configured  # it is not a setting of the function
    if version != OWN_VERSION:
        words = (
            f"apart runs on Python {OWN_VERSION} and gets no package of {tmp_path}/.venv, which is of Python {version}"
        )
        assert words in server.settled_stderr()


def test_the_folders_of_modules_outside_the_code(tmp_path):
    make_environment(tmp_path / ".venv", "3.9")
    code = tmp_path / "fn"
    record = FunctionRecord(
        FunctionKey("r", "default", "fn"), "index.main_handler", "Python3.9", code, 0.0, 0.0,
        environment={"PYTHONPATH": f"lib:../common::/abs:{code}/deep"},
    )  # fmt: skip
    packages = (
        PackageFolder("", tmp_path / "libs"),
        PackageFolder("other", tmp_path),
        PackageFolder("fn", tmp_path / ".venv"),
    )
    settings = Settings(tmp_path, packages=packages)
    expected = [code / "../common", Path("/abs"), tmp_path / "libs", tmp_path / ".venv/lib/python3.9/site-packages"]
    assert module_folders(record, settings) == expected
    local = Settings(tmp_path, variables={"fn": {"PYTHONPATH": "/mine"}})
    assert module_folders(record, local) == [Path("/mine")]
