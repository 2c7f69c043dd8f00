"""``make`` on a machine that has only Python, make and PyPI."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TREE = (".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml", "setup.cfg", "setup.py")
FOLDERS = ("examples", "src", "tools")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in TREE:
        shutil.copy2(ROOT / name, tmp_path)
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".scf")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    ours = ("MAKE", "MFLAGS", "PYTEST", "PYTHONPATH", "VIRTUAL_ENV", "TENCENT")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    command = ["make", "-C", str(folder), "--no-print-directory", *words]
    return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", timeout=360, check=False)


@pytest.mark.proof
@pytest.mark.timeout(400)
def test_demo_sets_up_everything_in_a_fresh_clone(clone: Path, newest_python: Path) -> None:
    done = make(clone, "demo", f"PYTHON={newest_python}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '\n"Hello World from the function being invoked"\n' in done.stdout
    assert '\n"Already invoked a function!"\n' in done.stdout
    again = make(clone, "-n", "demo", f"PYTHON={newest_python}")
    assert again.stdout == ".venv/bin/python examples/demo.py\n"
    (clone / "setup.cfg").touch()
    assert "tools/make_venv.py local" in make(clone, "-n", "demo").stdout


@pytest.mark.parametrize("target", ["demo", "test"])
def test_an_old_python_is_refused_with_a_sentence(
    clone: Path, target: str, find_python: Callable[[str], Path | None]
) -> None:
    old = next((path for path in map(find_python, ("3.9", "3.8", "3.7", "3.6")) if path), None)
    if old is None:
        pytest.skip("no Python from 3.6 to 3.9 on PATH or under pyenv")
    done = make(clone, target, f"PYTHON={old}")
    assert done.returncode != 0
    assert "need 3.10 or later" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (clone / ".venv").exists()


def test_no_python_at_all_is_said(clone: Path) -> None:
    done = make(clone, "demo", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "There is no no-such-python" in done.stdout
