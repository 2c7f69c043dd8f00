#!/bin/sh
# pyuwsgi 2.0.30.post1 (uWSGI with its Python plugin); Python 3.11
#
# uWSGI loads an application in its master and forks workers, as gunicorn does with --preload. But it forks in C and does
# not tell Python: the functions of os.register_at_fork, by which libraries replace locks, sockets and random numbers in
# a child, never run in a worker. They do with --py-call-osafterfork, which is off unless it is named.
#
# Seen 2026-11-30:
#   default: the hook ran in the worker: False
#   --py-call-osafterfork: the hook ran in the worker: True
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyuwsgi==2.0.30.post1
cat > "$folder/shop.py" <<'PYTHON'
import os

MASTER = os.getpid()
children = []
os.register_at_fork(after_in_child=lambda: children.append(os.getpid()))


def application(environ, start_response):
    assert os.getpid() != MASTER
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(bool(children)).encode()]
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

USUAL = "--master --processes 1 --http-socket 127.0.0.1:0 --module shop --die-on-term".split()


def ask(*options):
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-c", "import pyuwsgi; pyuwsgi.run()", *USUAL, *options]
        server = subprocess.Popen(command, stdout=log, stderr=log)
        found = None
        while found is None:
            time.sleep(0.05)
            log.seek(0)
            found = re.search(r"bound to TCP address (127\.0\.0\.1:\d+)", log.read())
        try:
            with urllib.request.urlopen("http://{}/".format(found[1]), timeout=20) as answer:
                return answer.read().decode()
        finally:
            server.terminate()
            server.wait()


print("default: the hook ran in the worker:", ask())
print("--py-call-osafterfork: the hook ran in the worker:", ask("--py-call-osafterfork"))
PYTHON
cd "$folder"
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
default: the hook ran in the worker: False
--py-call-osafterfork: the hook ran in the worker: True
TEXT
diff "$folder/expected" "$folder/seen"
