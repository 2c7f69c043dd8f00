"""An API endpoint that misbehaves on command and keeps a ledger of what it read whole and what it executed.

It runs as a process of its own, so that client and server race for real. A call's function name is its script:
``c17-drop-ok`` is call 17, whose first attempt is executed and dropped and whose second one is answered. The calls of a
function named ``map`` have it in their event, as ``"c17-drop-ok|..."``. A request is
*executed* only if it was read whole, its signature holds, and the script does not refuse it.

An ``Event`` call that is accepted is executed at once and goes on record; questions about it never execute anything.

Commands come as lines on standard input: ``ledger`` prints what was read and executed, by call, how many connections
are open, and errors of this server itself.
"""

import hashlib
import json
import random
import socket
import struct
import sys
import threading
import time

from tencentserverless._core import signing

SECRET_KEY = "secret-key-of-the-campaign"
STALL_SECONDS = 0.6  # longer than the campaign's short timeouts
NAME_BYTES = 200  # of a body, enough to hold the script

_lock = threading.Lock()
_read = {}
_executed = {}
_defects = []  # errors of this server itself, which no campaign may have
_open = set()


class Request:
    """One request: what is known of it so far."""

    def __init__(self, sock, seed):
        self.sock = sock
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
            data = self.sock.recv(65536)
            if not data:
                return False
            self.buffer += data
        return True

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(65536)
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

    def execute(self):
        """Run the function: the one place where the ledger says so."""
        if not self.is_authentic():
            raise AssertionError("the campaign's signatures must hold")
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


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def result(text="null", status=0, error="", request_id="f"):
    fields = {"RetMsg": text, "ErrMsg": error, "InvokeResult": status, "FunctionRequestId": request_id, "Duration": 1.5}
    return envelope({"Result": fields})


def refusal(code):
    return envelope({"Error": {"Code": code, "Message": "on command"}})


def envelope(fields):
    fields["RequestId"] = "r"
    return json.dumps({"Response": fields}).encode()


def answer(body, extra=b"", status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s" % (
        status,
        len(body),
        extra,
        body,
    )


def chunked(body):
    middle = len(body) // 2
    parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:middle], body[middle:]))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


def date(offset):
    return b"Date: " + time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset)).encode() + b"\r\n"


ERROR_430 = json.dumps({"errorCode": 1, "errorMessage": "user code exception caught", "statusCode": 430})
ERROR_432 = json.dumps({"errorCode": 1, "errorMessage": "no instance", "statusCode": 432})
ERROR_433 = json.dumps({"errorCode": -1, "errorMessage": "Invoking task timed out", "statusCode": 433})

# Each takes a request whose head is read and says whether the connection goes on.


def ok(request):
    return respond(request, answer(request.result()))


def respond(request, data, executes=True):
    if not request.read_whole():
        return False
    if executes:
        request.execute()
    request.sock.sendall(data)
    return True


def okclose(request):
    respond(request, answer(request.result(), b"Connection: close\r\n"))
    return False


def okidle(request):
    """Answer, then close the kept connection while it idles."""
    respond(request, answer(request.result()))
    time.sleep(request.rng.random() * 0.005)
    return False


def drip(request):
    if not request.read_whole():
        return False
    request.execute()
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + chunked(request.result())
    for start in range(0, len(data), 37):
        request.sock.sendall(data[start : start + 37])
    return True


def part(request):
    request.fill(request.rng.randrange(max(1, request.length)))
    reset(request.sock)
    return False


def partfin(request):
    request.fill(request.rng.randrange(max(1, request.length)))
    return False


def stallpart(request):
    """Read a part, wait, then read on: what arrived whole by then runs."""
    time.sleep(STALL_SECONDS)
    if request.read_whole():
        request.execute()
    return False


def stall(request):
    if request.read_whole():
        request.execute()
        time.sleep(STALL_SECONDS)
    return False


def drop(request):
    if request.read_whole():
        request.execute()
        reset(request.sock)
    return False


def dropfin(request):
    if request.read_whole():
        request.execute()
    return False


def dropun(request):
    request.read_whole()
    return False


def cut(request):
    if request.read_whole():
        request.execute()
        data = answer(request.result())
        request.sock.sendall(data[: request.rng.randrange(len(data))])
        if request.rng.random() < 0.5:
            reset(request.sock)
    return False


def junk(request):
    respond(request, bytes(request.rng.randrange(256) for _ in range(200)) + b"\r\n\r\n")
    return False


def big(request):
    respond(request, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    return False


def http(request):
    return respond(request, answer(b"<html>", status=b"502 Bad Gateway"), executes=request.rng.random() < 0.5)


def limit(request):
    return respond(request, answer(refusal("RequestLimitExceeded")), executes=False)


def busy(request):
    return respond(request, answer(result(ERROR_432, 432)), executes=False)


def skew(request):
    offset = request.rng.choice((-4000, -500, 500, 4000))
    return respond(request, answer(refusal("AuthFailure.SignatureExpire"), date(offset)), executes=False)


def token(request):
    return respond(request, answer(refusal("AuthFailure.TokenFailure")), executes=False)


def action(request):
    return respond(request, answer(refusal("InvalidAction")), executes=False)


def internal(request):
    return respond(request, answer(refusal("InternalError")), executes=request.rng.random() < 0.5)


def unavailable(request):
    return respond(request, answer(refusal("ServiceUnavailable")), executes=request.rng.random() < 0.5)


def throws(request):
    return respond(request, answer(result(ERROR_430, 430, "Traceback")))


def forge(request):
    """The function itself returns what looks like a refusal of the platform, with its own id."""
    own = {"errorCode": -1, "errorMessage": "no instance", "requestId": "f", "statusCode": 429}
    return respond(request, answer(result(json.dumps(own))))


def late(request):
    return respond(request, answer(result(ERROR_433, 433, "timed out")))


FAULTS = {
    function.__name__: function
    for function in (
        ok, okclose, okidle, drip, part, partfin, stallpart, stall, drop, dropfin, dropun, cut, junk, big, http,
        limit, busy, skew, token, action, internal, unavailable, throws, late, forge,
    )
}  # fmt: skip

QUERIES = ("GetRequestStatus", "GetAsyncEventStatus")
#: What befalls half of the questions.
QUERY_FAULTS = (
    "okclose",
    "okidle",
    "drip",
    "part",
    "drop",
    "dropfin",
    "cut",
    "junk",
    "http",
    "limit",
    "token",
    "internal",
)


def serve(sock, seed, wildness):
    """One connection: some are reset or ignored for a while before a byte of them is read."""
    rng = random.Random(seed)
    try:
        chance = rng.random()
        if chance < wildness:
            reset(sock)
            return
        if chance < wildness * 1.25:
            time.sleep(STALL_SECONDS)
        leftover = bytearray()
        while True:
            request = Request(sock, rng.random())
            request.buffer = leftover
            if not request.read_head() or not FAULTS[request.fault](request):
                return
            leftover = request.buffer[request.length :]
    except OSError:
        pass
    except Exception as error:  # noqa: BLE001  # reported in the ledger
        with _lock:
            _defects.append(repr(error))
    finally:
        sock.close()
        with _lock:
            _open.discard(sock)


def accept(server, seed, wildness):
    for number in range(sys.maxsize):
        sock, _ = server.accept()
        with _lock:
            _open.add(sock)
        threading.Thread(target=serve, args=(sock, seed * 1000003 + number, wildness), daemon=True).start()


def main():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # so that big requests cannot vanish into it
    server.bind(("127.0.0.1", 0))
    server.listen(512)
    threading.Thread(target=accept, args=(server, int(sys.argv[1]), float(sys.argv[2])), daemon=True).start()
    print(server.getsockname()[1], flush=True)
    for line in sys.stdin:
        if line.strip() == "ledger":
            with _lock:
                ledger = {"read": _read, "executed": _executed, "open": len(_open), "defects": _defects}
                print(json.dumps(ledger), flush=True)


if __name__ == "__main__":
    main()
