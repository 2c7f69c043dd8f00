"""The URL of a function of a test's local SCF, with a client that reaches it, of the standard library alone."""

import http.client
import json
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tencentserverless.auth import UrlSigner
from tencentserverless.models import FunctionUrl

_CAM = "CAM"
_JSON = "application/json"
_SAFE = "/%?#[]@!$&'()*+,;=:~"  # what a path and a query keep; a blank and letters outside ASCII are encoded
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class UrlAnswer:
    """The answer of a URL, whatever its status. Redirects are not followed.

    :ivar headers: by lower-case name; those of one name are joined by a comma
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text in UTF-8."""
        return self.body.decode("utf-8")

    def json(self) -> Any:
        """Decode the body.

        :raises ValueError: if it is no JSON
        """
        return json.loads(self.body)


class LocalUrl(FunctionUrl):
    """A text, the URL, for any HTTP library; and methods that send a request there, signed if its AuthType is CAM."""

    __slots__ = ("_signer",)

    _signer: UrlSigner

    def __new__(cls, url: FunctionUrl, signer: UrlSigner) -> "LocalUrl":
        """Make it of a URL that was found."""
        self = super().__new__(cls, url, url.function_name, url.qualifier, url.auth_type)
        assert isinstance(self, LocalUrl)
        self._signer = signer
        return self

    def get(self, path: str = "/", **options: Any) -> UrlAnswer:
        """Send a GET request. The parameters are those of ``request``."""
        return self.request("GET", path, **options)

    def post(self, path: str = "/", **options: Any) -> UrlAnswer:
        """Send a POST request. The parameters are those of ``request``."""
        return self.request("POST", path, **options)

    def request(
        self,
        method: str,
        path: str = "/",
        *,
        data: bytes | str | None = None,
        json: Any = _NOTHING,
        headers: Mapping[str, str] | None = None,
        signed: bool | None = None,
        timeout_seconds: float = 60.0,
    ) -> UrlAnswer:
        """Send a request and wait for its answer.

        :param path: from a slash on, with its query
        :param data: the body; a text is sent in UTF-8
        :param json: a value that is sent as JSON, in place of data
        :param signed: by default, if the URL's AuthType is CAM
        :param timeout_seconds: until each part of the answer
        :raises OSError: if there is no answer
        """
        if not path.startswith("/"):
            raise ValueError(f"path must begin with a slash: /{path}")
        if json is not _NOTHING and data is not None:
            raise TypeError("give data= or json=, not both")
        given = dict(headers or {})
        body = data.encode() if isinstance(data, str) else data
        if json is not _NOTHING:
            body = _encode(json)
            if not _has_type(given):
                given["Content-Type"] = _JSON
        method, url = method.upper(), self + urllib.parse.quote(path, safe=_SAFE).partition("#")[0]
        if signed or (signed is None and self.auth_type == _CAM):
            content_type = next((given.pop(name) for name in list(given) if name.lower() == "content-type"), "")
            given |= self._signer.headers(method, url, body or b"", content_type)
        return _send(method, url, body, given, timeout_seconds)

    def __reduce__(self) -> tuple[object, ...]:
        return LocalUrl, (FunctionUrl(str(self), *self._facts), self._signer)


class ServerUrl(str):
    """The URL of the server, a text for a client's ``endpoint=``; a call finds the URL of a function."""

    __slots__ = ("_find",)

    _find: Callable[[str, str | None], LocalUrl]

    def __new__(cls, url: str, find: Callable[[str, str | None], LocalUrl]) -> "ServerUrl":
        """Make it.

        :param find: finds the URL of a function, by its name and a version or alias
        """
        self = super().__new__(cls, url)
        self._find = find
        return self

    def __call__(self, function_name: str, *, qualifier: str | None = None) -> LocalUrl:
        """Find the URL of a function. One that has none gets one for this test: AuthType NONE, for everybody.

        :param qualifier: version or alias; default: $DEFAULT, else $LATEST, else the only one that has a URL
        :raises ResourceNotFound: if there is no such function, or its URL is switched off
        :raises LocalError: if it has no such version or alias
        """
        return self._find(function_name, qualifier)

    def __reduce__(self) -> tuple[object, ...]:
        return str, (str(self),)


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _has_type(headers: Mapping[str, str]) -> bool:
    return any(name.lower() == "content-type" for name in headers)


def _send(method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_seconds: float) -> UrlAnswer:
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_seconds)
    try:
        connection.request(method, urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")), body, dict(headers))
        answer = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in answer.getheaders():
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return UrlAnswer(answer.status, found, answer.read())
    finally:
        connection.close()
