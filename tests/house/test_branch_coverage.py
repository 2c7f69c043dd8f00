"""tools/branch_coverage.py counts what tests and the processes that they start run, and holds the floor."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
    [tool.coverage.run]
    branch = true
    source = ["src/made"]
    parallel = true
    data_file = ".cache/coverage/data"
    patch = ["subprocess"]
    [tool.coverage.report]
    fail_under = {floor}
    """
FILES = {
    "src/made/__init__.py": "",
    "src/made/inner/__init__.py": "",
    "src/made/inner/unused.py": "x = 1\n",
    "src/made/inner/child.py": "import sys\nif len(sys.argv) > 1:\n    print('more')\n",
    "tests/test_child.py": """
        import subprocess, sys

        def test_child():
            assert subprocess.call([sys.executable, "src/made/inner/child.py", "word"]) == 0
        """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of which the tests run 4 of 6 steps, all of them in another process."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path


def measure(project: Path, floor: float) -> "subprocess.CompletedProcess[str]":
    (project / "pyproject.toml").write_text(textwrap.dedent(SETTINGS.format(floor=floor)))
    ours = ("COVERAGE", "PYTEST")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, str(ROOT / "tools" / "branch_coverage.py"), "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.proof
def test_other_processes_count_and_each_package_has_a_row(project: Path) -> None:
    done = measure(project, 66)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith(" %")]
    assert rows == [
        ["src/made", "1", "0", "0", "100.00", "%"],
        ["src/made/inner", "3", "6", "2", "66.67", "%"],
        ["all", "4", "6", "2", "66.67", "%"],
    ]
    assert (project / ".cache" / "coverage" / "html" / "index.html").exists()


@pytest.mark.proof
def test_less_than_the_floor_fails(project: Path) -> None:
    done = measure(project, 67)
    assert done.returncode == 1
    assert "66.67 % is under the floor of 67 %" in done.stdout


@pytest.mark.proof
def test_a_failing_test_fails(project: Path) -> None:
    with (project / "tests" / "test_child.py").open("a") as file:
        file.write("\ndef test_wrong():\n    assert False\n")
    done = measure(project, 66)
    assert "1 failed, 1 passed" in done.stdout
    assert "coverage: 66.67 % keeps the floor of 66 %" in done.stdout
    assert done.returncode == 1


@pytest.mark.proof
def test_where_no_test_runs_pytest_has_the_last_word(project: Path) -> None:
    (project / "tests" / "test_child.py").unlink()
    done = measure(project, 66)
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "coverage:" not in done.stdout + done.stderr
