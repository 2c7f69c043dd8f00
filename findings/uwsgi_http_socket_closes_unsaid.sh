#!/bin/sh
# pyuwsgi 2.0.30.post1 (uWSGI 2.0.30), gunicorn 27.0.1 (sync workers); Python 3.11
#
# uWSGI with --http-socket answers a request of HTTP/1.1 with HTTP/1.1, a Content-Length and no "Connection: close", which
# promises to keep the connection, and then closes it. A proxy that keeps connections puts its next request into one that
# is about to end. It may send a GET anew, but not a POST, whose client gets a 502 now and then. gunicorn's sync workers
# close too, and say so.
#
# Seen 2026-11-30:
#   uwsgi: HTTP/1.1, Connection None, closed by the server: True
#   gunicorn: HTTP/1.1, Connection close, closed by the server: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyuwsgi==2.0.30.post1 gunicorn==27.0.1
cat > "$folder/app.py" <<'PYTHON'
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import http.client
import socket
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
SERVERS = {
    "uwsgi": ["uwsgi", "--http-socket", "127.0.0.1:{}", "--module", "app:app"],
    "gunicorn": ["gunicorn", "-b", "127.0.0.1:{}", "app:app"],
}


def ask(command):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = [BIN / command[0], *(word.format(port) for word in command[1:])]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.05)
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = http.client.HTTPResponse(sock)
                answer.begin()
                answer.read(2)
                try:
                    is_closed = sock.recv(1) == b""
                except TimeoutError:
                    is_closed = False
            version = {10: "HTTP/1.0", 11: "HTTP/1.1"}[answer.version]
            return "{}, Connection {}, closed by the server: {}".format(version, answer.getheader("Connection"), is_closed)
        finally:
            server.send_signal(2)


for name, command in SERVERS.items():
    print("{}: {}".format(name, ask(command)))
PYTHON
cd "$folder"
venv/bin/python ask.py | tee seen
cat > expected <<'TEXT'
uwsgi: HTTP/1.1, Connection None, closed by the server: True
gunicorn: HTTP/1.1, Connection close, closed by the server: True
TEXT
diff expected seen
