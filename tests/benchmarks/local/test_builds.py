"""The build of a commit, without an installation."""

import subprocess

import pytest

from benchmarks.local import builds
from tests.environments import ROOT


@pytest.fixture(scope="module", autouse=True)
def repository() -> None:
    found = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("the project is no repository here")


def test_a_commit_is_named_by_its_full_number() -> None:
    number = builds.find_commit("HEAD")
    assert len(number) == 40
    assert builds.find_commit(number[:12]) == number


@pytest.mark.parametrize("name", ["nothing-of-this-name", "", "--help", "HEAD:setup.py"])
def test_a_name_that_is_no_commit_ends_the_run_at_once(name: str) -> None:
    with pytest.raises(SystemExit, match="there is no commit"):
        builds.find_commit(name)
