"""The environment of a web function: where its languages find modules, and what the shims read."""

import json
from pathlib import Path

import pytest

from tencentserverless.local.settings import PackageFolder, Settings
from tencentserverless.local.worker.environment import Place
from tencentserverless.local.worker.run_directory import RunDirectory
from tencentserverless.local.worker.web_environment import Surroundings, web_variables
from tencentserverless.local.worker.web_ports import Way
from tests.local.worker.web_functions import record_of


@pytest.fixture
def around(tmp_path):
    directory = RunDirectory()

    def make(way=Way.SECCOMP, address=("127.64.0.9", 9000), **changes):
        return Surroundings(directory, Place(tmp_path / "scratch", **changes), way, address)

    yield make
    directory.close()


def test_modules_come_from_the_code_the_users_path_the_layers_and_the_packages(around, tmp_path):
    packages = (PackageFolder("", tmp_path / "plain"), PackageFolder("other", tmp_path / "others"))
    record = record_of(tmp_path / "code", environment={"PYTHONPATH": "vendor:lib"})
    made = around(layers=tmp_path / "layers")
    found = web_variables(record, Settings(Path(), packages=packages), made)
    shims = str(made.run_directory.shim_folder)
    code, layers = str(tmp_path / "code"), str(tmp_path / "layers")
    assert found["PYTHONPATH"].split(":") == [shims, code, "vendor", "lib", layers, str(tmp_path / "plain")]
    assert found["NODE_PATH"].split(":") == [code, f"{code}/node_modules", layers, f"{layers}/node_modules"]
    assert "NODE_OPTIONS" not in found
    assert "PORT" not in found
    assert json.loads(found["_SCF_WEB"])["lead"] is None


def test_the_shims_know_where_to_lead_and_keep_the_users_options(around, tmp_path):
    record = record_of(tmp_path, environment={"NODE_OPTIONS": "--no-warnings", "NODE_PATH": "/mine"})
    found = web_variables(record, Settings(Path()), around(Way.SHIMS, ("127.0.0.1", 40_000)))
    assert found["NODE_OPTIONS"].startswith('--no-warnings --require "/')
    assert "NODE_PATH" not in found
    assert found["PORT"] == "40000"
    plan = json.loads(found["_SCF_WEB"])
    assert (plan["lead"], plan["tell"]) == (["127.0.0.1", 40_000], str(tmp_path / "scratch" / ".scf_listening"))
