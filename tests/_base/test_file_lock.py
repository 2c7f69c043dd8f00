import os
import shutil
import subprocess
import sys

import pytest

from tencentserverless._base import file_lock
from tencentserverless._base.file_lock import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

fcntl = pytest.importorskip("fcntl")
pytestmark = [pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]

#: Takes the lock again and again; while it has it, nobody else may. Prints how often it had it.
RIVAL = """
import os, sys
from tencentserverless._base import file_lock
path, mark = sys.argv[1:]
sys.stdin.readline()
had = 0
while had < 300:
    lock = file_lock.FileLock(path)
    try:
        lock.acquire()
    except BlockingIOError:
        continue
    had += 1
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    os.unlink(mark)
    lock.release()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def is_free(path: str) -> bool:
    """Does another process get it?"""
    program = "import sys; from tencentserverless._base.file_lock import FileLock; FileLock(sys.argv[1]).acquire()"
    done = subprocess.run([sys.executable, "-c", program, path], stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0 or b"BlockingIOError" in done.stderr
    return done.returncode == 0


def test_one_holder_in_this_process_and_all_others(path):
    lock, other = FileLock(path), FileLock(path)
    lock.acquire()
    with pytest.raises(BlockingIOError):
        other.acquire()
    other.release()
    shutil.copy(path, path + ".copy")  # other locks would be lost by that
    assert not is_free(path)
    lock.release()
    lock.release()
    other.acquire()
    other.release()
    assert file_lock._held == {}
    assert not os.path.exists(path)


def test_a_file_that_was_left_behind_is_no_obstacle(path):
    with open(path, "w"):
        pass
    lock = FileLock(path)
    lock.acquire()
    lock.release()
    assert not os.path.exists(path)


def test_three_processes_exclude_each_other_though_each_removes_the_file(tmp_path):
    command = [sys.executable, "-c", RIVAL, str(tmp_path / "lock"), str(tmp_path / "mark")]
    rivals = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    assert [rival.communicate(b"\n", 120)[1] for rival in rivals] == [b"", b"", b""]
    assert os.listdir(str(tmp_path)) == []


class Interleaved:
    """``fcntl``, where something happens before each lock is taken."""

    LOCK_EX, LOCK_NB, LOCK_UN = fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.LOCK_UN

    def __init__(self, *steps: "Callable[[], None]") -> None:
        self._steps = list(steps)

    def flock(self, fd: int, kind: int) -> None:
        if kind != self.LOCK_UN and self._steps:
            self._steps.pop(0)()
        fcntl.flock(fd, kind)


def test_a_file_that_its_holder_removes_after_it_was_opened_locks_nothing(path, monkeypatch):
    first, second, third = FileLock(path), FileLock(path), FileLock(path)
    first.acquire()

    def prefetch() -> None:
        first.release()
        third.acquire()

    monkeypatch.setattr(file_lock, "_fcntl", Interleaved(prefetch))
    with pytest.raises(BlockingIOError):
        second.acquire()
    third.release()
    second.acquire()
    second.release()


def test_a_forked_child_neither_releases_the_lock_nor_keeps_it(path):
    lock = FileLock(path)
    lock.acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            has_left = lock._fd < 0
            lock.release()
            os.close(writer)
            os.read(reader, 1)  # it lives until its parent closes its end
            code = 0 if has_left or not hasattr(os, "register_at_fork") else 2
        finally:
            os._exit(code)
    os.close(reader)
    assert not is_free(path)
    lock.abandon()  # as if its holder was killed
    assert is_free(path)
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0


def test_a_released_lock_is_free_though_a_child_has_a_copy_of_its_descriptor(path, monkeypatch):
    monkeypatch.setattr(file_lock, "_held", {})  # as on Python 3.6, which does not tell of forks
    lock = FileLock(path)
    lock.acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    os.link(path, path + ".kept")
    lock.release()
    assert is_free(path + ".kept")
    os.close(writer)
    os.waitpid(child, 0)


def test_a_lock_of_a_symbolic_link_is_refused(tmp_path, path):
    os.symlink(str(tmp_path / "other"), path)
    with pytest.raises(OSError, match="symbolic links"):
        FileLock(path).acquire()
    assert not (tmp_path / "other").exists()
