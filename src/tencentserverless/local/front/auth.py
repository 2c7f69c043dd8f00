"""Checks that a request is signed by a key of this server, freshly and for this service.

Sources: cloud.tencent.com/document/api/583/17239 (signature v3) and 17240 (codes). UNSIGNED-PAYLOAD is how Tencent's
SDKs leave the body out; they hash the word itself in place of the body.
"""

import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256

from tencentserverless._core import signing, wire
from tencentserverless.local.keys import Grant, KeyRing
from tencentserverless.local.refusals import ApiError

_MUST_BE_SIGNED = frozenset(("content-type", "host"))
_UNSIGNED_PAYLOAD_HASH = sha256(signing.UNSIGNED_PAYLOAD.encode("ascii")).hexdigest()


class Authenticator:
    """Says who a request comes from, or refuses it.

    :param clock: UNIX seconds
    :param skew_seconds: how far X-TC-Timestamp may be from it
    """

    def __init__(self, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds

    def check(self, headers: Mapping[str, str], body: bytes) -> Grant:
        """The grant that signed a POST request.

        :param headers: by lower-case name
        :raises ApiError: with the platform's code, if any part of the proof fails
        """
        authorization = _parsed(headers)
        grant = self._keys.find(authorization.secret_id)
        if grant is None:
            raise ApiError(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found. The local SCF takes the key pair of its own environment alone: "
                'run eval "$(scf local env)", or source the file of --env-file.',
            )
        timestamp = self._fresh_timestamp(headers)
        _check_scope(authorization, int(timestamp))
        payload_hash = _payload_hash(headers, body)
        try:
            canonical = signing.canonical_request("POST", "", headers, authorization.signed_headers, payload_hash)
        except KeyError as error:
            raise ApiError(
                "AuthFailure.SignatureFailure", f"The header {error.args[0]!r} is signed but not sent."
            ) from None
        expected = signing.signature(grant.credentials.secret_key, authorization, timestamp, canonical)
        if not hmac.compare_digest(expected.encode("ascii"), authorization.signature.encode("utf-8")):
            raise ApiError(
                "AuthFailure.SignatureFailure",
                "The provided credentials could not be validated. Check that the SecretKey belongs to the SecretId, "
                "and that host, content type and body are sent as they were signed.",
            )
        self._check_token(grant, headers.get("x-tc-token", "").strip())
        return grant

    def _fresh_timestamp(self, headers: Mapping[str, str]) -> str:
        text = headers.get("x-tc-timestamp", "")
        if not text:
            raise ApiError("MissingParameter", "The request is missing a required parameter `X-TC-Timestamp`.")
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise ApiError("InvalidParameterValue", "X-TC-Timestamp must be UNIX seconds, such as 1551113065.")
        if abs(self._clock() - int(text)) > self._skew_seconds:
            raise ApiError(
                "AuthFailure.SignatureExpire",
                f"X-TC-Timestamp is more than {self._skew_seconds} seconds off the server's clock.",
            )
        return text

    def _check_token(self, grant: Grant, token: str) -> None:
        """Permanent keys have no token; temporary ones are worth nothing without theirs."""
        if grant.expires_at is None and not token:
            return
        expected = grant.credentials.token
        if not expected or not hmac.compare_digest(expected.encode("utf-8"), token.encode("utf-8")):
            raise ApiError(
                "AuthFailure.TokenFailure",
                "X-TC-Token is not the token of this key."
                if token
                else "X-TC-Token is missing: this key is temporary.",
            )
        if grant.expires_at is not None and self._clock() >= grant.expires_at:
            raise ApiError("AuthFailure.TokenFailure", "The temporary key has expired.")


def _parsed(headers: Mapping[str, str]) -> signing.Authorization:
    value = headers.get("authorization", "")
    try:
        authorization = signing.parse_authorization(value)
    except ValueError as error:
        problem = f"The Authorization header is malformed: {error}." if value else "There is no Authorization header."
        raise ApiError("AuthFailure.InvalidAuthorization", problem) from None
    names = authorization.signed_headers
    if not _MUST_BE_SIGNED.issubset(names) or len(set(names)) != len(names):
        raise ApiError(
            "AuthFailure.InvalidAuthorization", "SignedHeaders must contain content-type and host, each once."
        )
    return authorization


def _check_scope(authorization: signing.Authorization, timestamp: int) -> None:
    if authorization.date != signing.utc_date(timestamp):
        raise ApiError(
            "AuthFailure.SignatureFailure", "The date of the credential is not the UTC date of X-TC-Timestamp."
        )
    if authorization.service != wire.SERVICE:
        raise ApiError("AuthFailure.SignatureFailure", f"The service of the credential must be {wire.SERVICE!r}.")


def _payload_hash(headers: Mapping[str, str], body: bytes) -> str:
    mode = headers.get("x-tc-content-sha256")
    if mode is None:
        return sha256(body).hexdigest()
    if mode != signing.UNSIGNED_PAYLOAD:
        raise ApiError("InvalidParameterValue", f"X-TC-Content-SHA256 can only be {signing.UNSIGNED_PAYLOAD}.")
    return _UNSIGNED_PAYLOAD_HASH
