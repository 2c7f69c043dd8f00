"""CAM signatures of requests to function URLs whose AuthType is CAM.

The signature is TC3-HMAC-SHA256 of service ``scf``, over the headers content-type, host and x-scf-cam-uin. Source:
cloud.tencent.com/document/product/583/96100, and the one public program that calls such a URL. Not established: whether
path and query of the request are signed, or ``/`` and nothing as for the API; and the name of the header with the token
of temporary keys. Callers choose.
"""

import re
from binascii import hexlify
from hashlib import sha256

from tencentserverless._core.signing import ScopedSigner, canonical_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._core.signing import Cache
    from tencentserverless.models import Credentials

    #: What is signed of a request beside its body, each as it is sent: method, path, query, content type, host, UIN. A
    #: plain tuple, because a class would cost a tenth of a signature.
    Request = tuple[str, str, str, str, str, str]

SERVICE = "scf"
SIGNED_HEADERS = ("content-type", "host", "x-scf-cam-uin")

AUTHORIZATION = "Authorization"
UIN_HEADER = "X-Scf-Cam-Uin"
TIMESTAMP_HEADER = "X-Scf-Cam-Timestamp"
#: Inferred from X-TC-Token, which the API takes beside X-TC-Timestamp.
TOKEN_HEADER = "X-Scf-Cam-Token"  # noqa: S105  # the name of a header

EMPTY_HASH = hexlify(sha256(b"").digest())

#: Scheme and authority of a URL. No user, and nothing that programs read in different ways: what this pattern takes
#: for one host, every HTTP library takes for the same.
_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?(?=[/?#]|\Z)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def find_origin(url: str) -> "tuple[str, str] | None":
    """Find the scheme of a URL and the value of its Host header, both in lower case; None if there is no such host."""
    found = _ORIGIN.match(url)
    if found is None:
        return None
    scheme, host = found.group(1).lower(), found.group(2).lower()
    port = (found.group(3) or "").lstrip("0")
    return scheme, host if port in ("", _DEFAULT_PORTS[scheme]) else "{}:{}".format(host, port)


def find_target(url: str) -> "tuple[str, str]":
    """Split the path and the query of a URL, as they are sent; ``/`` for an empty path."""
    found = _ORIGIN.match(url)
    rest = url[found.end() if found else 0 :].partition("#")[0]
    path, _, query = rest.partition("?")
    return path or "/", query


def make_canonical(request: "Request", payload_hash: str) -> str:
    """Make the text whose hash is signed.

    :param payload_hash: SHA-256 of the body, in lower-case hex
    """
    method, path, query = request[:3]
    return canonical_request(method, query, dict(zip(SIGNED_HEADERS, request[3:])), SIGNED_HEADERS, payload_hash, path)


class CamSigner(ScopedSigner):
    """Signs requests to function URLs."""

    __slots__ = ("_head",)

    def __init__(self) -> None:
        super().__init__(SERVICE, SIGNED_HEADERS)
        self._head: "Cache" = (None, b"")

    def sign(self, credentials: "Credentials", timestamp: int, request: "Request", payload_hash: bytes) -> str:
        """Make the value of the Authorization header.

        :param timestamp: UNIX seconds, the number in X-Scf-Cam-Timestamp
        :param payload_hash: SHA-256 of the body, in lower-case hex
        """
        head = self._head
        if head[0] != request:
            head = self._head = (request, make_canonical(request, "").encode("utf-8"))
        cached = self._of_second
        if cached[0] is not credentials or cached[1] != timestamp:
            cached = self._of_second = self._begin_second(credentials, timestamp)
        inner, outer = cached[2].copy(), cached[3].copy()
        inner.update(hexlify(sha256(head[1] + payload_hash).digest()))
        outer.update(inner.digest())
        return cached[4] + outer.hexdigest()  # type: ignore[no-any-return]

    def _begin_second(self, credentials: "Credentials", timestamp: int) -> "Cache":
        """Compute all that stays the same for a second and a key pair; the last part is a text here."""
        cached = super()._begin_second(credentials, timestamp)
        return cached[:4] + (cached[4].decode("ascii"),)
