"""Checks that a request is signed by a key of this server, freshly and for this service.

Sources: cloud.tencent.com/document/api/583/17239 (signature v3), 17238 (v1) and 17240 (codes). UNSIGNED-PAYLOAD is how
Tencent's SDKs leave the body out; they hash the word itself in place of the body.
"""

import hmac
from collections.abc import Callable

from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.api.request_forms import Request
from tencentserverless.local.api.signatures import PresentedSignature, read_claim
from tencentserverless.local.errors import ApiError


class Authenticator:
    """Says who a request comes from, or refuses it.

    :param clock: UNIX seconds
    :param skew_seconds: how far the time of a request may be from it
    """

    def __init__(self, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds

    def check(self, request: Request) -> AccessKey:
        """The grant that signed a request.

        :raises ApiError: with the platform's code, if any part of the proof fails
        """
        claim = read_claim(request)
        grant = self._keys.find(claim.secret_id)
        if grant is None:
            raise ApiError(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found. The local SCF takes the key pair of its own environment alone: "
                'run eval "$(scf local env)", or source the file of --env-file.',
            )
        timestamp = self._fresh_timestamp(request)
        if not _is_proven(claim, grant.credentials.secret_key, timestamp):
            raise ApiError(
                "AuthFailure.SignatureFailure",
                "The provided credentials could not be validated. Check that the SecretKey belongs to the SecretId, "
                "and that host, content type and parameters are sent as they were signed.",
            )
        self._check_token(grant, request)
        return grant

    def _fresh_timestamp(self, request: Request) -> str:
        text, name = request.common("Timestamp"), request.shown_name("Timestamp")
        if not text:
            raise ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise ApiError("InvalidParameterValue", f"{name} must be UNIX seconds, such as 1551113065.")
        if abs(self._clock() - int(text)) > self._skew_seconds:
            raise ApiError(
                "AuthFailure.SignatureExpire",
                f"{name} is more than {self._skew_seconds} seconds off the server's clock.",
            )
        return text

    def _check_token(self, grant: AccessKey, request: Request) -> None:
        """Permanent keys have no token; temporary ones are worth nothing without theirs."""
        token, name = request.common("Token").strip(), request.shown_name("Token")
        if grant.expires_at is None and not token:
            return
        expected = grant.credentials.token
        if not expected or not hmac.compare_digest(expected.encode("utf-8"), token.encode("utf-8")):
            raise ApiError(
                "AuthFailure.TokenFailure",
                f"{name} is not the token of this key." if token else f"{name} is missing: this key is temporary.",
            )
        if grant.expires_at is not None and self._clock() >= grant.expires_at:
            raise ApiError("AuthFailure.TokenFailure", "The temporary key has expired.")


def _is_proven(claim: PresentedSignature, secret_key: str, timestamp: str) -> bool:
    """Whether the claim's signature is one that the key makes.

    The usual one is tried alone, for speed. After it all others are compared, whichever fits, so that the time tells
    nothing about them.
    """
    given = claim.signature.encode("utf-8")
    signatures = claim.signatures(secret_key, timestamp)
    if hmac.compare_digest(next(signatures).encode("ascii"), given):
        return True
    fits = False
    for signature in signatures:
        fits |= hmac.compare_digest(signature.encode("ascii"), given)
    return fits
