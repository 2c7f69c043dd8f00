"""An instance notes what it writes beside its code and uses in /tmp, on each Python."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local.worker.child import own_writes
from tests.environments import search_python

PROGRAM = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import own_writes
notes = own_writes.watch(json.loads(sys.argv[2]))
exec(sys.argv[3])
notes.settle()
"""
VERSIONS = ["2.7", "3.6", "own", "3.13"]


@pytest.fixture
def noted(tmp_path):
    """Run code in a code folder; return its notes, with paths as seen from the folder around it."""
    for name in ("code", "tmp", "tmp/apart"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "old.txt").write_text("old")

    def run(code, version="own"):
        python = Path(sys.executable) if version == "own" else search_python(version)
        if python is None:
            pytest.skip(f"no Python {version} on PATH or under pyenv")
        load = {name: str(tmp_path / name) for name in ("path", "tmp")}
        load.update(code_folder=str(tmp_path / "code"), apart=[str(tmp_path / "tmp" / "apart")])
        command = [str(python), "-B", "-c", PROGRAM, str(Path(own_writes.__file__).parent), json.dumps(load), code]
        done = subprocess.run(command, cwd=tmp_path / "code", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in (tmp_path / "path").read_text().splitlines()]
        return [(kind, path.replace(f"{tmp_path}/", ""), value) for kind, path, value in lines]

    return run


def kinds(notes):
    return [(kind, path) for kind, path, _ in notes]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_written_beside_the_code(noted, version):
    code = """
open('new.txt', 'w').close()
os.close(os.open('low.txt', os.O_WRONLY | os.O_CREAT))
os.rename('new.txt', 'renamed.txt')
os.mkdir('folder')
open('old.txt').close()
open('old.txt', 'a').close()
"""
    notes = noted(code, version)
    opened = [path for kind, path, _ in notes if kind == "opened"]
    assert opened == ["code/" + name for name in ("new.txt", "low.txt", "renamed.txt", "folder", "old.txt")]
    left = {path: kind for kind, path, _ in notes if kind != "opened"}
    assert left.pop("code/old.txt") == "left"  # opened for writing, and not changed
    assert left.pop("code/new.txt") == "left"  # not there before, and not there now
    assert set(left.values()) == {"changed"}
    assert len(left) == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_used_in_tmp(noted, version):
    code = """
open('../tmp/a', 'w').close()
open('../tmp/a').close()
open('../tmp/a').close()
open('../tmp/apart/b', 'w').close()
open(sys.executable, 'rb').close()
"""
    assert noted(code, version) == [("used", "tmp/a", True), ("used", "tmp/a", False)]


@pytest.mark.parametrize("version", ["own", "3.13"])
def test_a_database(noted, version):
    code = "import sqlite3\nsqlite3.connect(':memory:')\nsqlite3.connect('app.db').execute('create table t (a)')"
    assert kinds(noted(code, version)) == [("opened", "code/app.db"), ("changed", "code/app.db")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_that_stays_open_is_noted_after_each_call_that_writes_it(noted, version):
    code = """
log = open('app.log', 'w')
notes.settle()
log.write(u'x' * 9000 if sys.version_info[0] > 2 else 'x' * 9000)
log.flush()
notes.settle()
"""
    assert kinds(noted(code, version)) == [(kind, "code/app.log") for kind in ("opened", "changed", "changed")]


def test_user_code_is_not_disturbed_by_odd_arguments(noted):
    code = """
for odd in (0, b'bytes.txt', None, object(), 'a\\0b'):
    try:
        open(odd, 'w' if odd else 'rb', closefd=False if odd == 0 else True).close()
    except (OSError, TypeError, ValueError):
        pass
"""
    assert ("opened", "code/bytes.txt") in kinds(noted(code))
