"""The headers that the platform adds to each request of a web function.

Source: cloud.tencent.com/document/product/583/56124 for the first nine; those of the role's keys are on no page, and
are read by programs of today. The units of memory (MB) and timeout (seconds) are inferred.
"""

import json

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.settings import Settings

_KEY_HEADERS = {
    "TENCENTCLOUD_SECRETID": b"X-Scf-Secret-Id",
    "TENCENTCLOUD_SECRETKEY": b"X-Scf-Secret-Key",
    "TENCENTCLOUD_SESSIONTOKEN": b"X-Scf-Session-Token",
}


class InjectedHeaders:
    """The header lines of one instance; only the first differs between its requests."""

    def __init__(self, record: FunctionRecord, settings: Settings, access_key: AccessKey) -> None:
        values = {
            "Memory": str(record.memory_mb),
            "Timeout": str(record.timeout_seconds),
            "Version": record.version,
            "Name": record.key.name,
            "Namespace": record.key.namespace,
            "Region": record.key.region,
            "Appid": settings.appid,
            "Uin": settings.uin,
        }
        self._fixed: bytes = b"".join(_line(f"X-Scf-{name}".encode(), value) for name, value in values.items())
        self._lines: bytes = self._fixed
        credentials = access_key.credentials
        self._set_keys(
            dict(zip(_KEY_HEADERS, (credentials.secret_id, credentials.secret_key, credentials.token), strict=True))
        )

    def take_keys(self, environ: bytes) -> None:
        """Take new keys, as the variables of a JSON object."""
        self._set_keys(json.loads(environ))

    def of(self, request_id: str) -> bytes:
        """Return the lines of a request."""
        return b"X-Scf-Request-Id: %s\r\n%s" % (request_id.encode("ascii"), self._lines)

    def _set_keys(self, variables: dict[str, str]) -> None:
        keys = (_line(header, variables[name]) for name, header in _KEY_HEADERS.items())
        self._lines = self._fixed + b"".join(keys)

    def __repr__(self) -> str:
        return f"<InjectedHeaders {self._lines.count(_END)} and a request id>"


def _line(name: bytes, value: str) -> bytes:
    return b"%s: %s\r\n" % (name, value.encode())


_END = b"\r\n"
