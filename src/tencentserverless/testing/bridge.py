"""Handlers that run in the process of the test: a loopback server here, and the file that asks it from a worker.

A call takes the whole way through the local SCF and its worker, so that results, errors, faults and the ledger are
those of any function; only the handler's code runs here, in a thread of its own.
"""

import contextlib
import hmac
import json
import secrets
import socketserver
import threading
import traceback
from typing import Any

from tencentserverless.testing.source import Handler

_MODULE = '''\
import json
import socket


class RaisedInTestProcess(Exception):
    """Shows the traceback of the process of the test."""

    def __str__(self):
        return "\\n" + self.args[0]


def main_handler(event, context):
    question = json.dumps({{"token": {token!r}, "name": {name!r}, "event": event, "context": context}})
    with socket.create_connection(("127.0.0.1", {port})) as connection, connection.makefile("rwb") as file:
        file.write(question.encode() + b"\\n")
        file.flush()
        line = file.readline()
    if not line:
        raise ConnectionError("the process of the test has gone")
    answer = json.loads(line.decode())
    if "exit" in answer:
        raise SystemExit(answer["exit"])
    if "error" not in answer:
        return answer["result"]
    kind, module, text, trace = answer["error"]
    error = type(kind, (Exception,), {{"__module__": module}})(text)
    raise error from RaisedInTestProcess(trace)
'''


class Bridge:
    """A loopback server that runs the added handlers, until it is closed. Its port opens with the first handler."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._token = secrets.token_hex(16)
        self._server: _Server | None = None

    def add(self, name: str, handler: Handler) -> str:
        """Add a handler under this name, and return the text of the ``index.py`` that asks for it."""
        if self._server is None:
            self._server = _Server(self)
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="scf-bridge", daemon=True).start()
        self._handlers[name] = handler
        return _MODULE.format(token=self._token, name=name, port=self._server.server_address[1])

    def remove(self, name: str) -> None:
        """Remove the handler of that name, if there is one."""
        self._handlers.pop(name, None)

    def close(self) -> None:
        """Close the port. Handlers that still run go on."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def answer(self, line: bytes) -> bytes:
        """Run the handler that a question names; the answer is empty if the question has a wrong token."""
        try:
            question = json.loads(line)
            is_ours = hmac.compare_digest(str(question["token"]), self._token)
        except (ValueError, KeyError, TypeError):
            return b""
        return json.dumps(self._run(question)).encode() + b"\n" if is_ours else b""

    def _run(self, question: dict[str, Any]) -> dict[str, Any]:
        handler = self._handlers.get(question["name"], _refuse)
        try:
            result = handler(question["event"], question["context"])
            json.dumps(result)
        except SystemExit as error:
            return {"exit": error.code if isinstance(error.code, int | None) else str(error.code)}
        except BaseException as error:  # noqa: BLE001  # every exception of a handler is its error, also that of pytest.fail
            trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
            text = "".join(traceback.format_exception(type(error), error, trace)).rstrip("\n")
            return {"error": [type(error).__name__, type(error).__module__, _text_of(error), text]}
        return {"result": result}


def _refuse(_event: Any, _context: Any) -> Any:
    raise LookupError("the test that registered this function has ended")


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # an exception whose own __str__ raises
        return "(its text could not be made)"


class _Server(socketserver.ThreadingTCPServer):
    """A server with one thread for each question."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        super().__init__(("127.0.0.1", 0), _Questions)


class _Questions(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Read one question and send its answer. A worker may be killed while it waits."""
        with contextlib.suppress(OSError):
            self.wfile.write(self.server.bridge.answer(self.rfile.readline()))
