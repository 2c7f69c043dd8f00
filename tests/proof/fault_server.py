"""An API endpoint that misbehaves on command and keeps a ledger of what it read whole and what it executed.

It runs as a process of its own, so that client and server race for real. A call's function name is its script:
``c17-drop-ok`` is call 17, whose first attempt is executed and dropped and whose second one is answered. The calls of a
function named ``map`` have it in their event, as ``"c17-drop-ok|..."``. A request is
*executed* only if it was read whole, its signature holds, and the script does not refuse it.

An ``Event`` call that is accepted is executed at once and goes on record; questions about it never execute anything.

Commands come as lines on standard input: ``ledger`` prints what was read and executed, by call, how many connections
are open, were accepted and were reset by the client, and errors of this server itself.
"""

import hashlib
import json
import random
import socket
import ssl
import sys
import threading
import time

from tencentserverless._core import signing
from tests.proof import fault_proxy
from tests.proof.fault_streams import Stream, TlsStream, make_contexts
from tests.proof.faults import ERROR_430, FAULTS, QUERIES, QUERY_FAULTS, STALL_SECONDS, envelope, refusal, result

SECRET_KEY = "secret-key-of-the-campaign"
NAME_BYTES = 200  # of a body, enough to hold the script

_lock = threading.Lock()
_read = {}
_executed = {}
_defects = []  # errors of this server itself, which no campaign may have
_open = set()
_resets = []  # connections that the client reset


class Request:
    """One request: what is known of it so far."""

    def __init__(self, stream, seed):
        self.stream = stream
        self.rng = random.Random(seed)
        self.buffer = bytearray()  # grows in place: what a big request brings is not copied with every piece of it
        self.head = b""
        self.headers = {}
        self.length = 0
        self.name = ""
        self.fault = ""

    def fill(self, count):
        """Have this many bytes of body at the least; False if the stream ended first."""
        while len(self.buffer) < count:
            data = self.stream.recv()
            if not data:
                return False
            self.buffer += data
        return True

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.stream.recv()
            if not data:
                return False
            self.buffer += data
        self.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        for line in self.head.decode("ascii").split("\r\n")[1:]:
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        self.length = int(self.headers["content-length"])
        if not self.fill(min(self.length, NAME_BYTES)):
            return False
        start = self.buffer.decode("utf-8", "replace")
        self.action = self.headers["x-tc-action"]
        if self.action in QUERIES:
            self.name = start.split('RequestId":"', 1)[1].split('"', 1)[0] + "-"
            self.fault = "ok" if self.rng.random() < 0.5 else self.rng.choice(QUERY_FAULTS)
            return True
        self.name = start.split('"FunctionName":"', 1)[1].split('"', 1)[0]
        if self.name == "map":
            self.name = start.split(':"\\"', 1)[1].split("|", 1)[0]
        call, *script = self.name.split("-")
        with _lock:
            number = _attempts[call] = _attempts.get(call, 0) + 1
        self.fault = script[min(number, len(script)) - 1]
        return True

    def read_whole(self):
        if not self.fill(self.length):
            return False
        with _lock:
            _read[self.call] = _read.get(self.call, 0) + 1
        return True

    @property
    def call(self):
        return self.name.split("-")[0]

    def is_authentic(self):
        authorization = signing.parse_authorization(self.headers["authorization"])
        payload_hash = hashlib.sha256(self.buffer[: self.length]).hexdigest()
        canonical = signing.canonical_request("POST", "", self.headers, authorization.signed_headers, payload_hash)
        found = signing.signature(SECRET_KEY, authorization, self.headers["x-tc-timestamp"], canonical)
        return found == authorization.signature

    def check_signature(self):
        if not self.is_authentic():
            raise AssertionError("the campaign's signatures must hold")

    def execute(self):
        """Run the function: the one place where the ledger says so."""
        self.check_signature()
        if self.action in QUERIES:
            return
        with _lock:
            if self.is_event:
                _records.add(self.call)
            _executed[self.call] = _executed.get(self.call, 0) + 1

    @property
    def is_event(self):
        return b'"InvocationType":"Event"' in self.buffer[:300]

    def result(self):
        if self.action == "GetAsyncEventStatus":
            return refusal("ResourceNotFound.AsyncEvent")
        if self.action in QUERIES:
            code, message = (-1, ERROR_430) if self.call.startswith("t") else (0, "null")  # t17 and so on have failed
            row = {"RequestId": self.call, "RetCode": code, "RetMsg": message, "RetryNum": 0}
            return envelope({"TotalCount": 1, "Data": [row] * (self.call in _records)})
        return result("" if self.is_event else "null", request_id=self.call if self.is_event else "f")


_attempts = {}
_records = set()  # event calls that were executed


def serve(stream, rng, wildness):
    """One connection: some are reset or ignored for a while before a byte of them is read."""
    chance = rng.random()
    if chance < wildness:
        stream.reset()
        return
    if chance < wildness * 1.25:
        time.sleep(STALL_SECONDS)
    if not stream.begin(wildness):
        return
    leftover = bytearray()
    while True:
        request = Request(stream, rng.random())
        request.buffer = leftover
        if not request.read_head() or not FAULTS[request.fault](request):
            return
        leftover = request.buffer[request.length :]


def attend(stream, work):
    """Do the work of one connection, and close it.

    :param work: has no arguments
    """
    try:
        work()
    except ssl.SSLError as error:
        if stream.is_established:  # broken records are the client's fault: nobody cuts what it sends, nor adds to it
            note_defect(error)
    except ConnectionResetError:
        with _lock:
            _resets.append(stream)
    except OSError:
        pass
    except Exception as error:  # noqa: BLE001  # reported in the ledger
        note_defect(error)
    finally:
        stream.close()
        with _lock:
            _open.discard(stream)


def note_defect(error):
    with _lock:
        _defects.append(repr(error))


class Listener:
    """Accepts connections, each served by a thread of its own.

    :param begin: makes a stream of a socket and a source of chance, and the work to do with it
    """

    def __init__(self, seed, begin):
        self.accepted = 0
        self._seed = seed
        self._begin = begin
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so that big requests cannot vanish into it
        self._sock.bind(("127.0.0.1", 0))
        self._sock.listen(512)
        self.port = self._sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            sock, _ = self._sock.accept()
            self.accepted += 1
            stream, work = self._begin(sock, random.Random(self._seed * 1000003 + self.accepted))
            with _lock:
                _open.add(stream)
            threading.Thread(target=attend, args=(stream, work), daemon=True).start()


def main():
    seed, wildness, transport, folder = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
    contexts = make_contexts(folder) if transport != "plain" else []

    def begin(sock, rng):
        stream = TlsStream(sock, rng, contexts[rng.random() < 0.25]) if contexts else Stream(sock, rng)
        return stream, lambda: serve(stream, rng, wildness)

    def begin_tunnel(sock, rng):
        return Stream(sock, rng), lambda: fault_proxy.lead(sock, server.port, rng, wildness)

    server = Listener(seed, begin)
    proxy = Listener(seed + 1, begin_tunnel) if transport == "tunnel" else None
    print(server.port, proxy.port if proxy else 0, flush=True)
    for line in sys.stdin:
        if line.strip() == "ledger":
            with _lock:
                ledger = {"read": _read, "executed": _executed, "open": len(_open), "accepted": server.accepted}
                print(json.dumps(dict(ledger, defects=_defects, resets=len(_resets))), flush=True)


if __name__ == "__main__":
    main()
