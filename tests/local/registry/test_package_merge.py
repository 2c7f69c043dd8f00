"""Packages merged into one folder: the later one wins, and files are shared."""

import errno
import os
from pathlib import Path

import pytest

from tencentserverless.local.registry import package_merge
from tencentserverless.local.registry.package_merge import merge_folders, merged_name


def written(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o555 if name.endswith(".sh") else 0o444)
    return folder


def content(folder):
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture(params=["linked", "copied"])
def target(request, tmp_path, monkeypatch):
    """A folder to merge into, also on a file system without hard links."""
    if request.param == "copied":

        def refuse(*_):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(package_merge.os, "link", refuse)
    return tmp_path / "merged"


def test_of_two_files_at_one_path_the_later_one_stays(tmp_path, target):
    one = written(tmp_path / "one", {"both.txt": "one", "a/one.txt": "1", "tool.sh": ""})
    two = written(tmp_path / "two", {"both.txt": "two", "a/two.txt": "2"})
    merge_folders([one, two], target)
    assert content(target) == {"both.txt": "two", "a": None, "a/one.txt": "1", "a/two.txt": "2", "tool.sh": ""}
    assert [(target / name).stat().st_mode & 0o777 for name in ("tool.sh", "both.txt")] == [0o555, 0o444]


def test_a_file_takes_the_place_of_a_folder_and_a_folder_that_of_a_file(tmp_path, target):
    one = written(tmp_path / "one", {"x/deep/one.txt": "", "y": "file"})
    two = written(tmp_path / "two", {"x": "file", "y/two.txt": ""})
    merge_folders([one, two], target)
    assert content(target) == {"x": "file", "y": None, "y/two.txt": ""}


def test_files_cost_no_room_where_the_system_has_links(tmp_path):
    one = written(tmp_path / "one", {"a.txt": "one"})
    merge_folders([one, written(tmp_path / "two", {"b.txt": ""})], tmp_path / "merged")
    assert os.path.samefile(one / "a.txt", tmp_path / "merged" / "a.txt")


def test_a_folder_that_vanishes_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        merge_folders([written(tmp_path / "one", {"a": ""}), tmp_path / "none"], tmp_path / "merged")


def test_the_name_tells_of_what_is_merged_and_in_which_order():
    assert merged_name(["a" * 64]) == "a" * 64
    names = {merged_name(hashes) for hashes in (["a", "b"], ["b", "a"], ["a", "b", "b"], ["ab"])}
    assert len(names) == 4
    assert Path(merged_name(["a", "b"])).name.isalnum()
