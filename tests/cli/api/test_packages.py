"""Packages of Tencent's SDK that share files, and such that lack some."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tencentserverless.cli.api.packages import count_shared, find_faults, find_packages
from tests.conftest import child_environment

COMMON = ("tencentcloud/__init__.py", "tencentcloud/common/credential.py")
CVM = ("tencentcloud/__init__.py", "tencentcloud/cvm/client.py")
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Install a package as pip does: its files, and a record of them."""

    def put(name: str, *files: str, version: str = "3.0.1", is_recorded: bool = True) -> None:
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text("")
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if is_recorded:
            record = [*files, f"{info.name}/METADATA", f"../../bin/{name}"]
            (info / "RECORD").write_text("".join(f"{file},,\n" for file in record))

    return put


def found_in(folder: Path) -> list:
    return find_packages(distributions(path=[str(folder)]))


def test_the_packages_of_the_family_alone_are_found(install: Install, tmp_path: Path) -> None:
    install("tencentcloud-sdk-python-common", *COMMON)
    install("tencentcloud_sdk_python_cvm", *CVM, version="3.0.2")
    install("tencentserverless", "tencentserverless/scf.py")
    install("requests", "requests/api.py")
    found = found_in(tmp_path)
    assert [(each.name, each.version) for each in found] == [
        ("tencentcloud-sdk-python-common", "3.0.1"),
        ("tencentcloud-sdk-python-cvm", "3.0.2"),
    ]
    assert count_shared(found) == 1
    assert list(find_faults(found)) == []


def test_files_that_went_with_another_package_are_named_with_the_cure(install: Install, tmp_path: Path) -> None:
    install("tencentcloud-sdk-python-common", *COMMON)
    for file in COMMON:  # as pip uninstall does for the full package
        (tmp_path / file).unlink()
    (fault,) = find_faults(found_in(tmp_path))
    assert fault == (
        "tencentcloud-sdk-python-common 3.0.1 lacks files (2, such as tencentcloud/__init__.py), as after another "
        "package was uninstalled; run: pip install --force-reinstall --no-deps tencentcloud-sdk-python-common==3.0.1"
    )


def test_one_of_the_two_with_the_common_files_has_to_be_there(install: Install, tmp_path: Path) -> None:
    install("tencentcloud-sdk-python-cvm", *CVM)
    (fault,) = find_faults(found_in(tmp_path))
    assert fault.startswith("tencentcloud-sdk-python-common is not installed; run: pip install ")
    install("tencentcloud-sdk-python", *COMMON, *CVM)
    assert list(find_faults(found_in(tmp_path))) == []


def test_a_package_without_a_record_lacks_nothing(install: Install, tmp_path: Path) -> None:
    install("tencentcloud-sdk-python-common", *COMMON, is_recorded=False)
    assert list(find_faults(found_in(tmp_path))) == []


HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tencentcloud":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
sys.path.insert(0, sys.argv[1])
sys.argv = ["scf", *sys.argv[2:]]
from tencentserverless.cli.main import main
sys.exit(main())
"""


def run_without_files(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", HIDDEN, str(folder), *words]
    return subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)


def test_every_command_names_the_cure_in_one_line(tmp_path: Path) -> None:
    for words in (["invoke", "f"], ["functions", "list"], ["logs", "f"]):
        done = run_without_files(tmp_path, *words)
        assert done.returncode == 3, done.stderr
        (line,) = done.stderr.splitlines()
        assert line.endswith("pip install --force-reinstall --no-deps tencentcloud-sdk-python-common")


def test_the_doctor_still_works_and_names_the_package(install: Install, tmp_path: Path) -> None:
    install("tencentcloud-sdk-python-common", *COMMON)
    (tmp_path / COMMON[1]).unlink()
    done = run_without_files(tmp_path, "doctor", "--json")
    assert done.returncode == 16, done.stderr
    (finding,) = json.loads(done.stdout)
    assert (finding["name"], finding["state"]) == ("packages", "failed")
    assert "tencentcloud/common/credential.py" in finding["text"]
    assert run_without_files(tmp_path, "doctor").stdout.startswith("failed   packages")
