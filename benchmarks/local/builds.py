"""The build of a commit, in an environment of its own with the requirements that it names."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import commits
from tests.environments import SOURCES, make_once, run


def find_commit(name: str) -> str:
    """Find the full number of a commit.

    :raises SystemExit: if there is no such commit
    """
    found = commits.find_commit(name)
    if found is None:
        raise SystemExit(f"bench-local: there is no commit {name!r} in this repository")
    return found


def install_build(commit: str) -> Path:
    """Install the build of a commit, once for all runs; the value is the interpreter of its environment."""
    python = Path(sys.executable)
    folder = make_once("build", f"{commit} {python} {sys.version}", partial(make_build, python, commit))
    return folder / "bin" / "python"


def make_build(python: Path, commit: str, folder: Path) -> None:
    """Make an environment with the build of a commit and its requirements."""
    print(f"Installing the build of {commit[:12]} into an environment of its own", flush=True)
    run(python, "-m", "venv", folder)
    with tempfile.TemporaryDirectory(prefix="bench-build-") as sources:
        commits.unpack(commit, Path(sources), *SOURCES)
        pip = (folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
        run(*pip, f"{sources}[local]", timeout=900)
