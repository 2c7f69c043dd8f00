"""Which Python a Runtime means, with the real ones of this machine."""

import json
import shutil
from pathlib import Path

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.worker import interpreters
from tencentserverless.local.worker.interpreters import Interpreters

VERSIONS = ["2.7", "3.6", "3.9", "3.13"]


@pytest.fixture(scope="session")
def found():
    finder = Interpreters(is_strict=False)
    finder.prepare({f"Python{version}" for version in VERSIONS})
    missing = " ".join(finder.warnings)
    return {version for version in VERSIONS if f"Python{version} " not in missing}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_function_runs_on_its_runtime(local_scf, found, version):
    if version not in found:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    name = f"python{version.replace('.', '')}"
    result = local_scf.invoke(name, {"深": [1, None]}, LogType="Tail")
    assert result["ErrMsg"] == ""
    assert json.loads(result["RetMsg"]) == {
        "version": version,
        "event": {"深": [1, None]},
        "greeting": "你好",
        "context_greeting": True,
        "text": "返回",
    }
    assert "\nprinted 你好\n" in result["Log"]
    assert result["MemUsage"] > 1_000_000
    failed = local_scf.invoke(name, {"raise": True})
    assert failed["InvokeResult"] == 430
    assert failed["ErrMsg"].splitlines()[-1] == "ValueError: old trouble"
    assert "_scf_" not in failed["ErrMsg"]


CHINESE = """# -*- coding: utf-8 -*-
def main_handler(event, context):
    return {
        "mixed": {"msg": "你好", "name": event["name"]},
        "bytes": "你好",
        "text": u"你好",
        "latin": b"\\xff" if event.get("latin") else "",
    }[event["what"]]
"""


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_results_are_encoded_as_the_platforms_bootstrap_of_that_version_does(start_local_scf, tmp_path, found, version):
    if version not in found:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    folder = tmp_path / "chinese"
    folder.mkdir()
    (folder / "index.py").write_text(CHINESE, encoding="utf-8")
    (folder / "serverless.yml").write_text(
        f"component: scf\nname: x\ninputs: {{name: chinese, runtime: Python{version}, src: .}}\n"
    )
    server = start_local_scf(folder)

    def result(what, **more):
        return server.invoke("chinese", {"what": what, "name": "x", **more})

    word = r'"\u4f60\u597d"' if version == "2.7" else '"你好"'
    assert (result("bytes")["RetMsg"], result("text")["RetMsg"]) == (word, word)
    mixed = result("mixed")
    assert mixed["ErrMsg"] == ""
    assert mixed["RetMsg"] in (f'{{"msg": {word}, "name": "x"}}', f'{{"name": "x", "msg": {word}}}')
    if version == "2.7":  # bytes that are no UTF-8 are an error there, as they are in the cloud
        assert result("latin", latin=True)["InvokeResult"] == 430


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.13"])
def test_the_sdk_can_be_imported_on_any_python_3(local_scf, found, version):
    if version not in found:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    result = local_scf.invoke(f"python{version.replace('.', '')}", {"sdk": True})
    assert (result["ErrMsg"], result["RetMsg"]) == ("", '{"via": "sdk"}')


def test_a_program_that_does_not_run_is_passed_over(tmp_path, monkeypatch):
    broken = tmp_path / "python3.99"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    finder = Interpreters(is_strict=False)
    finder.prepare({"Python3.99"})
    assert "no interpreter for Python3.99" in finder.warnings[0]
    assert finder.find("Python3.99") == finder.find(interpreters.OWN_RUNTIME)
    with pytest.raises(StartupError, match=r"Python3\.99") as refusal:
        Interpreters(is_strict=True).prepare({"Python3.99"})
    assert refusal.value.reason is Reason.RUNTIME


def test_pyenv_versions_are_found_where_no_shim_works(tmp_path, monkeypatch):
    fake = tmp_path / "versions" / "3.98.1" / "bin" / "python"
    fake.parent.mkdir(parents=True)
    fake.write_text(f"#!{shutil.which('sh')}\necho 3.98\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    finder = Interpreters(is_strict=True)
    finder.prepare({"Python3.98", "Nodejs16.13"})
    assert finder.find("Python3.98") == Path(fake)
    assert finder.find("Nodejs16.13") is None


@pytest.mark.parametrize(
    ("runtime", "version"), [("Python3.9", "3.9"), ("Python2.7", "2.7"), ("Nodejs16.13", None), ("python3.9", None)]
)
def test_names_of_runtimes(runtime, version):
    assert interpreters.python_version(runtime) == version
    assert interpreters.is_known(runtime) == (runtime != "python3.9")


@pytest.mark.parametrize(
    ("runtime", "can_run"), [("Python3.9", True), ("CustomRuntime", True), ("Nodejs16.13", False), ("Go1", False)]
)
def test_which_runtimes_are_run(runtime, can_run):
    assert interpreters.can_run(runtime) is can_run
