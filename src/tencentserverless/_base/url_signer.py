"""The signer of requests to one function URL, and what it does alike for every HTTP library."""

from binascii import hexlify
from hashlib import sha256

from tencentserverless import config
from tencentserverless._base.environment_keys import make_failure
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core.cam_signing import (
    AUTHORIZATION,
    TIMESTAMP_HEADER,
    TOKEN_HEADER,
    UIN_HEADER,
    CamSigner,
    find_origin,
    find_target,
)
from tencentserverless._core.request import check_header_value
from tencentserverless.credentials import choose_provider

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import MutableMapping

    from tencentserverless._base.arguments import Options
    from tencentserverless.models import Credentials

#: The Content-Type that is sent where the program gives none: a signature needs one.
TYPE_OF_NOTHING = "application/json"
TYPE_OF_BYTES = "application/octet-stream"
#: What a URL may answer to a request without a valid signature; which of them is not established.
REFUSALS = (401, 403)


class UrlSigner:
    """Makes the headers of requests to one function URL. Its subclasses do it for one HTTP library each.

    The keys come from the same places as a client's, and are read again for each signature. Requests to another scheme,
    host or port than the URL's are never signed, so that no redirect takes a signature elsewhere. Safe for threads.

    :param url: the function's URL, as ``client.url`` returns it; its path does not count
    :param uin: the account's UIN, a number that each signature names; default: ``TENCENTCLOUD_UIN``, read each time
    :param secret_id: SecretId; default: the environment's keys, then Tencent's credential providers
    :param secret_key: SecretKey; half a pair is refused
    :param token: session token of temporary keys
    :param credentials: an object with ``secret_id``, ``secret_key`` and ``token``, read for each signature
    :param signs_path: True to sign the request's path and query; False: ``/`` and no query, as for the API. Tencent's
        page leaves open which of the two a URL takes
    :param token_header: the name of the header that has the token, which the page leaves open, too
    :raises ValueError: for a value that cannot be used; the message names it
    """

    def __init__(
        self,
        url: str,
        *,
        uin: "str | int | None" = None,
        secret_id: "str | None" = None,
        secret_key: "str | None" = None,
        token: "str | None" = None,
        credentials: object = None,
        signs_path: bool = False,
        token_header: str = TOKEN_HEADER,
    ) -> None:
        origin = find_origin(str(url))
        if origin is None:
            words = "url {!r} is no URL of a function, such as https://1250000000-abc.ap-guangzhou.tencentscf.com"
            raise ValueError(words.format(_hide_user(url)))
        self._origin = origin
        self._prefix = "{}://{}/".format(*origin)
        self._uin = None if uin is None else _check_uin("uin", str(uin))
        self._provider = choose_provider(secret_id, secret_key, token, credentials)
        self._signs_path = signs_path
        self._token_header = check_header_value("token_header", token_header)
        if not token_header:
            raise ValueError("token_header is empty; leave it out for {}".format(TOKEN_HEADER))
        self._signer = CamSigner()
        self._options: "Options" = {
            "uin": uin,
            "secret_id": secret_id,
            "secret_key": secret_key,
            "token": token,
            "credentials": credentials,
            "signs_path": signs_path,
            "token_header": token_header,
        }

    def covers(self, url: str) -> bool:
        """True if a request to this URL would be signed: if it has the scheme, host and port of the function's URL."""
        return url.startswith(self._prefix) or find_origin(url) == self._origin

    def headers(self, method: str, url: str, body: bytes = b"", content_type: str = "") -> "dict[str, str]":
        """Make the headers of one request: Content-Type, Authorization and those of CAM; send all of them as they are.

        ::

            signer = UrlSigner(url)
            request = urllib.request.Request(url, data=body, headers=signer.headers("POST", url, body))

        :param method: in upper case
        :param url: the whole URL
        :param body: all bytes of the body
        :param content_type: default: ``application/octet-stream``, and ``application/json`` where there is no body
        :returns: no headers for a URL that is not covered
        :raises CredentialError: if there are no keys, or no UIN
        :raises ValueError: for a path in place of a URL
        :raises TypeError: for a text in place of the body's bytes
        """
        if not self.covers(url):
            if find_origin(url) is None:
                words = "url {!r} is no whole URL: give the function's URL with the path behind it"
                raise ValueError(words.format(_hide_user(url)))
            return {}
        credentials = self._provider.peek() or self._provider.get(False)
        return self._sign(credentials, method, url, hash_body(body), content_type or choose_type(body))

    def _sign(
        self,
        credentials: "Credentials",
        method: str,
        url: str,
        payload_hash: bytes,
        content_type: str,
        host: "str | None" = None,
    ) -> "dict[str, str]":
        """Make the headers.

        :param host: the Host header, if the program sets it to another one than the URL's
        """
        uin = self._uin or find_uin()
        now = int(CLOCK.wall())
        path, query = find_target(url) if self._signs_path else ("/", "")
        request = (method, path, query, content_type, host or self._origin[1], uin)
        signed = {
            "Content-Type": content_type,
            UIN_HEADER: uin,
            TIMESTAMP_HEADER: str(now),
            AUTHORIZATION: self._signer.sign(credentials, now, request, payload_hash),
        }
        if credentials.token:
            signed[self._token_header] = credentials.token
        return signed

    def _strip(self, headers: "MutableMapping[str, str]") -> None:
        """Take a signature off a request's headers."""
        names = (AUTHORIZATION, UIN_HEADER, TIMESTAMP_HEADER, self._token_header)
        for name in names:
            headers.pop(name, None)

    def __repr__(self) -> str:
        return "<{} {}>".format(type(self).__name__, self._prefix)

    def __reduce__(self) -> "tuple[object, ...]":
        # As a client's: explicit secrets are pickled, because the caller gave them; others are read in the new process.
        return rebuild_signer, (type(self), self._prefix, self._options)


def _hide_user(url: object) -> object:
    """Return a URL for a message: one that has a user may have a password."""
    scheme, separator, rest = str(url).partition("://")
    return "{}://***@{}".format(scheme, rest.rpartition("@")[2]) if separator and "@" in rest else url


def rebuild_signer(cls: "type[UrlSigner]", url: str, options: "Options") -> UrlSigner:
    """Make a signer again, for pickle and copy."""
    return cls(url, **options)


def hash_body(body: bytes) -> bytes:
    """Return the SHA-256 of a body in lower-case hex.

    :raises TypeError: for a text
    """
    try:
        return hexlify(sha256(body).digest())
    except TypeError:
        words = "body must be bytes, not {}: encode it first, and send the same bytes"
        raise TypeError(words.format(type(body).__name__)) from None


def choose_type(body: bytes) -> str:
    """Choose the Content-Type of a body for which the program gives none."""
    return TYPE_OF_BYTES if body else TYPE_OF_NOTHING


def find_uin() -> str:
    """Read the account's UIN from the environment.

    :raises CredentialError: if it is not there, or is none
    """
    uin = config.ambient_uin()
    if not uin:
        words = (
            "no UIN: a CAM signature names the account. Give uin=, or set {}, as scf local env does; the console has "
            "it under Account Info"
        )
        raise make_failure(words.format(config.UIN))
    try:
        return _check_uin(config.UIN, uin)
    except ValueError as error:
        raise make_failure(str(error)) from None


def _check_uin(name: str, uin: str) -> str:
    if not (0 < len(uin) <= 20 and all("0" <= character <= "9" for character in uin)):
        raise ValueError("{} {!r} is no UIN, which has digits alone, such as 100000000001".format(name, uin))
    return uin
