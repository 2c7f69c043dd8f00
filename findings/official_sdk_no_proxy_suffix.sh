#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195 with requests 2.34.2; Python 3.11
#
# With HTTPS_PROXY set and NO_PROXY=".tencentcloudapi.com", the form that curl, requests and Go read as "every host below
# this domain", Tencent's official SDK still sends its calls through the proxy: it looks the whole host name up as a
# piece of the text of NO_PROXY, so that only a list that spells out scf.tencentcloudapi.com has an effect. requests,
# on which it is built, reads the same variable as everybody does, but is overruled, for it is handed the proxy.
#
# Seen 2026-11-29:
#   NO_PROXY=.tencentcloudapi.com: requests would go direct, the SDK asked the proxy for scf.tencentcloudapi.com:443
#   NO_PROXY=scf.tencentcloudapi.com: requests would go direct, the SDK asked the proxy for nothing
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-sdk-python-common==3.1.195 requests==2.34.2
cat > "$folder/ask.py" <<'PYTHON'
import os
import socket
import threading

import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

asked = []
proxy = socket.create_server(("127.0.0.1", 0))
true_look_up = socket.getaddrinfo


def look_up(host, *more, **options):  # nothing leaves this machine
    if host.endswith("tencentcloudapi.com"):
        raise socket.gaierror("no network in this program")
    return true_look_up(host, *more, **options)


def serve():
    while True:
        sock, _ = proxy.accept()
        with sock:
            head = sock.recv(65536).decode("latin-1")
            asked.append(head.split()[1])
            sock.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


socket.getaddrinfo = look_up
threading.Thread(target=serve, daemon=True).start()
os.environ["HTTPS_PROXY"] = "http://127.0.0.1:{}".format(proxy.getsockname()[1])
for value in (".tencentcloudapi.com", "scf.tencentcloudapi.com"):
    os.environ["NO_PROXY"] = value
    plain = requests.utils.get_environ_proxies("https://scf.tencentcloudapi.com/")
    del asked[:]
    client = CommonClient("scf", "2018-04-16", Credential("id", "key"), "ap-guangzhou", ClientProfile(httpProfile=HttpProfile()))
    try:
        client.call_json("ListFunctions", {})
    except TencentCloudSDKException:
        pass
    words = "NO_PROXY={}: requests would go {}, the SDK asked the proxy for {}"
    print(words.format(value, "by proxy" if plain else "direct", asked[0] if asked else "nothing"))
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
NO_PROXY=.tencentcloudapi.com: requests would go direct, the SDK asked the proxy for scf.tencentcloudapi.com:443
NO_PROXY=scf.tencentcloudapi.com: requests would go direct, the SDK asked the proxy for nothing
TEXT
diff "$folder/expected" "$folder/seen"
