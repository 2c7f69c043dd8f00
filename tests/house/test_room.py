"""``make test ROOM=NAME`` runs the tests of one package or module, or lists the folders of tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
    test_client.py _core/test_pool.py _core/test_retry.py _sync/test_pool.py benchmarks/local/test_load.py
    cli/commands/test_local.py local/test_serve.py local/scheduler/test_decisions.py proof/campaign.py
""".split()
#: Stands for the environment: what would be pytest says what it is to run.
PYTHON = '#!/bin/sh\nif [ "$2" = pytest ]; then echo pytest "$@"; else exec "{}" "$@"; fi\n'
ROOMS = {
    "scheduler": "tests/local/scheduler",
    "local": "tests/benchmarks/local tests/local",
    "_core": "tests/_core",
    "retry": "tests/_core/test_retry.py",
    "pool": "tests/_core/test_pool.py tests/_sync/test_pool.py",
    "_client": "tests/test_client.py",
    "commands/": "tests/cli/commands",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the folders that ``make test`` looks at, whose tests are empty."""
    for name in ("Makefile", "setup.cfg", "pyproject.toml"):
        shutil.copy2(ROOT / name, tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "tools").mkdir()
    shutil.copy2(ROOT / "tools" / "room.py", tmp_path / "tools")
    for name in TESTS:
        path = tmp_path / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON.format(sys.executable))
    python.chmod(0o755)
    (tmp_path / ".venv" / ".dev-installed").touch()
    return tmp_path


def make_test(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run make without the variables that an outer make has put into the environment."""
    ours = ("MAKE", "MFLAGS", "ROOM", "TESTS")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = ["make", "--no-print-directory", "-C", str(project), "test", "JOBS=1", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def read_tests(done: "subprocess.CompletedProcess[str]") -> str:
    """The tests that pytest was told to run, after its options."""
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("pytest "))
    return line.partition("--dist worksteal")[2].strip()


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_is_found_by_its_name(project: Path, name: str) -> None:
    tool = [sys.executable, "-I", "-S", str(project / "tools" / "room.py"), name]
    assert subprocess.check_output(tool, text=True).strip() == ROOMS[name]


def test_make_asks_for_the_room(project: Path) -> None:
    assert read_tests(make_test(project, "ROOM=pool")) == ROOMS["pool"]


@pytest.mark.parametrize("name", ["nowhere", "*"])
def test_an_unknown_room_is_refused_with_a_list(project: Path, name: str) -> None:
    done = make_test(project, f"ROOM={name}")
    assert done.returncode == 2
    assert "pytest" not in done.stdout
    first = done.stderr.splitlines()[0]
    assert first.startswith(f"`ROOM={name}`: no folder or test module of that name.")
    assert first.endswith("Folders: _core, _sync, commands, local, scheduler")


def test_no_room_is_all_tests_and_paths_are_taken_as_they_are(project: Path) -> None:
    assert read_tests(make_test(project)) == ""
    assert read_tests(make_test(project, "TESTS=tests/_core tests/local")) == "tests/_core tests/local"
