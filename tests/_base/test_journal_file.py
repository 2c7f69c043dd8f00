"""Where a journal can be: paths, folders and rights."""

import os
import pathlib
import stat
import subprocess
import sys
import tempfile

import pytest

from tencentserverless.journal import Journal, JournalError
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IDENTITY = ("ap-guangzhou", "default", "f", "$LATEST")


def write(path: "Any") -> None:
    """A journal with a call in doubt."""
    with Journal(str(path), _identity=IDENTITY) as journal:
        journal.enter(3, "3", is_idempotent=False)
        journal.commit()


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"run.db"

    def __repr__(self) -> str:
        return "BytesPath()"


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("", JournalError, "is empty: ''"),
        (" \n", JournalError, "is empty"),
        (":memory:", JournalError, "':memory:'"),
        ("file:run.db?mode=memory", JournalError, "'file:run.db.mode=memory'"),
        ("file::memory:", JournalError, "'file::memory:'"),
        ("a\0b", JournalError, r"'a\\x00b'"),
        ("folder", JournalError, "folder is a folder"),
        ("no/run.db", JournalError, "no.run.db"),
        ("text.txt/run.db", JournalError, "text.txt.run.db"),
        ("text.txt", JournalError, "text.txt is no journal"),
        ("twice.db", JournalError, "twice.db has another name"),
        ("pipe", JournalError, "pipe is no regular file"),
        ("round", JournalError, "round"),
        ("\ud800", JournalError, "ud800"),
        ("x" * 300, JournalError, "x" * 300),
        (b"run.db", TypeError, "b'run.db'"),
        (7, TypeError, "not 7"),
        (False, TypeError, "not False"),
        (["run.db"], TypeError, r"\['run.db'\]"),
        (BytesPath(), TypeError, r"BytesPath\(\)"),
    ],
)
def test_a_path_that_can_hold_no_journal_is_refused_and_nothing_is_sent(tmp_path, monkeypatch, value, kind, words):
    monkeypatch.chdir(str(tmp_path))
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.txt").write_text("text, and no database" * 99)
    write("once.db")
    os.link("once.db", "twice.db")
    os.mkfifo("pipe")
    os.symlink("round", "round")
    before = sorted(os.listdir("."))
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        for use in (Journal, lambda path: client.map("f", [1], journal=path)):
            with pytest.raises(kind, match=words):
                use(value)
    assert not peer.requests
    assert sorted(os.listdir(".")) == before


def test_there_is_no_journal_of_that_name(tmp_path):
    for name in ("missing", "no/missing"):
        with pytest.raises(JournalError, match=r"there is no journal .*missing"):
            Journal(tmp_path / name)
    with pytest.raises(TypeError, match="not None"):
        Journal(None)  # type: ignore[arg-type]
    assert os.listdir(str(tmp_path)) == []


def test_a_path_is_that_of_the_folder_where_the_map_began(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(str(tmp_path))
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        with client.map("f", range(40), 2, journal=pathlib.Path("run.db")) as outcomes:
            next(outcomes)
            monkeypatch.chdir(str(tmp_path / "other"))
            assert sorted(os.listdir(str(tmp_path))) == ["other", "run.db", "run.db-lock", "run.db-wal"]
            assert len(list(outcomes)) == 39
        assert len(list(client.map("f", range(40), 2, journal="../run.db"))) == 40
        assert len(peer.requests) == 40
    assert os.listdir(".") == []
    assert sorted(os.listdir(str(tmp_path))) == ["other", "run.db"]


def test_the_working_folder_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(str(tmp_path / "gone"))
    os.rmdir(str(tmp_path / "gone"))
    with pytest.raises(JournalError, match=r"'run\.db' cannot be found"):
        Journal("run.db")


@pytest.mark.skipif(sys.platform == "darwin", reason="names of files are text there")
def test_bytes_that_are_no_text_are_a_name_all_the_same(tmp_path):
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/r\xffn?mode=memory#1.db")
    if sys.version_info[1] == 6:  # its sqlite3 takes no such name
        with pytest.raises(JournalError, match=r"udcffn.mode=memory#1\.db' cannot be used"):
            write(path)
        return
    write(path)
    with Journal(path) as journal:
        assert [call.position for call in journal.in_doubt()] == [3]
    assert len(os.listdir(str(tmp_path))) == 1


def test_what_may_not_be_written_says_so(tmp_path):
    """Root may write anything, so another user tries."""
    program = """
import os, sys
from tencentserverless.journal import Journal, JournalError
if os.getuid() == 0:
    os.setuid(65534)
for path in sys.argv[1:]:
    for identity in (None, tuple("rnfq")):
        try:
            Journal(path, _identity=identity)
        except JournalError as error:
            print(error)
"""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        write(folder + "/unreadable")
        write(folder + "/readable")
        os.chmod(folder + "/readable", 0o444)
        if os.getuid():
            os.chmod(folder + "/unreadable", 0)
        os.mkdir(folder + "/folder")
        write(folder + "/folder/run.db")
        os.chmod(folder + "/folder/run.db", 0o666)
        os.chmod(folder + "/folder", 0o555)
        paths = [folder + "/" + name for name in ("unreadable", "readable", "folder/run.db")]
        command = [sys.executable, "-c", program, *paths]
        lines = subprocess.check_output(command, universal_newlines=True, timeout=60).splitlines()
        os.chmod(folder + "/folder", 0o755)
        assert sorted(os.listdir(folder)) == ["folder", "readable", "unreadable"]
    assert len(lines) == 6
    assert [path in line for path, line in zip([path for path in paths for _ in range(2)], lines)] == [True] * 6
    assert all("cannot be" in line for line in lines), lines


def test_the_files_are_their_owners_alone(tmp_path):
    old = os.umask(0)
    try:
        with Journal(tmp_path / "run.db", _identity=IDENTITY):
            modes = [stat.S_IMODE(os.stat(str(tmp_path / name)).st_mode) for name in os.listdir(str(tmp_path))]
    finally:
        os.umask(old)
    assert modes == [0o600] * 3
