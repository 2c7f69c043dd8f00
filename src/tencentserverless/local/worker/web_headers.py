"""The headers that the platform adds to each request of a web function.

Source: cloud.tencent.com/document/product/583/56124 for the first nine; those of the role's keys are on no page, and
are read by programs of today. The units of memory (MB) and timeout (seconds) are inferred.
"""

import json

from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.settings import Settings

Headers = list[tuple[bytes, bytes]]

_KEY_HEADERS = {
    "TENCENTCLOUD_SECRETID": b"X-Scf-Secret-Id",
    "TENCENTCLOUD_SECRETKEY": b"X-Scf-Secret-Key",
    "TENCENTCLOUD_SESSIONTOKEN": b"X-Scf-Session-Token",
}


class InjectedHeaders:
    """The headers of one instance; only the first differs between its requests."""

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
        self._fixed: Headers = [(f"X-Scf-{name}".encode(), value.encode()) for name, value in values.items()]
        self._keys: Headers = []
        credentials = access_key.credentials
        self._set_keys(
            dict(zip(_KEY_HEADERS, (credentials.secret_id, credentials.secret_key, credentials.token), strict=True))
        )

    def take_keys(self, environ: bytes) -> None:
        """Take new keys, as the variables of a JSON object."""
        self._set_keys(json.loads(environ))

    def of(self, request_id: str) -> Headers:
        """Return the headers of a request."""
        return [(b"X-Scf-Request-Id", request_id.encode("ascii")), *self._fixed, *self._keys]

    def _set_keys(self, variables: dict[str, str]) -> None:
        self._keys = [(header, variables[name].encode("ascii")) for name, header in _KEY_HEADERS.items()]

    def __repr__(self) -> str:
        return f"<InjectedHeaders {len(self._fixed) + len(self._keys)} and a request id>"
