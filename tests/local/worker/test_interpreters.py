"""Which Python a Runtime means, with the real ones of this machine."""

import json
import shutil
from pathlib import Path

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.worker import interpreters
from tencentserverless.local.worker.interpreters import Interpreters
from tests.conformance.management import ECHO, zipped

VERSIONS = ["2.7", "3.6", "3.9", "3.13"]


@pytest.fixture(scope="session")
def found():
    finder = Interpreters(is_strict=False)
    finder.prepare({f"Python{version}" for version in VERSIONS})
    missing = " ".join(finder.warnings)
    return {version for version in VERSIONS if f"Python{version} " not in missing}


NAMED = "2.7 3.6 3.7 3.9 3.10 3.11 3.12 3.13".split()


@pytest.mark.parametrize(
    ("runtime", "is_known", "is_named"),
    [
        *[(f"Python{version}", True, True) for version in NAMED],
        *[(f"Python{version}", True, False) for version in ("2.6", "3.5", "3.8", "3.14", "3.77")],
        *[(name, True, True) for name in ("Nodejs20.19", "Nodejs22.21", "Nodejs26.1", "Java21", "Go1", "Php8.0")],
        *[(name, True, False) for name in ("Nodejs28.1", "Nodejs19", "Java25", "Php9.0")],
        *[(name, False, False) for name in ("Python3", "Python4.0", "Nodejs", "Go2", "Cobol", "Nodejs20.19\n", "")],
    ],
)
def test_names_that_no_source_has_may_be_there_by_now_and_are_doubted(runtime, is_known, is_named):
    assert interpreters.is_known(runtime) is is_known
    doubt = interpreters.name_doubt(runtime)
    assert (doubt == "") is is_named
    if not is_named:
        assert f"the runtime {runtime}: the cloud may refuse it" in doubt


def test_a_doubted_runtime_is_said_at_the_start_and_at_a_creation(start_local_scf, tmp_path):
    (tmp_path / "index.py").write_text(ECHO)
    manifest = "component: scf\nname: x\ninputs: {name: old, src: ., runtime: Python3.8}\n"
    (tmp_path / "serverless.yml").write_text(manifest)
    server = start_local_scf(tmp_path)
    doubt = "no page of Tencent's names the runtime {}: the cloud may refuse it"
    assert doubt.format("Python3.8") in server.stderr
    for runtime in ("Python3.9", "Nodejs20.19", "Nodejs28.1"):
        made = {"FunctionName": runtime.replace(".", "-"), "Runtime": runtime, "Code": {"ZipFile": zipped(ECHO)}}
        assert "Error" not in server.request("CreateFunction", made).response
    said = server.settled_stderr()
    assert f"[Nodejs28-1] {doubt.format('Nodejs28.1')}" in said
    assert "the runtime Nodejs20.19" not in said
    assert "the runtime Python3.9:" not in said


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
