#!/bin/sh
# tencent-cloud-sdk-serverless-functions 0.2.5 with tencent-cloud-sdk-core 0.2.6, -auth 0.2.2 and -common 0.1.5; Python 3.11
#
# This SDK for SCF, which is not Tencent's own, ends a call after five seconds, whatever the function's timeout is, and makes
# it again by itself, ten times unless error_manager.max_number_of_retries is set. Each time the function runs anew, while the
# one before goes on: a function that takes six seconds runs eleven times, and after some minutes the caller gets a
# RequestError without a word. There is no option for the five seconds, and 0 is refused as a number of retries.
# enable_builtin_error_handler = False ends the repetition, and that of harmless refusals too.
#
# Seen 2026-12-01, a function that answers after some seconds:
#   3 seconds: 1 request, the caller got 'done'
#   6 seconds, max_number_of_retries 1 in place of 10: 2 requests, the caller got RequestError ''
#   6 seconds, no error handler: 1 request, the caller got RequestError ''
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencent-cloud-sdk-serverless-functions==0.2.5 tencent-cloud-sdk-core==0.2.6 \
    tencent-cloud-sdk-auth==0.2.2 tencent-cloud-sdk-common==0.1.5 trustme==1.2.1
cat > "$folder/ask.py" <<'PYTHON'
import http.server
import json
import ssl
import threading
import time

import trustme
from tencent.cloud.auth.credentials import Credentials
from tencent.cloud.core import errors
from tencent.cloud.serverless import functions

RESULT = {"InvokeResult": 0, "RetMsg": '"done"', "ErrMsg": "", "FunctionRequestId": "r", "Log": "", "Duration": 1.0}
ANSWER = json.dumps({"Response": {"Result": dict(RESULT, BillDuration=1, MemUsage=1), "RequestId": "r"}}).encode()


class Service(http.server.BaseHTTPRequestHandler):
    requests = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Service.requests += 1
        time.sleep(Service.seconds)
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


authority = trustme.CA()
served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
authority.issue_cert("127.0.0.1").configure_cert(served)
authority.configure_trust(trusting)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
server.handle_error = lambda *_: None  # the client has gone
server.socket = served.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = functions.Client(Credentials("id", "key"))
client.set_access_endpoint("127.0.0.1:{}".format(server.server_port))
client.set_ssl_context(trusting)
manager = client.error_manager
for words, seconds in (
    ("3 seconds", 3),
    ("6 seconds, max_number_of_retries 1 in place of {}".format(manager.max_number_of_retries), 6),
    ("6 seconds, no error handler", 6),
):
    Service.requests, Service.seconds = 0, seconds
    manager.max_number_of_retries = 1
    client.enable_builtin_error_handler = "no error" not in words
    try:
        got = repr(client.easy_invoke("ap-guangzhou", "default", "fn", {"a": 1}))
    except errors.RequestError as error:
        got = "RequestError {!r}".format(str(error))
    plural = "" if Service.requests == 1 else "s"
    print("{}: {} request{}, the caller got {}".format(words, Service.requests, plural, got))
client.close()
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
3 seconds: 1 request, the caller got 'done'
6 seconds, max_number_of_retries 1 in place of 10: 2 requests, the caller got RequestError ''
6 seconds, no error handler: 1 request, the caller got RequestError ''
TEXT
diff "$folder/expected" "$folder/seen"
