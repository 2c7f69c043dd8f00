#!/bin/sh
# scf 0.2.8 (scfcli); Python 3.11
#
# The program by which "scf native invoke" runs a function on one's own machine reads an event as a value of Python, not as
# JSON. An event with true, false or null is refused, such as that of an HTTP request, whose isBase64Encoded is false, and
# the refusal is called an exception of the user's code. A slash that is escaped, as PHP writes it, keeps its backslash, and
# an emoji as json.dumps writes it arrives as two halves that no encoding takes. The cloud hands over what the JSON means.
#
# Seen 2026-12-01:
#   {"n": 1}: the function got {'n': 1}
#   {"n": true}: user code exception caught, name 'true' is not defined
#   {"n": null}: user code exception caught, name 'null' is not defined
#   {"n": "a\/b"}: the function got {'n': 'a\\/b'}
#   {"n": "\ud83d\ude00"}: the function got {'n': '\ud83d\ude00'}, of length 2
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps scf==0.2.8  # what runs a function needs Python alone
cat > "$folder/index.py" <<'PYTHON'
def main_handler(event, context):
    length = ", of length {}".format(len(event["n"])) if "ud83d" in ascii(event) else ""
    print("the function got " + ascii(event) + length)
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import os
import re
import subprocess
import sys

EVENTS = ('{"n": 1}', '{"n": true}', '{"n": null}', r'{"n": "a\/b"}', r'{"n": "\ud83d\ude00"}')
folder = sys.argv[1]
site = next(path for path in sys.path if path.endswith("site-packages"))
program = os.path.join(site, "tcfcli", "cmds", "native", "common", "runtime", "python3.6", "bootstrap.py")
for event in EVENTS:  # the command and the variables of "scf native invoke"
    variables = dict(os.environ, SCF_EVENT_BODY=event, SCF_LOCAL="true")
    command = [sys.executable, program, os.path.join(folder, "index:main_handler")]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search("the function got .*", done.stdout)
    error = re.search(r"'errorMessage': '([^']*)'.*\\n(name \\'\w+\\' is not defined)", done.stdout)
    print("{}: {}".format(event, found[0] if found else ", ".join(error.groups()).replace("\\", "")))
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" "$folder" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
{"n": 1}: the function got {'n': 1}
{"n": true}: user code exception caught, name 'true' is not defined
{"n": null}: user code exception caught, name 'null' is not defined
{"n": "a\/b"}: the function got {'n': 'a\\/b'}
{"n": "\ud83d\ude00"}: the function got {'n': '\ud83d\ude00'}, of length 2
TEXT
diff "$folder/expected" "$folder/seen"
