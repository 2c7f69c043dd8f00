#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195; Python 3.11
#
# An answer of the API may carry "DeprecatedWarning". The official SDK then calls warnings.filterwarnings("default"),
# for the whole process and for good: a program that was started with -W error, or that silences some warnings, goes on
# with other rules after one call of a deprecated action, also in code that has nothing to do with the SDK.
#
# Seen 2026-11-29 (python -W error):
#   before the call: a UserWarning of the program is raised
#   after the call: a UserWarning of the program is printed
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-sdk-python-common==3.1.195
cat > "$folder/call.py" <<'PYTHON'
import http.server
import json
import threading
import warnings

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

BODY = json.dumps({"Response": {"RequestId": "r", "DeprecatedWarning": "use another action"}}).encode()


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


def warn(when):
    try:
        warnings.warn("of the program", UserWarning)
        found = "printed"
    except UserWarning:
        found = "raised"
    print("{} the call: a UserWarning of the program is {}".format(when, found))


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
http_profile = HttpProfile(protocol="http", endpoint="127.0.0.1:{}".format(server.server_port))
client = CommonClient("scf", "2018-04-16", Credential("id", "key"), "ap-guangzhou", ClientProfile(httpProfile=http_profile))
warn("before")
client.call_json("ListFunctions", {})
warn("after")
PYTHON
"$folder/venv/bin/python" -W error "$folder/call.py" 2> "$folder/printed" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
before the call: a UserWarning of the program is raised
after the call: a UserWarning of the program is printed
TEXT
diff "$folder/expected" "$folder/seen"
