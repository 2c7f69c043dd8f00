"""Does what the event asks for, good or bad: ``{"do": "name", ...}``."""

import decimal
import logging
import os
import signal
import subprocess
import sys
import threading
import time

COUNT = {"calls": 0}


class Nasty(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


def main_handler(event, context):
    COUNT["calls"] += 1
    return globals()["do_" + event["do"]](event, context)


def do_return(event, context):
    return event["value"]


def do_count(event, context):
    return {"pid": os.getpid(), "calls": COUNT["calls"]}


def do_context(event, context):
    return context


def do_spoil_context(event, context):
    context.clear()
    return "spoilt"


def do_environ(event, context):
    return dict(os.environ)


def do_process(event, context):
    return {
        "cwd": os.getcwd(),
        "path": sys.path,
        "argv": sys.argv,
        "modules": sorted(name for name in sys.modules if "scf" in name or name in ("bootstrap", "frames", "context", "library")),
        "group": os.getpgrp() == os.getpid(),
        "umask": os.umask(0o022),
        "main": __name__,
    }


def do_raise(event, context):
    raise ValueError("err msg ünï")


def do_raise_from(event, context):
    try:
        raise KeyError("first")
    except KeyError as error:
        raise ValueError("second") from error


def do_raise_nasty(event, context):
    raise Nasty


def do_recurse(event, context):
    return do_recurse(event, context)


def do_interrupt(event, context):
    raise KeyboardInterrupt


def do_unserialisable(event, context):
    return object()


def do_decimal(event, context):
    return decimal.Decimal("1.50")


def do_surrogate(event, context):
    return "half \ud800"


def do_nan(event, context):
    return float("nan")


def do_huge(event, context):
    return "x" * event["size"]


def do_print(event, context):
    print(event["text"])
    print("to stderr", file=sys.stderr)
    return "printed"


def do_log(event, context):
    logging.getLogger("library").debug("a debug line")
    logging.info("an info line")


def do_child_output(event, context):
    subprocess.run([sys.executable, "-c", "print('from a child'); import os; os.write(2, b'raw')"], check=True)
    os.write(1, b"\nraw bytes \xff\n")
    return "done"


def do_inherited(event, context):
    """Which descriptors a program that the function starts has."""
    code = "import os; print(sorted(os.readlink('/proc/self/fd/' + fd) for fd in os.listdir('/proc/self/fd')[:-1]))"
    return subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, close_fds=False
    ).stdout


def do_fork(event, context):
    """Both parent and child come back from the handler."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "parent" if child else "child"


def do_sys_exit(event, context):
    sys.exit(3)


def do_hard_exit(event, context):
    print("last words")
    os._exit(3)


def do_kill_self(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def do_close_all(event, context):
    os.closerange(3, 256)
    return "closed"


def do_close_stdout(event, context):
    sys.stdout.close()
    return "still here"


def do_forge(event, context):
    """Write nonsense to every descriptor that is not a standard one."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    time.sleep(10)


def do_thread_output(event, context):
    """A thread that goes on writing after the answer."""

    def write():
        time.sleep(0.2)
        print("late line")

    threading.Thread(target=write).start()
    return "answered"


def do_leave_child(event, context):
    """A program that would outlive the function."""
    return subprocess.Popen(["sleep", "1000"]).pid


def do_sleep(event, context):
    time.sleep(event["seconds"])
    return "slept"


def do_hold(event, context):
    """Say that it has begun, and end when the gate is open."""
    if "text" in event:
        print(event["text"])
    open(os.path.join(event["gate"], "begun-" + context["request_id"]), "w").close()
    while not os.path.exists(os.path.join(event["gate"], "open")):
        time.sleep(0.01)
    return "held"


def do_meet(event, context):
    """Say that it has begun, and end when so many have."""
    open(os.path.join(event["gate"], "begun-" + context["request_id"]), "w").close()
    while len(os.listdir(event["gate"])) < event["count"]:
        time.sleep(0.01)
    return os.getpid()


def do_use_memory(event, context):
    return len(bytearray(event["size"]))


def do_date_inside(event, context):
    import datetime

    return {"date": {"at": datetime.datetime(2020, 1, 1)}}


async def do_coroutine(event, context):
    return 1
