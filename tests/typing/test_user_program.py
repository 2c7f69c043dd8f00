"""The types as a user meets them: both checkers find each wrong line of a program, and no other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("user_program.py")
SECONDS = 120
pytestmark = [pytest.mark.proof]


def list_wrong(checker: str) -> "list[int]":
    """List the lines that a checker is to complain of."""
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if re.search(rf"# wrong:.*\b{checker}\b", line)]


def run(*command: str) -> str:
    scripts = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS)
    return done.stdout


def test_mypy(tmp_path: Path) -> None:
    options = ["--strict", "--warn-unreachable", "--cache-dir", str(tmp_path), "--config-file", os.devnull]
    found = run(sys.executable, "-m", "mypy", *options, str(PROGRAM))
    errors = {int(number) for number in re.findall(r"user_program\.py:(\d+): error", found)}
    assert sorted(errors) == list_wrong("mypy"), found


@pytest.mark.skipif(not (Path(sys.executable).parent / "pyright").exists(), reason="pyright is not installed")
def test_pyright() -> None:
    found = run("pyright", "--outputjson", "--pythonpath", sys.executable, str(PROGRAM))
    faults = [each for each in json.loads(found)["generalDiagnostics"] if each["severity"] == "error"]
    errors = {each["range"]["start"]["line"] + 1 for each in faults}
    assert sorted(errors) == list_wrong("pyright"), found
