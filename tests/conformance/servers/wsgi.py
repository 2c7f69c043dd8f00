"""An app that speaks WSGI: it tells its instance, echoes, streams, and holds a request until a file is there."""

import json
import os
import time
from urllib.parse import parse_qs


def app(environ, start_response):
    gate = parse_qs(environ.get("QUERY_STRING", "")).get("gate", [""])[0]
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", headers("text/event-stream"))
        return stream(gate)
    status, kind = "200 OK", "application/json"
    if path == "/echo":
        kind, body = environ.get("CONTENT_TYPE") or "x/none", read(environ)
    elif path == "/nothing":
        status, body = "204 No Content", b""
    else:
        if gate:
            pass_gate(gate)
        found = {key[5:].lower().replace("_", "-"): text for key, text in environ.items() if key.startswith("HTTP_")}
        told = {"instance": os.environ["INSTANCE"], "headers": found, "method": environ["REQUEST_METHOD"]}
        body = json.dumps(told).encode()
    sized = [] if status.startswith("204") else [("Content-Length", str(len(body)))]
    start_response(status, headers(kind) + sized)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def headers(kind):
    return [("Content-Type", kind), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


def read(environ):
    length = environ.get("CONTENT_LENGTH")
    if length:
        return environ["wsgi.input"].read(int(length))
    return environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else b""


def stream(gate):
    yield b"data: 0\n\n"
    pass_gate(gate)
    yield b"data: 1\n\n"


def pass_gate(gate):
    open(gate + ".begun", "w").close()
    while not os.path.exists(gate):
        time.sleep(0.01)
