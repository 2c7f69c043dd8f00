"""The requests of the official Python SDK, as it sends them over a connection that is kept.

Recorded from tencentcloud-sdk-python 3.1.100 on requests 2.34.2: names, order and letter case, and the form of the
body. ``X-TC-TraceId`` is another in each call.
"""

from __future__ import annotations

import json

from benchmarks.clients import wire
from benchmarks.local.servers import SCF, Call, Dialect
from benchmarks.responder import HOST

#: Stands in for the trace id, which the load generators replace in each call.
TRACE_ID = "00000000-0000-4000-8000-000000000000"


def build_official(port: int) -> Call:
    """Build a call to the local SCF as the official SDK does. Its signature is valid for 300 s."""
    fields = {
        "FunctionName": wire.FUNCTION,
        "Qualifier": "$LATEST",
        "Event": json.dumps(wire.EVENT),
        "Namespace": "default",
    }
    body = json.dumps(fields).encode()
    host = f"{HOST}:{port}"
    signed = wire.Signer(host).sign(body)
    headers = {
        "User-Agent": "python-requests/2.34.2",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "*/*",
        "Connection": "Keep-Alive",
        "X-TC-TraceId": TRACE_ID,
        "Content-Type": signed["Content-Type"],
        "Host": host,
        "X-TC-Action": signed["X-TC-Action"],
        "X-TC-RequestClient": "SDK_PYTHON_3.1.100",
        "X-TC-Timestamp": signed["X-TC-Timestamp"],
        "X-TC-Version": signed["X-TC-Version"],
        "X-TC-Region": signed["X-TC-Region"],
        "X-TC-Language": signed["X-TC-Language"],
        "Authorization": signed["Authorization"],
    }
    return Call("/", headers, body, varying=TRACE_ID)


OFFICIAL = Dialect(build_official, SCF.find_result, SCF.read)
