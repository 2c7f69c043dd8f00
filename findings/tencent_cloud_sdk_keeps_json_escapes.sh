#!/bin/sh
# tencent-cloud-sdk-serverless-functions 0.2.5 with tencent-cloud-sdk-core 0.2.6, -auth 0.2.2 and -common 0.1.5; Python 3.11
#
# easy_invoke, functions.invoke and bound functions of this SDK for SCF, which is not Tencent's own, return what a function
# returned as a value of Python. The platform answers with JSON in RetMsg. A RetMsg that begins and ends with a quote is only
# cut, not read: a quote, a backslash and a line end in the text stay as they are escaped, and so do letters beyond ASCII
# where the runtime escapes them. The same text within a list or an object is read well. It helps to return {"text": ...}.
#
# Seen 2026-12-01:
#   "plain": a text of 5 characters, equal
#   "two\nlines": a text of 10 characters, not equal
#   "say \"hi\"": a text of 10 characters, not equal
#   "\u4f60\u597d": a text of 12 characters, not equal
#   ["two\nlines"]: equal
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencent-cloud-sdk-serverless-functions==0.2.5 tencent-cloud-sdk-core==0.2.6 \
    tencent-cloud-sdk-auth==0.2.2 tencent-cloud-sdk-common==0.1.5
cat > "$folder/ask.py" <<'PYTHON'
import json

from tencent.cloud.auth.credentials import Credentials
from tencent.cloud.serverless import functions

client = functions.Client(Credentials("id", "key"))
for returned in ("plain", "two\nlines", 'say "hi"', "\u4f60\u597d", ["two\nlines"]):
    result = {"InvokeResult": 0, "RetMsg": json.dumps(returned), "ErrMsg": "", "FunctionRequestId": "r", "Log": ""}
    numbers = {"Duration": 1.0, "BillDuration": 1, "MemUsage": 1}

    async def answer(*_, **__):  # nothing leaves this machine
        return {"Result": dict(result, **numbers), "RequestId": "r"}

    client.action_async = answer
    got = client.easy_invoke("ap-guangzhou", "default", "fn", {})
    size = "a text of {} characters, ".format(len(got)) if isinstance(got, str) else ""
    print("{}: {}{}".format(json.dumps(returned), size, "equal" if got == returned else "not equal"))
client.close()
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/ask.py" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
"plain": a text of 5 characters, equal
"two\nlines": a text of 10 characters, not equal
"say \"hi\"": a text of 10 characters, not equal
"\u4f60\u597d": a text of 12 characters, not equal
["two\nlines"]: equal
TEXT
diff "$folder/expected" "$folder/seen"
