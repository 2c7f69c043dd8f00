#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195 and tencentcloud-sdk-python-scf 3.1.100; Python 3.11
#
# The official SDK looks for an error in an answer only if its Content-Type is "application/json" or "text/plain" to the
# letter. Where anything on the way says "application/json; charset=utf-8", which means the same (RFC 8259, 11: there is
# no such parameter, and it is ignored), a refusal raises nothing: the caller gets a response object whose Result is
# None, and a call that reads nothing of it takes an unauthorised request for a success.
#
# Seen 2026-11-29:
#   application/json: raised AuthFailure.UnauthorizedOperation
#   application/json; charset=utf-8: returned InvokeFunctionResponse with Result None
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-sdk-python-common==3.1.195 tencentcloud-sdk-python-scf==3.1.100
cat > "$folder/call.py" <<'PYTHON'
import http.server
import json
import threading

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models, scf_client

ERROR = {"Code": "AuthFailure.UnauthorizedOperation", "Message": "no"}
BODY = json.dumps({"Response": {"Error": ERROR, "RequestId": "r"}}).encode()


def call(content_type):
    class Service(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    http_profile = HttpProfile(protocol="http", endpoint="127.0.0.1:{}".format(server.server_port))
    client = scf_client.ScfClient(Credential("id", "key"), "ap-guangzhou", ClientProfile(httpProfile=http_profile))
    request = models.InvokeFunctionRequest()
    request.FunctionName = "f"
    try:
        response = client.InvokeFunction(request)
        return "returned {} with Result {}".format(type(response).__name__, response.Result)
    except TencentCloudSDKException as error:
        return "raised {}".format(error.get_code())


for content_type in ("application/json", "application/json; charset=utf-8"):
    print("{}: {}".format(content_type, call(content_type)))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/call.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
application/json: raised AuthFailure.UnauthorizedOperation
application/json; charset=utf-8: returned InvokeFunctionResponse with Result None
TEXT
diff "$folder/expected" "$folder/seen"
