"""The project's own commits: the one that is measured, and the sources of an earlier one to compare with."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tests.environments import ROOT


def ask_git(*arguments: str) -> bytes | None:
    """Return what git writes; None where it fails, as without a repository or without git."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout


def find_commit(name: str) -> str | None:
    """Find the full number of a commit, None if the repository has none of that name: a clone may be shallow."""
    found = ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return None if found is None else found.decode("ascii").strip()


def describe_head() -> str:
    """Name the commit that is measured, and say if files differ from it."""
    commit = find_commit("HEAD")
    if commit is None:
        return "none: the project is no repository here"
    changes = ask_git("status", "--porcelain", "--untracked-files=no")
    return commit[:7] + (" with changes" if changes else "")


def unpack(commit: str, folder: Path, *paths: str) -> None:
    """Write these paths of a commit into a folder. Nothing is left in the repository, whenever the run is ended.

    :raises LookupError: if the repository does not have them
    """
    packed = ask_git("archive", "--format=tar", commit, "--", *paths)
    if packed is None:
        raise LookupError(f"the repository has no {', '.join(paths)} of the commit {commit}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
