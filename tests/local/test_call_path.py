"""One warm call from its first byte to its last: the files that it goes through, in their order, and no closure.

A server is told by a signal to write down each function of ours that it enters. Timers may come in between, so that
many calls are traced, and what most of them did is the path.
"""

import collections
import json
import signal
import socket
import sys
from contextlib import ExitStack

import pytest

from tests.conftest import LIMITED, Request, Starter, wait_until

CALLS = 40
PATIENCE_SECONDS = 20
#: The path of a call, as docs/understand/architecture.md has it.
PATH = [
    "local/http/connection.py",
    "local/http/head_template.py",
    "local/api/fast_path.py",
    "_core/signing.py",
    "local/invocation.py",
    "local/actions/invoke.py",
    "local/invocations/middleware.py",
    "local/invocations/history.py",
    "local/scheduler/scheduler.py",
    "local/scheduler/admission.py",
    "local/scheduler/instance.py",
    "local/worker/python_worker.py",
    "local/worker/time_limit.py",
    "local/worker/child/frames.py",
    "local/worker/channel.py",
    "local/scheduler/pool.py",
    "local/invocations/call_lines.py",
    "local/api/envelope.py",
    "local/scheduler/population.py",
    "local/http/open_connections.py",
]
MAX_FRAMES = 40
#: A call of a millisecond is never counted among the tiny ones, which may follow another into its instance.
CODE = """
import time

def main_handler(event, context):
    time.sleep(0.001)
    return event
"""
PROGRAM = (
    r"""
import json, os, signal, sys

import tencentserverless

OURS = os.path.dirname(tencentserverless.__file__) + os.sep
CO_NESTED = 0x10
found = []

def note(frame, event, argument):
    code = frame.f_code
    if event in ("call", "return") and code.co_filename.startswith(OURS):
        name = getattr(code, "co_qualname", code.co_name)
        is_closure = bool(code.co_flags & CO_NESTED) and name.rpartition(".")[2] not in ("<listcomp>", "<dictcomp>")
        found.append((event, code.co_filename[len(OURS) :], name, is_closure))

def begin(number, frame):
    sys.setprofile(note)

def end(number, frame):
    sys.setprofile(None)
    with open(os.environ["TRACE"] + ".new", "w") as file:
        json.dump(found, file)
    os.replace(os.environ["TRACE"] + ".new", os.environ["TRACE"])

signal.signal(signal.SIGUSR1, begin)
signal.signal(signal.SIGUSR2, end)
"""
    + LIMITED
)


def make_request(server):
    body = json.dumps({"FunctionName": "echo", "Event": '{"a": 1}'}).encode()
    host = f"{server.host}:{server.port}"
    keys = server.env["TENCENTCLOUD_SECRETID"], server.env["TENCENTCLOUD_SECRETKEY"]
    headers = {**Request(host, "InvokeFunction", body, *keys).headers(), "Content-Length": len(body)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def call(server, connection):
    connection.sendall(make_request(server))
    answer = connection.makefile("rb")
    length = 0
    while line := answer.readline().strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    assert json.loads(answer.read(length))["Response"]["Result"]["RetMsg"] == '{"a": 1}'


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """The functions that a warm call enters, each as (file, name, whether it is a closure)."""
    folder = tmp_path_factory.mktemp("traced")
    (folder / "echo").mkdir()
    (folder / "echo" / "index.py").write_text(CODE)
    trace = folder / "trace"
    (folder / "started").mkdir()
    with ExitStack() as stack:
        words = [str(folder / "echo"), "", "{}", "{}"]
        starter = Starter(folder / "started", stack)
        server = starter._start([sys.executable, "-c", PROGRAM, *words], {"TRACE": str(trace)})
        with socket.create_connection((server.host, server.port), PATIENCE_SECONDS) as connection:
            for _ in range(5):
                call(server, connection)
            server.process.send_signal(signal.SIGUSR1)
            for _ in range(CALLS):
                call(server, connection)
            server.process.send_signal(signal.SIGUSR2)
            wait_until(trace.exists)
    return most_common(json.loads(trace.read_text()))


def most_common(events):
    """The calls of functions between the first byte and the last, as most calls have them."""
    paths, path = collections.Counter(), None
    for event, *function in events:
        if event == "call" and function[0] == PATH[0] and function[1].endswith("data_received"):
            path = []
        if path is None:
            continue
        if event == "call":
            path.append(tuple(function))
        elif function[0] == PATH[-1] and function[1].endswith("send_answers"):
            paths[tuple(path)] += 1
            path = None
    found, count = paths.most_common(1)[0]
    assert count > CALLS / 2, paths
    return found


def test_a_call_goes_through_the_files_of_its_path_in_their_order(traced):
    files = list(dict.fromkeys(file for file, _, _ in traced))
    assert files == PATH


def test_a_call_enters_few_functions(traced):
    assert len(traced) <= MAX_FRAMES, "\n".join(f"{file} {name}" for file, name, _ in traced)


def test_no_closure_is_made_for_a_call(traced):
    assert [function for function in traced if function[2] or "<lambda>" in function[1]] == []
