#!/bin/sh
# APScheduler 3.11.3; Python 3.11
#
# A job may be any callable, so also an object with __call__. By threads it is called. By processes APScheduler hands
# the job on as a text, "module:Name", and for an object this is the name of its class: the other process makes a new
# object of the class with the job's arguments, does not call it, and tells the listener that the job was executed.
# Nothing is refused when the job is added, and no error is logged, if the class takes such arguments.
#
# Seen 2026-11-30:
#   threads: executed, returned 'hello Ada'
#   processes: executed, returned a Greeting, which was not called
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet APScheduler==3.11.3
cat > "$folder/greeting.py" <<'PYTHON'
class Greeting:
    def __init__(self, word):
        self.word = word

    def __call__(self, name):
        return self.word + " " + name


greet = Greeting("hello")
PYTHON
cat > "$folder/run.py" <<'PYTHON'
import threading

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from apscheduler.executors.pool import ProcessPoolExecutor, ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from greeting import Greeting, greet


def run(executor):
    found, ended = [], threading.Event()

    def note(event):
        found.append(event)
        ended.set()

    scheduler = BackgroundScheduler(executors={"default": executor})
    scheduler.add_listener(note, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    scheduler.add_job(greet, args=["Ada"], misfire_grace_time=None)
    scheduler.start()
    assert ended.wait(30)
    scheduler.shutdown()
    (event,) = found
    assert event.exception is None, event.exception
    if isinstance(event.retval, Greeting):
        return "executed, returned a Greeting, which was not called"
    return "executed, returned {!r}".format(event.retval)


if __name__ == "__main__":
    seen = run(ThreadPoolExecutor(1)), run(ProcessPoolExecutor(1))
    print("threads:", seen[0])
    print("processes:", seen[1])
    assert seen == ("executed, returned 'hello Ada'", "executed, returned a Greeting, which was not called"), seen
PYTHON
cd "$folder"
"$folder/venv/bin/python" run.py
