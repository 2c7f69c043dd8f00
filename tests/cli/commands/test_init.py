"""``scf init``: what it makes runs, and its test passes."""

import json
import subprocess
import sys

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import child_environment
from tests.local.web.urls import ask, net_of
from tests.testing.conftest import STRANGERS


def run_pytest(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "pytest", *STRANGERS, "-q", *words],
        cwd=cwd,
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.proof
def test_what_it_makes_runs_and_its_test_passes(run_scf, start_local_scf, tmp_path):
    done = run_scf("init", "hello-you", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "scf invoke hello-you --local" in done.stdout
    server = start_local_scf(tmp_path / "hello-you")
    assert server.invoke("hello-you", {"name": "Ada"})["RetMsg"] == '{"message": "Hello, Ada!"}'
    tested = run_pytest(".", cwd=tmp_path / "hello-you")
    assert "2 passed" in tested.stdout, tested.stdout


CALLS_ANOTHER = """import json
from tencentserverless import scf


def main_handler(event, context):
    return scf.invoke("price", data=event).json()
"""


@pytest.mark.proof
def test_its_test_passes_where_functions_call_each_other(run_scf, tmp_path):
    for name in ("order", "price"):
        assert run_scf("init", name, cwd=tmp_path).returncode == 0
    (tmp_path / "order" / "src" / "index.py").write_text(CALLS_ANOTHER)
    tested = run_pytest("order", cwd=tmp_path)
    assert "2 passed" in tested.stdout, tested.stdout


def test_its_files_as_json(run_scf, tmp_path):
    done = run_scf("init", "hello", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == ["hello/src/index.py", "hello/serverless.yml", "hello/test_hello.py"]
    assert done.stderr == ""


def test_it_overwrites_nothing(run_scf, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    done = run_scf("init", "mine", cwd=tmp_path)
    assert done.returncode == 14
    assert "mine is not empty; choose another with --folder" in done.stderr
    done = run_scf("init", "mine", "--folder", "my other", cwd=tmp_path)
    assert "cd 'my other' && scf local start" in done.stdout
    assert (tmp_path / "my other" / "src" / "index.py").exists()


@pytest.mark.parametrize("name", ["1st", "a", "with space", "ends-", "x" * 61, "../up"])
def test_a_name_that_the_platform_refuses(run_scf, tmp_path, name):
    done = run_scf("init", name, cwd=tmp_path)
    assert done.returncode == 14
    assert "is no function's name" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.proof
def test_a_web_function_runs_and_its_test_passes(run_scf, start_local_scf, tmp_path):
    for module in ("fastapi", "uvicorn"):
        pytest.importorskip(module)
    done = run_scf("init", "hello-web", "--web", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "uvicorn && pytest test_hello_web.py\n" in done.stdout  # bare pytest collects the packages in src too
    folder = tmp_path / "hello-web"
    start = folder / "src" / "scf_bootstrap"
    assert start.stat().st_mode & 0o111
    (folder / "src" / "fastapi.py").write_text("raise ImportError('of another Python')\n")  # as pip -t may leave it
    (folder / "src" / "package").mkdir()
    for name in ("__init__.py", "test_cases.py"):  # as annotated_types has one: pytest then puts src first
        (folder / "src" / "package" / name).write_text("")
    tested = run_pytest(".", cwd=folder)
    assert "2 passed" in tested.stdout, tested.stdout
    (folder / "src" / "fastapi.py").unlink()
    manifest = (folder / "serverless.yml").read_text()
    runtime = next(line.split()[-1] for line in manifest.splitlines() if "runtime:" in line)
    (folder / "serverless.yml").write_text(manifest.replace(runtime, OWN_RUNTIME))
    start.write_text(f"#!/bin/bash\nexec {sys.executable} -u app.py\n")  # whose environment has the packages
    server = start_local_scf(folder)
    answer = ask(net_of(server, "hello-web")["LocalUrl"] + "/?name=Ada")
    assert (answer.status, answer.json) == (200, {"message": "Hello, Ada!"})
