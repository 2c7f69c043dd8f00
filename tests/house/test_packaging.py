"""The package: what the wheel holds, and each way to install it, on the oldest Python and on the newest."""

import configparser
import subprocess
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tencentserverless import __version__
from tests.environments import make_wheel, without_python

ROOT = Path(__file__).resolve().parents[2]
NEW_PACKAGES = ("local", "cli", "testing")
IMPORT_SDK = f"""
import importlib, pkgutil
import tencentserverless
for module in pkgutil.walk_packages(tencentserverless.__path__, "tencentserverless."):
    is_extra = module.name.endswith(("__main__", "_base.tracing"))  # the second needs the extra otel
    if module.name.split(".")[1] not in {NEW_PACKAGES!r} and not is_extra:
        print(importlib.import_module(module.name).__file__)
"""


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run outside the tree, with nothing of it on the path."""
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, env=without_python(), capture_output=True, encoding="utf-8", timeout=150, check=False
    )


@pytest.fixture(scope="module")
def wheel() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(make_wheel()) as opened:
        yield opened


def read_metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode("utf-8"))


@pytest.mark.proof
def test_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    files = {
        path.relative_to(source).as_posix()
        for path in (source / "tencentserverless").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert inside == files
    assert "tencentserverless/py.typed" in inside


@pytest.mark.proof
def test_wheel_metadata(wheel: zipfile.ZipFile) -> None:
    metadata = read_metadata(wheel)
    assert metadata["Name"] == "tencentserverless"
    assert metadata["Version"] == __version__
    assert metadata["Requires-Python"] == ">=3.6"
    license_words = metadata["License-Expression"] or metadata["License"]
    assert license_words == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert any(name.endswith("/LICENSE") for name in wheel.namelist())


@pytest.mark.proof
def test_sdk_requires_one_package_and_extras_spare_old_pythons(wheel: zipfile.ZipFile) -> None:
    requirements = [Requirement(text) for text in read_metadata(wheel).get_all("Requires-Dist")]
    alone = {item.name for item in requirements if item.marker is None or item.marker.evaluate({"extra": ""})}
    assert alone == {"tencentcloud-sdk-python-common"}
    for extra in ("local", "dev"):
        old = {"extra": extra, "python_version": "3.9"}
        assert {item.name for item in requirements if item.marker and item.marker.evaluate(old)} == set()


@pytest.mark.proof
def test_dev_extra_contains_local_extra(wheel: zipfile.ZipFile) -> None:
    requirements = [Requirement(text) for text in read_metadata(wheel).get_all("Requires-Dist")]

    def wanted(extra: str) -> set[str]:
        return {item.name for item in requirements if item.marker and item.marker.evaluate({"extra": extra})}

    assert wanted("local") >= {"click", "rich", "httptools", "msgspec", "PyYAML", "psutil"}
    assert wanted("dev") > wanted("local")


def test_setup_py_has_no_metadata_of_its_own() -> None:
    lines = [line for line in (ROOT / "setup.py").read_text().splitlines() if line]
    assert lines == ["from setuptools import setup", "setup()"]
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["metadata"]["version"] == "attr: tencentserverless.__version__"


@pytest.mark.timeout(400)
@pytest.mark.proof
class TestInstalled:
    def test_pip_shows_it(self, installed: Path, tmp_path: Path) -> None:
        done = run(installed / "python", "-m", "pip", "show", "tencentserverless", cwd=tmp_path)
        shown = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
        assert shown["Name"] == "tencentserverless"
        assert shown["Version"] == __version__
        assert shown["Requires"] == "tencentcloud-sdk-python-common"

    def test_every_module_of_the_sdk_imports(self, installed: Path, tmp_path: Path) -> None:
        done = run(installed / "python", "-W", "error", "-c", IMPORT_SDK, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        files = done.stdout.split()
        assert any(file.endswith("scf.py") for file in files)
        assert all(Path(file).is_relative_to(installed.parent) for file in files)

    @pytest.mark.parametrize("command", [("scf",), ("python", "-m", "tencentserverless")])
    def test_scf_without_the_extra_names_it(self, installed: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
        done = run(installed / command[0], *command[1:], "local", "start", cwd=tmp_path)
        assert done.returncode != 0
        assert "pip install '.[local]'" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "pip install tencentserverless" not in done.stdout + done.stderr
