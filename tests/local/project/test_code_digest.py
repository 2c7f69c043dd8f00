"""The digest of a folder: equal for equal content, whatever becomes of the folder meanwhile."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless.local.project import code_digest
from tencentserverless.local.project.code_digest import digest
from tests.profiles import examples


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "index.py").write_text("1")
    return folder


def on_listing(monkeypatch, act):
    """Act each time that a folder has been looked into, before its files are."""
    real = code_digest.list_entries

    def list_entries(path):
        found = real(path)
        act()
        return found

    monkeypatch.setattr(code_digest, "list_entries", list_entries)


def test_a_folder_that_is_not_there_has_no_digest(tmp_path):
    assert digest(tmp_path / "none") == ""
    assert digest(tmp_path) != ""


def test_a_folder_that_is_moved_while_it_is_read_has_no_digest(folder, monkeypatch):
    """Else what was read of it would count as a change, and replace code that came through the API."""
    on_listing(monkeypatch, lambda: folder.rename(folder.parent / "aside"))
    assert digest(folder) == ""


def test_a_folder_whose_file_goes_away_while_it_is_read_is_read_again(folder, monkeypatch):
    (folder / "link.py").symlink_to("nowhere")
    wanted = digest(folder)
    assert wanted
    (folder / "saving.py").write_text("")
    assert digest(folder) != wanted
    on_listing(monkeypatch, lambda: (folder / "saving.py").unlink(missing_ok=True))
    assert digest(folder) == wanted


def test_a_folder_that_does_not_come_to_rest_has_no_digest(folder, monkeypatch):
    def save():
        for path in folder.glob("saving*"):
            path.unlink()
        (folder / f"saving{time.monotonic_ns()}.py").write_text("")

    save()
    on_listing(monkeypatch, save)
    assert digest(folder) == ""


def test_content_names_and_modes_count(folder):
    seen = {digest(folder)}
    (folder / "index.py").write_text("2")
    seen.add(digest(folder))
    (folder / "index.py").chmod(0o755)
    seen.add(digest(folder))
    (folder / "index.py").rename(folder / "other.py")
    seen.add(digest(folder))
    assert len(seen) == 4
    (folder / "__pycache__").mkdir()
    for name in ("__pycache__/other.pyc", ".hidden", "other.py~"):
        (folder / name).write_text("")
    os.utime(folder / "other.py", (1, 1))
    assert digest(folder) in seen


def test_what_links_lead_to_counts(folder):
    outside = folder.parent / "shared"
    (outside / "deep").mkdir(parents=True)
    (outside / "util.py").write_text("1")
    (outside / "deep" / "more.py").write_text("1")
    (folder / "util.py").symlink_to("../shared/util.py")
    (folder / "deep").symlink_to(outside / "deep")
    seen = {digest(folder)}
    for path in (outside / "util.py", outside / "deep" / "more.py"):
        path.write_text("2")
        seen.add(digest(folder))
    assert len(seen) == 3


def test_links_that_lead_in_circles_have_an_end(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "up").symlink_to("..")
    (folder / "self").symlink_to(".")
    (folder / "lost").symlink_to("lost")
    (folder / "pipe.py").symlink_to("pipe")
    os.mkfifo(folder / "pipe")
    before = digest(folder)
    (folder / "inner" / "one.py").write_text("")
    assert "" != digest(folder) != before


@pytest.fixture
def settled(folder, monkeypatch):
    """The folder, long after its files were saved."""
    monkeypatch.setattr(code_digest, "_SETTLED_NS", -3_600_000_000_000)
    return folder


def count_readings(monkeypatch):
    paths, real = [], code_digest._hash_file
    monkeypatch.setattr(code_digest, "_hash_file", lambda path: paths.append(os.path.basename(path)) or real(path))
    return paths


def test_a_file_that_has_not_changed_is_not_read_again(settled, monkeypatch):
    (settled / "helper.py").write_text("1")
    read = count_readings(monkeypatch)
    first = digest(settled)
    assert digest(settled) == first
    assert sorted(read) == ["helper.py", "index.py"]
    (settled / "helper.py").write_text("2")
    assert digest(settled) != first
    assert sorted(read) == ["helper.py", "helper.py", "index.py"]


def test_a_change_that_keeps_size_and_time_counts(settled):
    before, status = digest(settled), (settled / "index.py").stat()
    (settled / "index.py").write_text("2")
    os.utime(settled / "index.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digest(settled) != before


def test_a_file_that_was_saved_just_now_is_read_again(folder, monkeypatch):
    """The clock of a file system is coarse: two saves can have one time."""
    read = count_readings(monkeypatch)
    digest(folder)
    digest(folder)
    assert read == ["index.py", "index.py"]


def test_large_files_count_by_time_and_size(settled, monkeypatch):
    monkeypatch.setattr(code_digest, "_MAX_READ_BYTES", 0)
    read = count_readings(monkeypatch)
    before = digest(settled)
    assert read == []
    os.utime(settled / "index.py", (1, 1))
    assert digest(settled) != before


def test_files_that_are_too_large_together_count_by_time_and_size(settled, monkeypatch):
    monkeypatch.setattr(code_digest, "MAX_UNPACKED_BYTES", 1)
    (settled / "second.py").write_text("2")
    read = count_readings(monkeypatch)
    assert digest(settled) == digest(settled) != ""
    assert read == ["index.py"]


@pytest.fixture
def followed(settled, monkeypatch):
    """The folder, which counts as large, with folders in it."""
    monkeypatch.setattr(code_digest, "_LARGE_FILES", 1)
    for name in ("one", "two", "two/deep"):
        (settled / name).mkdir()
        (settled / name / "code.py").write_text("1")
    digest(settled)
    return settled


def look_through(folder):
    """The digest by a look at everything."""
    return code_digest._Reading(code_digest._Memory(), follows_news=False).read(str(folder))


def test_only_folders_with_news_are_looked_into(followed, monkeypatch):
    looked, real = [], code_digest.list_entries
    monkeypatch.setattr(code_digest, "list_entries", lambda path: looked.append(os.path.basename(path)) or real(path))
    (followed / "two" / "code.py").write_text("2")
    code_digest.forget([str(followed / "two" / "code.py")])
    after = digest(followed, follows_news=True)
    assert looked == ["code", "two"]
    assert after == look_through(followed)
    looked.clear()
    assert digest(followed, follows_news=True) == after
    assert looked == []
    assert digest(followed) == after
    assert sorted(looked) == ["code", "deep", "one", "two"]


def test_a_small_folder_is_looked_through_whole(followed, monkeypatch):
    """News can be lost, so what costs little is not left to it."""
    monkeypatch.setattr(code_digest, "_LARGE_FILES", 5)
    before = digest(followed)
    (followed / "one" / "code.py").write_text("2")
    assert digest(followed, follows_news=True) != before


def test_news_that_comes_during_a_look_counts_for_the_next(followed, monkeypatch):
    def save():
        path = followed / "one" / "code.py"
        path.write_text(path.read_text() + "x")
        code_digest.forget([str(path)])

    (followed / "two" / "code.py").write_text("2")
    code_digest.forget([str(followed / "two" / "code.py")])
    with monkeypatch.context() as patch:
        on_listing(patch, save)
        digest(followed, follows_news=True)
    assert digest(followed, follows_news=True) == look_through(followed)


def test_what_lies_in_a_folder_that_was_replaced_is_looked_into(followed):
    (followed / "two").rename(followed.parent / "aside")
    (followed / "two" / "deep").mkdir(parents=True)
    (followed / "two" / "code.py").write_text("1")
    (followed / "two" / "deep" / "code.py").write_text("2")
    code_digest.forget([str(followed / "two")])
    assert digest(followed, follows_news=True) == look_through(followed)


def test_a_folder_that_is_gone_without_news_is_noticed_when_it_is_missed(followed):
    (followed / "two" / "deep" / "code.py").unlink()
    (followed / "two" / "deep").rmdir()
    code_digest.forget([str(followed / "two" / "deep" / "code.py")])
    assert digest(followed, follows_news=True) == look_through(followed)


#: A step: what happens, to which name of each kind, and whether the folder is looked at before the next.
NAMES = ("index.py", "one/code.py", "one/b.py", "two/code.py", "two/deep/code.py", "new/deep/code.py")
FOLDERS = ("one", "two", "two/deep", "new", "new/deep")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("save", "remove", "move", "drop", "link", "swap")),
        st.sampled_from(NAMES),
        st.sampled_from(FOLDERS),
        st.sampled_from(FOLDERS),
        st.booleans(),
    ),
    max_size=12,
)


def take_step(folder, what, name, place, target):
    """Change the folder, and return the paths of which the system would tell."""
    path, place, target = folder / name, folder / place, folder / target
    try:
        if what == "save":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{time.monotonic_ns()}")
            return [path.parent, path]
        if what == "remove":
            path.unlink()
            return [path]
        if what == "drop":
            place.unlink() if place.is_symlink() else shutil.rmtree(place)
            return [place]
        if what == "link":
            place.symlink_to(target)
            return [place]
        place.rename(target) if what == "move" else target.replace(place)
    except OSError:
        return []
    return [place, target]


@pytest.mark.campaign
@settings(max_examples=examples(400))
@given(STEPS)
def test_what_follows_news_finds_what_a_look_at_everything_finds(steps):
    with (
        tempfile.TemporaryDirectory() as base,
        mock.patch.multiple(code_digest, _LARGE_FILES=1, _SETTLED_NS=-3_600_000_000_000),
    ):
        folder = Path(base) / "code"
        for name in NAMES[:-1]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("1")
        digest(folder)
        for *step, is_looked_at in steps:
            paths = take_step(folder, *step)
            links = [link for link in folder.rglob("*") if link.is_symlink()]
            known = [
                link / path.relative_to(link.resolve()) for path in paths for link in links if is_below(path, link)
            ]
            code_digest.forget(map(str, (*paths, *known)))
            if is_looked_at:
                assert digest(folder, follows_news=True) == look_through(folder)
        assert digest(folder, follows_news=True) == look_through(folder)


def is_below(path, link):
    """True if a link leads to a path, or to a folder around it."""
    try:
        return path.is_relative_to(link.resolve())
    except (OSError, RuntimeError):  # in a circle
        return False
