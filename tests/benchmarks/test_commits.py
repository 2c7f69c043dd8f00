"""The project's commits, without an installation."""

from pathlib import Path

import pytest

from benchmarks import commits
from tests.environments import SOURCES


@pytest.fixture(scope="module")
def head() -> str:
    found = commits.find_commit("HEAD")
    if found is None:
        pytest.skip("the project is no repository here")
    return found


def test_the_sources_of_a_commit_are_all_that_a_build_needs(head: str, tmp_path: Path) -> None:
    commits.unpack(head, tmp_path, *SOURCES)
    assert {path.name for path in tmp_path.iterdir()} == set(SOURCES)
    assert (tmp_path / "src" / "tencentserverless" / "local" / "settings.py").is_file()


def test_the_measured_commit_is_named(head: str) -> None:
    assert commits.describe_head().partition(" ")[0] == head[:7]


@pytest.mark.parametrize("name", ["nothing-of-this-name", "", "--help", "HEAD:setup.py"])
def test_a_commit_that_the_repository_does_not_have_is_none(name: str) -> None:
    assert commits.find_commit(name) is None


def test_what_a_commit_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"no src of the commit 0000000"):
        commits.unpack("0000000", tmp_path, "src")


def test_a_project_that_is_no_repository_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commits, "ROOT", tmp_path)
    assert commits.find_commit("HEAD") is None
    assert commits.describe_head() == "none: the project is no repository here"
