"""The request of every hand-made client: one small event, signed with TC3-HMAC-SHA256 by the standard library.

This module uses no part of the SDK under test, and imports nothing that the bare script would not import.
"""

import hashlib
import hmac
import json
import os
import time
from pathlib import Path

SECRET_ID = "AKIDbenchmark"
SECRET_KEY = "the-secret-key-of-the-benchmark"
REGION = "ap-guangzhou"
FUNCTION = "hello"
EVENT = {"name": "benchmark", "count": 3}
#: The result in the published success sample.
ANSWER = "hello from scf"


class Signer:
    """A signature made by hand, as a careful engineer does it: the key of a day is derived once."""

    def __init__(self, host):
        self.host = host
        self._date = None
        self._key = b""

    def _derive(self, date):
        key = ("TC3" + SECRET_KEY).encode()
        for part in (date, "scf", "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._date, self._key = date, key

    def sign(self, body):
        """The headers of a request that carries this body."""
        timestamp = int(time.time())
        date = time.strftime("%Y-%m-%d", time.gmtime(timestamp))
        if date != self._date:
            self._derive(date)
        digest = hashlib.sha256(body).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:application/json\nhost:{self.host}\n\ncontent-type;host\n{digest}"
        scope = date + "/scf/tc3_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        credential = f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}"
        return {
            "Host": self.host,
            "Content-Type": "application/json",
            "X-TC-Action": "InvokeFunction",
            "X-TC-Version": "2018-04-16",
            "X-TC-Region": REGION,
            "X-TC-Language": "zh-CN",
            "X-TC-Timestamp": str(timestamp),
            "Authorization": f"{credential}, SignedHeaders=content-type;host, Signature={signature}",
        }


def build_body():
    """The body of one call."""
    fields = {
        "FunctionName": FUNCTION,
        "Namespace": "default",
        "Qualifier": "$LATEST",
        "Event": json.dumps(EVENT, separators=(",", ":")),
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def build_request(signer):
    """One whole request as bytes."""
    body = build_body()
    head = ["POST / HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in signer.sign(body).items()]
    head.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(head).encode() + body


def read_answer(text):
    """Read RetMsg from an answer's body, and raise the error in it."""
    response = json.loads(text)["Response"]
    if "Error" in response:
        raise RuntimeError(response["Error"]["Code"])
    result = response["Result"]
    if result["ErrMsg"]:
        raise RuntimeError(result["ErrMsg"])
    return result["RetMsg"]


def check(answer):
    """Raise an error unless this is the responder's one answer."""
    if answer != ANSWER:
        raise RuntimeError(f"an unexpected answer: {answer!r}")


def read_resident_mb():
    """Read the resident memory of this process from Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
