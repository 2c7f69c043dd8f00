#!/bin/sh
# cos-python-sdk-v5 1.9.44; Python 3.11
#
# CosConfig(PoolMaxSize=...) counts only for the first client of a process: all clients share one pool of connections, made
# with the size of whoever came first. A second client that asks for 20, for its 20 threads, keeps 10 of its connections
# and opens 10 new ones for each further batch, after a first client of the default size. So does a client that a library
# made before. It helps to hand CosS3Client a session of one's own.
#
# Seen 2026-11-30, 20 threads with two requests each:
#   the first client asks for 20: 20 connections
#   a second client asks for 20: 30 connections
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet cos-python-sdk-v5==1.9.44
cat > "$folder/ask.py" <<'PYTHON'
import concurrent.futures
import http.server
import logging
import sys
import threading

from qcloud_cos import CosConfig, CosS3Client

logging.disable(logging.CRITICAL)
THREADS = 20


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = set()
    together = threading.Barrier(THREADS)  # all requests of a batch are open at a time

    def do_HEAD(self):
        Service.connections.add(self.client_address)
        Service.together.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100
    daemon_threads = True


def client(**given):
    where = {"Scheme": "http", "IP": "127.0.0.1", "Port": server.server_port}
    return CosS3Client(CosConfig(Region="ap-guangzhou", SecretId="id", SecretKey="key", **where, **given))


server = Server(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
if sys.argv[1] == "a second client":
    client()
mine = client(PoolMaxSize=THREADS)
with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
    for _ in range(2):
        calls = [pool.submit(mine.head_object, Bucket="bucket-1250000000", Key="key") for _ in range(THREADS)]
        for call in calls:
            call.result()
print("{} asks for {}: {} connections".format(sys.argv[1], THREADS, len(Service.connections)))
PYTHON
for which in "the first client" "a second client"; do
    "$folder/venv/bin/python" "$folder/ask.py" "$which"
done | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
the first client asks for 20: 20 connections
a second client asks for 20: 30 connections
TEXT
diff "$folder/expected" "$folder/seen"
