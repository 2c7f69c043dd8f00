#!/bin/sh
# uvicorn 0.54.0 with httptools 0.9.0, and with h11 0.16.0; Python 3.11
#
# A POST that offers HTTP/2 on plain HTTP ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"), as the JDK's own
# HttpClient sends it by default, reaches an ASGI app whole where uvicorn parses with h11. Where it parses with
# httptools, which it prefers as soon as that is installed, the app gets the same request with an EMPTY body, with
# status 200 and no error: "pip install httptools" changes what a web function is told by a Java caller.
#
# Seen 2026-11-29:
#   h11: the app read b'{"n": 1}'
#   httptools: the app read b''
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cat > "$folder/ask.py" <<'PYTHON'
import logging
import socket
import threading
import time

import uvicorn

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
BODY = b'{"n": 1}'


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    seen = repr(body).encode()
    headers = [(b"connection", b"close"), (b"content-length", b"%d" % len(seen))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": seen})


def ask(parser):
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=parser, ws="none", lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with socket.create_connection(listener.getsockname(), timeout=10) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n%s" % (len(BODY), OFFER, BODY))
        answer = b""
        while True:
            data = sock.recv(65536)
            if not data:
                break
            answer += data
    server.should_exit = True
    thread.join()
    return answer.partition(b"\r\n\r\n")[2].decode()


logging.disable()
for parser in ("h11", "httptools"):
    print("{}: the app read {}".format(parser, ask(parser)))
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
h11: the app read b'{"n": 1}'
httptools: the app read b''
TEXT
diff "$folder/expected" "$folder/seen"
