#!/bin/sh
# pyuwsgi 2.0.30.post1 (uWSGI 2.0.30), Flask 3.1.3; gunicorn 27.0.1, waitress 3.0.2, granian 2.8.9; Python 3.11
#
# A POST whose body comes in chunks (Transfer-Encoding: chunked, as curl, Node.js and Go send what they stream) reaches a
# Flask app EMPTY under uWSGI, with status 200 and no word in the log, with the option http-chunked-input too: that needs
# uwsgi.chunked_read() in the app, for wsgi.input stays empty and wsgi.input_terminated is not set. Under gunicorn,
# waitress and granian the same app gets the body whole.
#
# Seen 2026-11-30:
#   uwsgi: the app read b''
#   uwsgi --http-chunked-input: the app read b''
#   gunicorn: the app read b'{"n": 1}'
#   waitress: the app read b'{"n": 1}'
#   granian: the app read b'{"n": 1}'
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet flask==3.1.3 pyuwsgi==2.0.30.post1 gunicorn==27.0.1 waitress==3.0.2 granian==2.8.9
cat > "$folder/app.py" <<'PYTHON'
import flask

app = flask.Flask(__name__)


@app.post("/")
def home():
    return repr(flask.request.get_data())
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
    "uwsgi --http-chunked-input": ["uwsgi", "--http-socket", "127.0.0.1:{}", "--http-chunked-input", "--module", "app:app"],
    "gunicorn": ["gunicorn", "-b", "127.0.0.1:{}", "app:app"],
    "waitress": ["waitress-serve", "--listen", "127.0.0.1:{}", "app:app"],
    "granian": ["granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{}", "app:app"],
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
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("POST", "/", iter([b'{"n": ', b"1}"]), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200
            return answer.read().decode()
        finally:
            server.send_signal(2)


for name, command in SERVERS.items():
    print("{}: the app read {}".format(name, ask(command)))
PYTHON
cd "$folder"
venv/bin/python ask.py | tee seen
cat > expected <<'TEXT'
uwsgi: the app read b''
uwsgi --http-chunked-input: the app read b''
gunicorn: the app read b'{"n": 1}'
waitress: the app read b'{"n": 1}'
granian: the app read b'{"n": 1}'
TEXT
diff expected seen
