"""The watchdog ends all that has an instance's mark, and only that, when its pipe closes."""

import os
import subprocess
import sys

from tencentserverless.local.worker.process_group import MARK_VARIABLE
from tencentserverless.local.worker.watchdog import WATCH

MARKED, OTHER = {MARK_VARIABLE: "watch-test/1."}, {MARK_VARIABLE: "watch-test/12."}
SLEEP = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]


def start(mark):
    process = subprocess.Popen(SLEEP, env={**os.environ, **mark}, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"1\n"
    return process


def test_it_ends_what_has_the_mark(runs):
    with start(MARKED) as marked, start(OTHER) as other:
        watch = subprocess.Popen(
            ["/bin/sh", "-c", "exec 3<&0 </dev/null\n" + WATCH],
            env={**os.environ, **MARKED},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        assert runs(marked.pid)
        watch.stdin.close()
        assert marked.wait(20) == -9
        assert watch.wait(20) == -9
        assert runs(other.pid)
        other.kill()
