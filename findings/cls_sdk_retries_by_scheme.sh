#!/bin/sh
# tencentcloud-cls-sdk-python 1.0.9; Python 3.11
#
# LogClient.put_log_raw tries ten times where no connection can be made, but only over plain HTTP: it looks for the word
# "httpconnectionpool" in the text of the error, and over HTTPS that text begins with HTTPSConnectionPool. The same moment
# without a network costs no log over HTTP and the whole batch over HTTPS. An answer of 503 is tried again too, unless its
# body is empty: that ends in a TypeError after one attempt, and not in the LogException of the documentation.
#
# Seen 2026-11-30:
#   http, no connection: 10 pauses, LogException
#   https, no connection: 0 pauses, LogException
#   503 with a page: 10 pauses, LogException
#   503 with an empty body: 0 pauses, TypeError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-cls-sdk-python==1.0.9
cat > "$folder/put.py" <<'PYTHON'
import http.server
import socket
import threading
import time

from tencentcloud.log.cls_pb2 import LogGroupList
from tencentcloud.log.logclient import LogClient

pauses = []
time.sleep = pauses.append  # it pauses for a second before each further attempt


class Service(http.server.BaseHTTPRequestHandler):
    body = b""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


def put(words, endpoint):
    logs = LogGroupList()
    log = logs.logGroupList.add().logs.add(time=1)
    log.contents.add(key="level", value="info")
    pauses.clear()
    try:
        LogClient(endpoint, "id", "key", source="127.0.0.1").put_log_raw("topic", logs)
    except Exception as error:
        print("{}: {} pauses, {}".format(words, len(pauses), type(error).__name__))


with socket.socket() as closed:
    closed.bind(("127.0.0.1", 0))  # and does not listen
    for scheme in ("http", "https"):
        put(scheme + ", no connection", "{}://127.0.0.1:{}".format(scheme, closed.getsockname()[1]))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
for words, Service.body in (("503 with a page", b"<html>busy</html>"), ("503 with an empty body", b"")):
    put(words, "http://127.0.0.1:{}".format(server.server_port))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/put.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
http, no connection: 10 pauses, LogException
https, no connection: 0 pauses, LogException
503 with a page: 10 pauses, LogException
503 with an empty body: 0 pauses, TypeError
TEXT
diff "$folder/expected" "$folder/seen"
