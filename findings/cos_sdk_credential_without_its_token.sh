#!/bin/sh
# cos-python-sdk-v5 1.9.44, tencentcloud-sdk-python-common 3.1.195; Python 3.11
#
# CosConfig(CredentialInstance=...) takes an object with secret_id, secret_key and token, as the official SDK has them for
# the role of a machine or of a function. It refuses an object without a token, then signs with id and key, and never sends
# the token: the request has no x-cos-security-token, which a temporary key needs, so that COS can only refuse it.
# CosConfig(Token=...) sends it, but a plain value isn't renewed when the role's keys change.
#
# Seen 2026-11-30:
#   SecretId, SecretKey, Token: key id, x-cos-security-token token
#   CredentialInstance: key id, x-cos-security-token None
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet cos-python-sdk-v5==1.9.44 tencentcloud-sdk-python-common==3.1.195
cat > "$folder/ask.py" <<'PYTHON'
import http.server
import re
import threading

from qcloud_cos import CosConfig, CosS3Client
from tencentcloud.common.credential import Credential


class Service(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        Service.received = self.headers
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
ways = {
    "SecretId, SecretKey, Token": {"SecretId": "id", "SecretKey": "key", "Token": "token"},
    "CredentialInstance": {"CredentialInstance": Credential("id", "key", "token")},
}
for words, given in ways.items():
    config = CosConfig(Region="ap-guangzhou", Scheme="http", IP="127.0.0.1", Port=server.server_port, **given)
    CosS3Client(config).head_object(Bucket="bucket-1250000000", Key="key")
    key = re.search("q-ak=([^&]*)", Service.received["Authorization"])[1]
    print("{}: key {}, x-cos-security-token {}".format(words, key, Service.received["x-cos-security-token"]))
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
SecretId, SecretKey, Token: key id, x-cos-security-token token
CredentialInstance: key id, x-cos-security-token None
TEXT
diff "$folder/expected" "$folder/seen"
