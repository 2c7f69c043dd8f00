"""TC3-HMAC-SHA256, Tencent Cloud's request signature: sign and verify.

Source: the page "Signature v3" of the API 3.0 documentation (cloud.tencent.com/document/api/583/17239), whose worked
examples are vectors of our tests. ``Signer`` is the fast way for the one kind of request that the SDK sends;
``canonical_request`` and ``signature`` are the general way, which verifies requests of any client.
"""

from binascii import hexlify
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Protocol, Sequence

    from tencentserverless.models import Credentials

    #: A cache of one entry: the credentials and the time, or None, then the values for them.
    Cache = tuple[Any, ...]

    class Hash(Protocol):
        """A hash state of ``hashlib``."""

        def copy(self) -> "Hash":
            """Copy the state."""

        def digest(self) -> bytes:
            """Return the hash of all bytes so far."""

        def update(self, __data: bytes) -> None:
            """Add bytes."""


ALGORITHM = "TC3-HMAC-SHA256"
TERMINATOR = "tc3_request"
#: Value of X-TC-Content-SHA256 that leaves the body out of the signature; its own text is hashed in place of the body.
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_BLOCK_BYTES = 64  # of SHA-256, by FIPS 180-4
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))


class Authorization:
    """The parts of an Authorization header, as ``parse_authorization`` reads them."""

    __slots__ = ("date", "secret_id", "service", "signature", "signed_headers")

    def __init__(
        self, secret_id: str, date: str, service: str, signed_headers: "tuple[str, ...]", signature: str
    ) -> None:
        self.secret_id = secret_id
        self.date = date
        self.service = service
        self.signed_headers = signed_headers
        self.signature = signature


def parse_authorization(value: str) -> Authorization:
    """Read an Authorization header of this algorithm.

    :raises ValueError: if it is not of the form ``TC3-HMAC-SHA256 Credential=<id>/<date>/<service>/tc3_request,
        SignedHeaders=<names>, Signature=<hex>``
    """
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise ValueError("the algorithm is not " + ALGORITHM)
    parts = {}
    for item in rest.split(","):
        name, equals, text = item.strip().partition("=")
        if not equals or name in parts:
            raise ValueError("not a list of Name=value")
        parts[name] = text
    if set(parts) != {"Credential", "SignedHeaders", "Signature"}:
        raise ValueError("expected exactly Credential, SignedHeaders and Signature")
    scope = parts["Credential"].split("/")
    if len(scope) != 4 or scope[3] != TERMINATOR or not all(scope):
        raise ValueError("the credential is not <SecretId>/<date>/<service>/" + TERMINATOR)
    return Authorization(scope[0], scope[1], scope[2], tuple(parts["SignedHeaders"].split(";")), parts["Signature"])


def canonical_request(
    method: str,
    query: str,
    headers: "Mapping[str, str]",
    signed_headers: "Sequence[str]",
    payload_hash: str,
    path: str = "/",
) -> str:
    """Make the text whose hash is signed.

    :param query: the raw query string of the request, ``""`` for POST
    :param headers: values by lower-case name; they are put into canonical form (trimmed, lower case) here
    :param signed_headers: lower-case names, in the order of the SignedHeaders list
    :param payload_hash: lower-case hex SHA-256 of the body
    :param path: always ``/`` for the API; a function's URL may have others
    :raises KeyError: if a signed header is not among the headers
    """
    lines = "".join("{}:{}\n".format(name, headers[name].strip().lower()) for name in signed_headers)
    return "\n".join((method, path, query, lines, ";".join(signed_headers), payload_hash))


def signature(secret_key: str, authorization: Authorization, timestamp: str, canonical: str) -> str:
    """Compute the lower-case hex signature of a canonical request, in the scope of an Authorization.

    :param timestamp: the text of X-TC-Timestamp, UNIX seconds
    """
    scope = "/".join((authorization.date, authorization.service, TERMINATOR))
    digest = sha256(canonical.encode("utf-8")).hexdigest()
    text = "\n".join((ALGORITHM, timestamp, scope, digest))
    inner, outer = _scoped_pads(secret_key, authorization.date, authorization.service)
    return _finish(inner, outer, text.encode("utf-8")).hex()


def utc_date(timestamp: int) -> str:
    """Write UNIX seconds as ``YYYY-MM-DD`` in UTC, by day arithmetic: ``_core`` has no clock; strftime costs more."""
    days = timestamp // 86400 + 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    return "{:04d}-{:02d}-{:02d}".format(year, month, day)


class ScopedSigner:
    """The part of a signer that depends on the keys, the time and the names of the signed headers alone.

    Safe for threads: its caches are replaced whole.
    """

    __slots__ = ("_of_day", "_of_second", "_service", "_signed")

    def __init__(self, service: str, signed_headers: "Sequence[str]") -> None:
        self._service = service
        self._signed = ";".join(signed_headers)
        self._of_day: "Cache" = (None, None)
        self._of_second: "Cache" = (None, None)

    def _begin_second(self, credentials: "Credentials", timestamp: int) -> "Cache":
        """Compute all that stays the same for a second and a key pair: the inner hash up to the request's own text."""
        day = self._of_day
        if day[0] is not credentials or day[1] != timestamp // 86400:
            day = self._of_day = self._begin_day(credentials, timestamp)
        inner = day[4].copy()
        inner.update(day[2] % timestamp)
        return credentials, timestamp, inner, day[5], day[3]

    def _begin_day(self, credentials: "Credentials", timestamp: int) -> "Cache":
        """Compute all that stays the same for a day and a key pair."""
        date = utc_date(timestamp)
        scope = "/".join((date, self._service, TERMINATOR))
        text = "{}\n%d\n{}\n".format(ALGORITHM, scope).encode("ascii")
        prefix = "{} Credential={}/{}, SignedHeaders={}, Signature=".format(
            ALGORITHM, credentials.secret_id, scope, self._signed
        )
        pads = _scoped_pads(credentials.secret_key, date, self._service)
        return (credentials, timestamp // 86400, text, prefix.encode("ascii")) + pads


class Signer(ScopedSigner):
    """Signs POST requests to one host, all of one content type."""

    __slots__ = ("_canonical_head",)

    def __init__(self, host: str, service: str, content_type: str) -> None:
        super().__init__(service, _SIGNED)
        canonical = canonical_request("POST", "", {"content-type": content_type, "host": host}, _SIGNED, "")
        self._canonical_head = canonical.encode("ascii")

    def sign(self, credentials: "Credentials", timestamp: int, body: bytes) -> bytes:
        """Make the value of the Authorization header for this body at this time (UNIX seconds)."""
        cached = self._of_second
        if cached[0] is not credentials or cached[1] != timestamp:
            cached = self._of_second = self._begin_second(credentials, timestamp)
        canonical = self._canonical_head + hexlify(sha256(body).digest())
        inner, outer = cached[2].copy(), cached[3].copy()
        inner.update(hexlify(sha256(canonical).digest()))
        outer.update(inner.digest())
        return cached[4] + hexlify(outer.digest())  # type: ignore[no-any-return]


_SIGNED = ("content-type", "host")


def _scoped_pads(secret_key: str, date: str, service: str) -> "tuple[Hash, Hash]":
    """Make the two hash states from which HMACs under the scoped signing key are finished."""
    key = ("TC3" + secret_key).encode("utf-8")
    for part in (date, service, TERMINATOR):
        inner, outer = _pads(key)
        key = _finish(inner, outer, part.encode("utf-8"))
    return _pads(key)


def _pads(key: bytes) -> "tuple[Hash, Hash]":
    """Make the two hash states of an HMAC (RFC 2104): copying them per call is four times faster than hmac.new."""
    if len(key) > _BLOCK_BYTES:
        key = sha256(key).digest()
    key = key.ljust(_BLOCK_BYTES, b"\0")
    return sha256(key.translate(_INNER_PAD)), sha256(key.translate(_OUTER_PAD))


def _finish(inner: "Hash", outer: "Hash", message: bytes) -> bytes:
    inner = inner.copy()
    inner.update(message)
    outer = outer.copy()
    outer.update(inner.digest())
    return outer.digest()
