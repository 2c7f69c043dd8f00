"""Runs of pytest on a project of their own, as a user starts them."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import forkserver
from tests.conftest import child_environment

RUN_SECONDS = 150
#: Plugins that no project here uses. Without bytecode pytest rewrites all of hypothesis at every start.
STRANGERS = [word for name in ("cacheprovider", "anyio", "hypothesispytest") for word in ("-p", "no:" + name)]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def run_pytest(project: Path) -> Run:
    """Run pytest in the project: ``run_pytest(*arguments, env={}, file_name=text)``; names end in ``.py``."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, **tests: str) -> "subprocess.CompletedProcess[str]":
        write_files(project, {f"{name}.py": text for name, text in tests.items()})
        command = [sys.executable, "-m", "pytest", *STRANGERS, "-W", "error", "-rs", *arguments]
        return forkserver.run(command, child_environment(**(env or {})), project, RUN_SECONDS)

    return run
