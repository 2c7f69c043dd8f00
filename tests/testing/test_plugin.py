"""The plugin is loaded in every run of pytest: it changes nothing in a run that does not ask for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless import __version__
from tests.conftest import SOURCE, child_environment
from tests.environments import search_python
from tests.testing.conftest import STRANGERS

PACKAGE = SOURCE / "tencentserverless"
ENTRY = PACKAGE / "testing" / "plugin.py"
#: What pytest itself has not loaded.
HEAVY = ("asyncio", "click", "httptools", "msgspec", "http.client", "sqlite3", "ssl", "tencentcloud")

STRANGER = """
    import json, os, sys, threading

    import psutil

    def test_nothing_is_changed():
        assert {name for name in os.environ if name.startswith("TENCENT")} == set()
        ours = {name for name in sys.modules if name.startswith("tencentserverless")}
        assert ours == {"tencentserverless"} | {"tencentserverless.testing" + end for end in ("", ".plugin", ".hooks")}
        assert not {name for name in HEAVY if name in sys.modules}
        assert psutil.Process().children() == []
        assert threading.active_count() == 1

    def test_the_cloud_may_be_called_by_whom_it_pleases(monkeypatch):
        from tencentserverless import exception, scf
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        try:
            scf.Client("ap-guangzhou", "id", "key", endpoint="public", max_attempts=1).invoke("f")
        except exception.ConnectError:
            pass
"""


def test_the_entry_module_compiles_on_the_oldest_python_and_imports_nothing() -> None:
    python = search_python("3.6")
    if python is None:
        pytest.skip("no Python 3.6 on PATH or under pyenv")
    code = (
        "import sys; before = set(sys.modules); import tencentserverless.testing.plugin, tencentserverless.testing\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [python, "-S", "-c", code], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True
    )
    names = ["tencentserverless", "tencentserverless.testing", "tencentserverless.testing.plugin"]
    assert done.stdout.split() == names


def test_on_an_old_python_it_configures_and_stays_silent() -> None:
    python = search_python("3.6")
    if python is None:
        pytest.skip("no Python 3.6 on PATH or under pyenv")
    code = """if True:
        from tencentserverless.testing import plugin
        class Config:
            target = None
            def addinivalue_line(self, name, line): assert name == "markers"
            def getoption(self, name): return self.target
        plugin.pytest_configure(Config())
        class UsageError(Exception): pass
        import sys, types
        sys.modules["pytest"] = types.SimpleNamespace(UsageError=UsageError)
        Config.target = "local"
        try:
            plugin.pytest_configure(Config())
        except UsageError as error:
            print(error)
    """
    done = subprocess.run(
        [python, "-S", "-c", code], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True
    )
    assert "needs Linux or macOS, Python 3.10" in done.stdout
    assert "pip install '.[local]'" in done.stdout


def test_a_run_that_asks_for_nothing_is_left_alone(run_pytest) -> None:
    text = f"HEAVY = {HEAVY}\n" + STRANGER.replace("\n    ", "\n")
    # Other plugins load asyncio and more, and coverage.py loads sqlite3.
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COVERAGE_PROCESS_CONFIG": ""}
    done = run_pytest("-p", "tencentserverless", env=alone, test_stranger=text)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    "missing", ["httptools", *(pytest.param(name, marks=pytest.mark.proof) for name in ("msgspec", "click"))]
)
def test_without_the_extra_it_is_inert_until_it_is_asked_for(run_pytest, tmp_path, missing) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {missing!r}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    env = {"PYTHONPATH": os.pathsep.join((str(hidden), str(SOURCE)))}
    stranger = """
        import sys
        import pytest

        @pytest.mark.scf_functions("somewhere")
        def test_it():
            assert "tencentserverless.testing.hooks" not in sys.modules
    """
    done = run_pytest("--strict-markers", env=env, test_stranger=stranger)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    done = run_pytest("--scf-target=local", env=env, test_stranger=stranger)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "needs Linux or macOS" in done.stderr
    assert "pip install '.[local]'" in done.stderr


def test_who_imports_the_package_before_pytest_gets_no_warning(tmp_path: Path) -> None:
    """pytest marks the packages of plugins for rewriting, and warns of those that it meets too late."""
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "tencentserverless", ignore=shutil.ignore_patterns("__pycache__"))
    info = site / f"tencentserverless-{__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tencentserverless\nVersion: {__version__}\n")
    (info / "entry_points.txt").write_text("[pytest11]\ntencentserverless = tencentserverless.testing.plugin\n")
    files = [path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()]
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    code = (
        "import sys, tencentserverless, pytest; print(tencentserverless.__file__)\n"
        f"sys.exit(pytest.main(['-W', 'error', *{STRANGERS}, 'test_it.py']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=child_environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(str(site))
    assert "1 passed" in done.stdout, done.stdout + done.stderr
