"""Checks that a request is signed by a key of this server, freshly and for this service.

Sources: cloud.tencent.com/document/api/583/17239 (signature v3), 17238 (v1) and 17240 (codes). With UNSIGNED-PAYLOAD,
Tencent's SDKs leave the body unsigned: they hash that word in place of the body.
"""

import hmac
from collections.abc import Callable

from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.api.request_forms import Request
from tencentserverless.local.api.signature_variants import PresentedSignature, read_signature
from tencentserverless.local.errors import ApiError


class Authenticator:
    """Finds the key that signed a request, or refuses the request.

    :param clock: UNIX seconds
    :param skew_seconds: how far the time of a request may differ from the clock
    """

    def __init__(self, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds

    def check(self, request: Request) -> AccessKey:
        """Return the access key that signed a request.

        :raises ApiError: with the platform's code, if any check fails
        """
        presented = read_signature(request)
        access_key = self._keys.find(presented.secret_id)
        if access_key is None:
            raise ApiError(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found. The local SCF takes the key pair of its own environment alone: "
                'run eval "$(scf local env)", or source the file of --env-file.',
            )
        timestamp = self._fresh_timestamp(request)
        if not _is_proven(presented, access_key.credentials.secret_key, timestamp):
            raise ApiError(
                "AuthFailure.SignatureFailure",
                "The provided credentials could not be validated. Check that the SecretKey belongs to the SecretId, "
                "and that host, content type and parameters are sent as they were signed.",
            )
        self._check_token(access_key, request)
        return access_key

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

    def _check_token(self, access_key: AccessKey, request: Request) -> None:
        """Check the token: permanent keys have none, and a temporary key is worth nothing without its own."""
        token, name = request.common("Token").strip(), request.shown_name("Token")
        if access_key.expires_at is None and not token:
            return
        expected = access_key.credentials.token
        if not expected or not hmac.compare_digest(expected.encode("utf-8"), token.encode("utf-8")):
            raise ApiError(
                "AuthFailure.TokenFailure",
                f"{name} is not the token of this key." if token else f"{name} is missing: this key is temporary.",
            )
        if access_key.expires_at is not None and self._clock() >= access_key.expires_at:
            raise ApiError("AuthFailure.TokenFailure", "The temporary key has expired.")


def _is_proven(presented: PresentedSignature, secret_key: str, timestamp: str) -> bool:
    """True if the key makes the presented signature.

    The usual signature is compared alone, for speed. After that, all other signatures are compared, also after one that
    fits, so that the time tells nothing about them.
    """
    given = presented.signature.encode("utf-8")
    signatures = presented.signatures(secret_key, timestamp)
    if hmac.compare_digest(next(signatures).encode("ascii"), given):
        return True
    fits = False
    for signature in signatures:
        fits |= hmac.compare_digest(signature.encode("ascii"), given)
    return fits
