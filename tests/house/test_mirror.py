"""tools/mirror.py finds a module without tests of its name, and every line of its list that is not true."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("_client.py", "_core/__init__.py", "_core/retry.py", "_core/wire.py", "local/http/tls.py")
TESTS = ("test_client.py", "_core/test_retry.py", "local/http/test_tls.py", "parity/test_clients.py")
WIRE = "_core/wire.py: it has no code of its own; parity/test_clients.py reads it"


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ROOT / "tools" / "mirror.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write_list(project: Path, *lines: str, length: int | None = None) -> None:
    head = f"# at most {len(lines) if length is None else length} lines"
    (project / "tests" / "unmapped.txt").write_text("\n".join((head, *lines)) + "\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that keeps the rule, with one line in its list."""
    put(tmp_path / "src" / "tencentserverless", *SOURCES)
    put(tmp_path / "tests", *TESTS)
    write_list(tmp_path, WIRE)
    return tmp_path


def find_fault(project: Path) -> str:
    """The one fault that there is."""
    done = check(project)
    assert done.returncode == 1, done.stdout
    fault, count = done.stdout.splitlines()
    assert count == "mirror: 1 faults"
    return fault


def test_the_house_keeps_it() -> None:
    done = check(ROOT)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout


def test_mirrors_and_true_lines_pass(project: Path) -> None:
    done = check(project)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout


def test_a_module_without_a_test_module_is_a_fault(project: Path) -> None:
    put(project / "src" / "tencentserverless", "local/http/server.py")
    put(project / "tests", "local/test_doors.py")  # not the folder that mirrors it
    fault = find_fault(project)
    assert fault.startswith("src/tencentserverless/local/http/server.py: there is no tests/local/http/test_server.py;")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "_core/retry.py: parity/test_clients.py",
            "_core/retry.py has its own tests/_core/test_retry.py; take the line out",
        ),
        ("_core/gone.py: parity/test_clients.py", "there is no module _core/gone.py; take the line out"),
        (WIRE, "_core/wire.py is listed twice"),
    ],
)
def test_a_stale_line_is_a_fault(project: Path, line: str, fault: str) -> None:
    write_list(project, WIRE, line)
    assert find_fault(project) == f"tests/unmapped.txt:3: {fault}"


@pytest.mark.parametrize("reason", ["", ": it is plain"])
def test_a_reason_names_what_covers_the_module(project: Path, reason: str) -> None:
    write_list(project, f"_core/wire.py{reason}")
    assert "names the test modules that cover it" in find_fault(project)


def test_a_reason_names_what_is_there(project: Path) -> None:
    write_list(project, WIRE + ", and _core/test_gone.py")
    assert find_fault(project).endswith("covered by tests/_core/test_gone.py, which is not there")


def test_a_list_that_grows_is_a_fault(project: Path) -> None:
    put(project / "src" / "tencentserverless", "aio.py")
    write_list(project, WIRE, "aio.py: parity/test_clients.py", length=1)
    assert find_fault(project).startswith("tests/unmapped.txt:1: the list has 2 lines and may have 1: give")


def test_a_list_that_shrinks_lowers_its_length(project: Path) -> None:
    write_list(project, WIRE, length=3)
    assert find_fault(project).startswith("tests/unmapped.txt:1: the list has 1 lines and may have 3: lower")


def test_a_list_without_its_length_is_a_fault(project: Path) -> None:
    (project / "tests" / "unmapped.txt").write_text(f"# a list\n{WIRE}\n")
    assert find_fault(project).startswith("tests/unmapped.txt:1: the first line says how long the list may be")


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path / "tests", "test_it.py")
    write_list(tmp_path)
    assert "no module here" in find_fault(tmp_path)
