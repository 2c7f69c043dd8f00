#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195 and tencentcloud-sdk-python-scf 3.1.100; Python 3.11
#
# ClientProfile.retryer = StandardRetryer(max_attempts=3), the official SDK's own way to retry, keeps the error of a
# failed attempt and forgets it no more. Where the service refuses the first attempt of a call (RequestLimitExceeded)
# and answers the second one, the SDK throws that answer away, makes the call a third time, throws that answer away too,
# and raises the RequestLimitExceeded of the first: the function has run twice, and the caller is told that it did not.
# It also retries ClientNetworkError, which a function is that takes longer than reqTimeout: each attempt runs it again.
#
# Seen 2026-11-29:
#   refused once, then answered: 3 requests, the function ran 2 times, the caller got RequestLimitExceeded
#   answered later than reqTimeout: 3 requests, the function ran 3 times, the caller got ClientNetworkError
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-sdk-python-common==3.1.195 tencentcloud-sdk-python-scf==3.1.100
cat > "$folder/call.py" <<'PYTHON'
import http.server
import json
import threading
import time

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.common.retry import StandardRetryer
from tencentcloud.scf.v20180416 import models, scf_client

REFUSED = {"Error": {"Code": "RequestLimitExceeded", "Message": "too many"}, "RequestId": "r"}
DONE = {"Result": {"RetMsg": "null", "InvokeResult": 0, "FunctionRequestId": "f"}, "RequestId": "r"}


def serve(refusals, seconds):
    count = {"requests": 0, "runs": 0}

    class Service(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            count["requests"] += 1
            is_refused = count["requests"] <= refusals
            count["runs"] += not is_refused
            time.sleep(seconds)
            body = json.dumps({"Response": REFUSED if is_refused else DONE}).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # the client has gone
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "127.0.0.1:{}".format(server.server_port), count


def call(words, refusals, seconds):
    address, count = serve(refusals, seconds)
    http_profile = HttpProfile(protocol="http", endpoint=address, reqTimeout=1)
    profile = ClientProfile(httpProfile=http_profile, retryer=StandardRetryer(max_attempts=3, backoff_fn=lambda n: 0.1))
    client = scf_client.ScfClient(Credential("id", "key"), "ap-guangzhou", profile)
    request = models.InvokeFunctionRequest()
    request.FunctionName = "f"
    try:
        client.InvokeFunction(request)
        told = "a result"
    except TencentCloudSDKException as error:
        told = error.get_code()
    words += ": {} requests, the function ran {} times, the caller got {}"
    print(words.format(count["requests"], count["runs"], told))


call("refused once, then answered", 1, 0)
call("answered later than reqTimeout", 0, 1.5)
PYTHON
"$folder/venv/bin/python" "$folder/call.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
refused once, then answered: 3 requests, the function ran 2 times, the caller got RequestLimitExceeded
answered later than reqTimeout: 3 requests, the function ran 3 times, the caller got ClientNetworkError
TEXT
diff "$folder/expected" "$folder/seen"
