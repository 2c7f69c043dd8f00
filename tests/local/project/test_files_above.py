"""Which files above PATH are followed, and what a look at them finds."""

import os
import time

import pytest

from tencentserverless.local.project import files_above
from tencentserverless.local.project.files_above import FilesAbove


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "repository" / "a" / "b" / "c" / "PATH"
    root.mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    return root


def test_variables_two_levels_up_and_configurations_up_to_the_top_of_the_repository_count(root, tmp_path):
    above = FilesAbove(root)
    assert above.changes() == set()
    counted = {
        root.parent / ".env",
        root.parent.parent / ".env.test",
        root.parent / "serverless.yml",
        tmp_path / "repository" / "template.yaml",
    }
    others = (tmp_path / "serverless.yml", root / ".env", root.parent / "index.py", root.parent / ".envrc")
    for path in (*counted, *others):
        path.write_text("A=1\n")
    assert above.changes() == counted
    assert above.changes() == set()
    (root.parent / ".env").write_text("A=22\n")
    (root.parent / "serverless.yml").unlink()
    assert above.changes() == {root.parent / ".env", root.parent / "serverless.yml"}


def test_a_folder_is_listed_again_only_if_it_has_changed(root, monkeypatch):
    (root.parent / ".env").write_text("A=1\n")
    past = time.time() - 60
    for folder in root.parents[:4]:
        os.utime(folder, (past, past))
    listed, real = [], os.listdir
    monkeypatch.setattr(files_above.os, "listdir", lambda folder: listed.append(folder) or real(folder))
    above = FilesAbove(root)
    listed.clear()
    (root.parent / ".env").write_text("A=22\n")
    assert above.changes() == {root.parent / ".env"}
    assert listed == []
    (root.parent / ".env.test").write_text("A=1\n")
    assert above.changes() == {root.parent / ".env.test"}
    assert listed == [root.parent]


def test_a_folder_that_may_not_be_listed_has_no_files(root, monkeypatch):
    def refuse(folder):
        raise PermissionError(folder)

    monkeypatch.setattr(files_above.os, "listdir", refuse)
    assert FilesAbove(root).changes() == set()
