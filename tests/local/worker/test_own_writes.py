"""The server reads what instances note, tells their writes from the user's, and says once what the cloud refuses."""

import json
import os

import pytest

from tencentserverless.local.worker.own_writes import OwnWrites


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


@pytest.fixture
def shown():
    return []


@pytest.fixture
def writes(tmp_path, shown):
    return OwnWrites(tmp_path / "notes", shown.append)


def note(path, kind, name, value=None):
    with path.open("a") as file:
        file.write(json.dumps([kind, str(name), value]) + "\n")


def stamp(path):
    status = os.stat(path)
    return [status.st_mtime, status.st_size, status.st_ino]


def change(path, text):
    """Write a file as it was written at another time."""
    path.write_text(text)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_a_file_is_the_instances_until_the_user_changes_it(writes, code):
    notes, path = writes.open("tmp-1", "fn", code), code / "state.json"
    assert writes.drop_own({path}) == {path}
    note(notes, "opened", path)
    path.write_text("of the call")
    assert writes.drop_own({path, code / "index.py"}) == {code / "index.py"}
    note(notes, "changed", path, stamp(path))
    assert writes.drop_own({path}) == set()
    change(path, "of the user")
    assert writes.drop_own({path}) == {path}
    note(notes, "opened", path)
    assert writes.drop_own({path}) == set()


def test_what_a_dead_instance_has_left_is_its_own(writes, code):
    notes, one, other = writes.open("tmp-1", "fn", code), code / "one", code / "other"
    for path in (one, other):
        path.write_text("")
        note(notes, "opened", path)
    note(notes, "changed", one, stamp(one))
    writes.end("tmp-1")
    writes.end("tmp-1")
    assert not notes.exists()
    assert writes.drop_own({one, other}) == set()
    change(other, "of the user")
    assert writes.drop_own({one, other}) == {other}


def test_what_is_gone_and_what_goes_with_a_database(writes, code):
    notes = writes.open("tmp-1", "fn", code)
    gone, base, folder = code / "gone", code / "app.db", code / "folder"
    base.write_text("")
    folder.mkdir()
    for path in (gone, base, folder):
        note(notes, "opened", path)
        note(notes, "changed", path, stamp(path) if path.exists() else [])
    change(folder / "more", "")
    assert writes.drop_own({gone, base, folder, code / "app.db-journal", code / "x-wal"}) == {code / "x-wal"}


def test_a_write_is_said_once_for_each_function(writes, code, shown):
    for number, function in enumerate(("fn", "fn", "other")):
        notes = writes.open(f"tmp-{number}", function, code)
        (code / "data").mkdir(exist_ok=True)
        note(notes, "opened", code / "data" / "x")
        note(notes, "left", code / "index.py", [])
        note(notes, "changed", code / "data" / "x", [])
    writes.look()
    writes.look()
    words = "writes data/x beside its code: in the cloud that fails with errno 30, read-only file system; /tmp can be"
    assert shown == [f"[{name}] {words} written" for name in ("fn", "other")]


def test_two_instances_that_use_a_path_that_one_has_written(writes, code, shown):
    one, other = writes.open("tmp-1", "fn", code), writes.open("tmp-2", "fn", code)
    note(one, "used", "/tmp/read", False)
    note(other, "used", "/tmp/read", False)
    note(one, "used", "/tmp/job", True)
    note(one, "used", "/tmp/job", False)
    writes.end("tmp-1")
    assert shown == []
    note(other, "used", "/tmp/job", False)
    note(other, "used", "/tmp/read", True)
    writes.look()
    expected = "warning: two instances use /tmp/job: they see each other's files here; in the cloud each has a /tmp of"
    assert shown == [f"[fn] {expected} its own"]


def test_notes_that_are_none_are_passed_over(writes, code, shown):
    notes = writes.open("tmp-1", "fn", code)
    notes.write_bytes(b'no json\n[1]\n{"a": 1}\n["changed", "x", "y"]\n["changed", 5, [1]]\n\xff\n["opened", "half')
    writes.look()
    assert shown == []
