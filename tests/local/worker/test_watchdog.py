"""The watchdog ends all that has an instance's mark, and only that, when its pipe closes."""

import os
import subprocess
import sys

import pytest

from tencentserverless.local.worker.process_group import MARK_VARIABLE
from tencentserverless.local.worker.watchdog import WATCH

MARKED, OTHER = {MARK_VARIABLE: "watch-test/1."}, {MARK_VARIABLE: "watch-test/12."}
SLEEP = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]


def start(mark):
    process = subprocess.Popen(SLEEP, env={**os.environ, **mark}, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"1\n"
    return process


def watch(**variables):
    """The watchdog, waiting for the end of its pipe."""
    return subprocess.Popen(
        ["/bin/sh", "-c", "exec 3<&0 </dev/null 2>/dev/null\n" + WATCH],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def write_grep(folder, lines):
    """Write a ``grep`` that does these lines instead, to stand before the real one on PATH."""
    path = folder / "grep"
    path.write_text("#!/bin/sh\n" + lines)
    path.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_it_ends_what_has_the_mark(runs):
    with start(MARKED) as marked, start(OTHER) as other:
        dog = watch(**MARKED)
        assert runs(marked.pid)
        dog.stdin.close()
        assert marked.wait(20) == -9
        assert dog.wait(20) == -9
        assert runs(other.pid)
        other.kill()


def test_it_looks_again_for_what_was_started_meanwhile(runs, tmp_path):
    with start(OTHER) as first, start(OTHER) as second, start(OTHER) as third:
        lines = f"""
            for pid in {first.pid} {second.pid}; do
                [ -e {tmp_path}/$pid ] || {{ >{tmp_path}/$pid; echo /proc/$pid/environ; exit; }}
            done
        """
        dog = watch(**MARKED, PATH=write_grep(tmp_path, lines))
        dog.stdin.close()
        assert dog.wait(20) == -9
        assert (first.wait(20), second.wait(20)) == (-9, -9)
        assert runs(third.pid)
        third.kill()


@pytest.mark.parametrize("mark", [{MARK_VARIABLE: ""}, {}], ids=["empty", "none"])
def test_without_a_mark_it_looks_for_no_process(tmp_path, mark):
    variables = {name: value for name, value in os.environ.items() if name != MARK_VARIABLE}
    dog = subprocess.Popen(
        ["/bin/sh", "-c", "exec 3<&0 </dev/null\n" + WATCH],
        env={**variables, **mark, "PATH": write_grep(tmp_path, f">{tmp_path}/called\n")},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    dog.stdin.close()
    assert dog.wait(20) == -9
    assert not (tmp_path / "called").exists()
