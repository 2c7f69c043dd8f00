"""A function under a debugger: it stops where the debugger says, for as long as that takes, and again after a save."""

import json
import socket
import threading
import time

import pytest

from tests.conftest import wait_until
from tests.local.worker.isolating import need_namespaces

pytest.importorskip("debugpy")
PATIENCE_SECONDS = 30
CODE = """
def main_handler(event, context):
    value = event * 2
    return value
"""


class Debugger:
    """A client of the debug adapter protocol, as far as this test needs it."""

    def __init__(self, port):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        self.buffer, self.number, self.events = b"", 0, []

    def attach(self, path, line):
        self.ask("initialize", adapterID="test", pathFormat="path")
        self.send("attach", justMyCode=True)
        self.until(lambda message: message.get("event") == "initialized")
        self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        self.ask("configurationDone")

    def stopped(self):
        """The thread that stands at a breakpoint."""
        return self.until(lambda message: message.get("event") == "stopped")["body"]["threadId"]

    def evaluate(self, thread, text):
        frames = self.ask("stackTrace", threadId=thread)["body"]["stackFrames"]
        return self.ask("evaluate", expression=text, frameId=frames[0]["id"])["body"]["result"]

    def send(self, command, **arguments):
        self.number += 1
        body = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self.number

    def ask(self, command, **arguments):
        number = self.send(command, **arguments)
        answer = self.until(lambda message: message.get("request_seq") == number)
        assert answer["success"], answer
        return answer

    def until(self, fits):
        for message in self.events:
            if fits(message):
                self.events.remove(message)
                return message
        while True:
            message = self.read()
            if fits(message):
                return message
            self.events.append(message)

    def read(self):
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        while len(self.buffer) < length:
            self.receive()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return json.loads(body)

    def receive(self):
        data = self.socket.recv(65536)
        assert data, "the debugger's connection ended"
        self.buffer += data


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def debugged_call(server, port, path, event, seconds=0.0):
    """Call, stop, look, wait and go on: (what the debugger saw, RetMsg)."""
    debugger = Debugger(port)
    debugger.attach(path, 4)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(server.invoke("fn", event)["RetMsg"]))
    caller.start()
    thread = debugger.stopped()
    seen = debugger.evaluate(thread, "value")
    time.sleep(seconds)
    debugger.ask("continue", threadId=thread)
    caller.join(PATIENCE_SECONDS)
    debugger.socket.close()
    return seen, answers[0]


@pytest.mark.timeout(120)
@pytest.mark.proof
@pytest.mark.parametrize("way", ["namespaces", "none"])
def test_a_breakpoint_stops_a_call_beyond_its_timeout_and_the_port_survives_a_save(
    start_local_scf, tmp_path, port, way
):
    if way == "namespaces":
        need_namespaces()
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    path = folder / "index.py"
    path.write_text(CODE)
    server = start_local_scf(folder.parent, "--debug", f"fn:{port}", "--isolation", way)
    assert f"127.0.0.1:{port}" in server.stderr
    assert server.invoke("fn", 1)["RetMsg"] == "2"
    assert debugged_call(server, port, path, 21, seconds=3.5) == ("42", "42")  # the timeout is 3 s
    path.write_text(CODE.replace("* 2", "* 3"))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.invoke("fn", 1)["RetMsg"] != "3":
        assert time.monotonic() < deadline
    assert debugged_call(server, port, path, 5) == ("15", "15")


@pytest.mark.timeout(120)
def test_the_port_is_open_before_the_first_call(start_local_scf, tmp_path, port):
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(CODE)
    server = start_local_scf(folder.parent, "--debug", f"fn:{port}")
    wait_until(lambda: f"[fn] debugpy listens on 127.0.0.1:{port}\n" in server.stderr)
    assert debugged_call(server, port, folder / "index.py", 21) == ("42", "42")  # it has not been called before


@pytest.mark.timeout(120)
def test_code_of_the_module_waits_for_a_debugger(start_local_scf, tmp_path, port):
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    path = folder / "index.py"
    path.write_text("answer = 21\nanswer *= 2\n\n\ndef main_handler(event, context):\n    return answer\n")
    server = start_local_scf(folder.parent, "--debug", f"fn:{port}", "--wait-for-client")
    assert "its code loads when a debugger is attached" in server.stderr
    wait_until(lambda: f"[fn] debugpy listens on 127.0.0.1:{port}\n" in server.stderr)
    debugger = Debugger(port)
    debugger.attach(path, 2)
    thread = debugger.stopped()
    assert debugger.evaluate(thread, "answer") == "21"
    debugger.ask("continue", threadId=thread)
    assert server.invoke("fn", 1)["RetMsg"] == "42"
    debugger.socket.close()


def test_waiting_needs_a_function_to_wait_for(run_scf, tmp_path):
    done = run_scf("local", "start", tmp_path, "--ephemeral", "--wait-for-client")
    assert (done.returncode, "name it with --debug" in done.stderr) == (2, True)


def test_what_can_not_be_debugged(run_scf, tmp_path):
    folder = tmp_path / "fn"
    folder.mkdir()
    (folder / "index.py").write_text(CODE)
    done = run_scf("local", "start", tmp_path, "--ephemeral", "--port", 0, "--debug", "other")
    assert (done.returncode, "--debug other: no function of that name here; there are: fn" in done.stderr) == (4, True)
    for text in ("fn:x", ":5", "fn:0", "fn:70000"):
        assert run_scf("local", "start", tmp_path, "--ephemeral", "--debug", text).returncode == 2
