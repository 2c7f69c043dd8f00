"""What befalls an attempt, by name: how the fault server answers, or fails to.

Each fault takes a request whose head is read and says whether the connection goes on.
"""

import json
import time

STALL_SECONDS = 0.6  # longer than the campaign's short timeouts


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


#: Neither says that the function ran, for it did not.
EARLY_CODES = ("InternalError", "ServiceUnavailable", "InvalidParameterValue")

ERROR_430 = json.dumps({"errorCode": 1, "errorMessage": "user code exception caught", "statusCode": 430})
ERROR_432 = json.dumps({"errorCode": 1, "errorMessage": "no instance", "statusCode": 432})
ERROR_433 = json.dumps({"errorCode": -1, "errorMessage": "Invoking task timed out", "statusCode": 433})


def ok(request):
    return respond(request, answer(request.result()))


def respond(request, data, executes=True):
    if not request.read_whole():
        return False
    if executes:
        request.execute()
    request.stream.sendall(data)
    return True


def okclose(request):
    respond(request, answer(request.result(), b"Connection: close\r\n"))
    return False


def okidle(request):
    """Answer, then close the kept connection while it idles."""
    respond(request, answer(request.result()))
    time.sleep(request.rng.random() * 0.005)
    return False


def nap(request):
    """Take a while to run."""
    if not request.read_whole():
        return False
    request.execute()
    time.sleep(request.rng.random() * 0.03)
    request.stream.sendall(answer(request.result()))
    return True


def sip(request):
    """Read slowly, so that a big request is under way for a while."""
    for share in range(4):
        if not request.fill(request.length * share // 4):
            return False
        time.sleep(request.rng.random() * 0.01)
    return ok(request)


def early(request):
    """Refuse by the head alone, and keep the connection; what follows can only be the rest of the same request."""
    code = request.rng.choice(EARLY_CODES)
    request.stream.sendall(answer(refusal(code)))
    if not request.read_whole():
        return False
    request.check_signature()
    return True


def drip(request):
    if not request.read_whole():
        return False
    request.execute()
    data = b"HTTP/1.1 100 Continue\r\n\r\n" + chunked(request.result())
    for start in range(0, len(data), 37):
        request.stream.sendall(data[start : start + 37])
    return True


def part(request):
    request.fill(request.rng.randrange(max(1, request.length)))
    request.stream.reset()
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
        request.stream.reset()
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
        request.stream.send_part(data, request.rng.randrange(len(data)))
        if request.rng.random() < 0.5:
            request.stream.reset()
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
        ok, okclose, okidle, nap, sip, early, drip, part, partfin, stallpart, stall, drop, dropfin, dropun, cut, junk,
        big, http, limit, busy, skew, token, action, internal, unavailable, throws, late, forge,
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
