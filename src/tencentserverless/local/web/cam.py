"""Checks the signature of a request to a URL whose AuthType is CAM.

Sources: cloud.tencent.com/document/product/583/96100 (TC3-HMAC-SHA256 of service ``scf``, as for the API), and code
that calls such URLs: the time is in X-Scf-Cam-Timestamp, and content-type, host and x-scf-cam-uin are signed. It is
not established whether path and query of the request are signed or ``/`` and no query: both are taken. Ours: the
headers of a token, any UIN (a program has its account's own), and the status and words of a refusal.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from tencentserverless._core import signing, wire
from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.http.messages import Request
from tencentserverless.local.web.url_hosts import bare_host

UIN = "x-scf-cam-uin"
_TIMESTAMPS = ("x-scf-cam-timestamp", "x-tc-timestamp")
_TOKENS = ("x-scf-cam-token", "x-tc-token")
_MUST_BE_SIGNED = frozenset(("content-type", "host", UIN))
_SINGLE = frozenset(("authorization", "content-type", "host", UIN, *_TIMESTAMPS, *_TOKENS))
_MAX_TIME_CHARS = 12
_MAX_SIGNED = 64  # ours: headers of one signature
_ROOT = ("/", "")


class CamRefusal(Exception):
    """The signature is missing, or does not prove what it has to."""


class Signed(NamedTuple):
    """The signer of a request.

    :param has_path: true if its signature covers the path and the query of the request; None if they are ``/`` and none
    """

    key: AccessKey
    has_path: bool | None


class CamVerifier:
    """Finds the key that signed a request, or refuses the request.

    :param clock: UNIX seconds
    :param skew_seconds: how far the time of a request may differ from the clock, as for the API
    """

    def __init__(self, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds

    def check(self, request: Request, url: str) -> Signed:
        """Return the signer of a whole request.

        :param url: path and query as the function sees them; those that were sent may be signed as well
        :raises CamRefusal: if any check fails
        """
        headers = _read_headers(request)
        authorization = _read_authorization(headers)
        key = self._keys.find(authorization.secret_id)
        if key is None:
            raise CamRefusal(
                "The SecretId is not found. The local SCF takes the key pair of its own environment alone: run "
                'eval "$(scf local env)".'
            )
        timestamp = self._fresh_timestamp(headers, authorization)
        payload_hash = sha256(request.body).hexdigest()
        given = authorization.signature.encode("utf-8")
        places = list(dict.fromkeys((_ROOT, _place_of(request.url.decode("latin-1")), _place_of(url))))
        names, proven = authorization.signed_headers, None
        for place in places:
            for text in _canonical(request.method, place, headers, names, payload_hash):
                made = signing.signature(key.credentials.secret_key, authorization, timestamp, text)
                if hmac.compare_digest(made.encode("ascii"), given) and proven is None:
                    proven = place
            if proven is not None:
                break
        if proven is None:
            raise CamRefusal(
                "The signature does not fit. Check that the SecretKey belongs to the SecretId, and that method, host, "
                "content type and body are sent as they were signed."
            )
        self._check_token(key, headers)
        return Signed(key, None if len(places) == 1 else proven != _ROOT)

    def _fresh_timestamp(self, headers: Mapping[str, str], authorization: signing.Authorization) -> str:
        text = next((headers[name] for name in _TIMESTAMPS if name in headers), "")
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_TIME_CHARS):
            raise CamRefusal("X-Scf-Cam-Timestamp must be UNIX seconds, such as 1551113065.")
        if abs(self._clock() - int(text)) > self._skew_seconds:
            raise CamRefusal(f"X-Scf-Cam-Timestamp is more than {self._skew_seconds} seconds off the server's clock.")
        if authorization.date != signing.utc_date(int(text)):
            raise CamRefusal("The date of the credential is not the UTC date of X-Scf-Cam-Timestamp.")
        return text

    def _check_token(self, key: AccessKey, headers: Mapping[str, str]) -> None:
        """Check the token, by the API's rules: permanent keys have none, and temporary ones must show theirs."""
        token = next((headers[name] for name in _TOKENS if name in headers), "")
        if key.expires_at is None and not token:
            return
        expected = key.credentials.token
        if not expected or not hmac.compare_digest(expected.encode("utf-8"), token.encode("utf-8")):
            raise CamRefusal(
                "X-Scf-Cam-Token is not the token of this key."
                if token
                else "X-Scf-Cam-Token is missing: this key is temporary."
            )
        if key.expires_at is not None and self._clock() >= key.expires_at:
            raise CamRefusal("The temporary key has expired.")


def _read_headers(request: Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name = raw_name.decode("latin-1")
        if name in headers and name in _SINGLE:
            raise CamRefusal(f"The header {name} is sent twice.")
        headers[name] = raw_value.decode("latin-1").strip()
    return headers


def _read_authorization(headers: Mapping[str, str]) -> signing.Authorization:
    value = headers.get("authorization", "")
    if not value:
        raise CamRefusal("The URL takes signed requests alone (AuthType CAM), and there is no Authorization header.")
    try:
        authorization = signing.parse_authorization(value)
    except ValueError as error:
        raise CamRefusal(f"The Authorization header is malformed: {error}.") from None
    names = authorization.signed_headers
    if not _MUST_BE_SIGNED.issubset(names) or len(set(names)) != len(names) or len(names) > _MAX_SIGNED:
        raise CamRefusal(f"SignedHeaders must contain {', '.join(sorted(_MUST_BE_SIGNED))}, each once.")
    for name in names:
        if name not in headers:
            raise CamRefusal(f"The header {name[:64]!r} is signed but not sent.")
    if authorization.service != wire.SERVICE:
        raise CamRefusal(f"The service of the credential must be {wire.SERVICE!r}.")
    if not (headers[UIN].isascii() and headers[UIN].isdigit()):
        raise CamRefusal("X-Scf-Cam-Uin must be the number of an account.")
    return authorization


def _place_of(url: str) -> tuple[str, str]:
    path, _, query = url.partition("?")
    return path, query


def _canonical(
    method: str, place: tuple[str, str], headers: Mapping[str, str], names: tuple[str, ...], payload_hash: str
) -> Iterator[str]:
    """Yield the texts that a client can have signed for one path and query, the usual one first."""
    host = headers["host"]
    for each in dict.fromkeys((host, bare_host(host.lower()), f"{host}:443")):
        signed = {**headers, "host": each}
        yield signing.canonical_request(method, place[1], signed, names, payload_hash, place[0])
        # The documentation lowers the case of header values; not all clients do.
        lines = "".join(f"{name}:{signed[name]}\n" for name in names)
        yield "\n".join((method, *place, lines, ";".join(names), payload_hash))
