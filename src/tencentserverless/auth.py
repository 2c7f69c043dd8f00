"""Sign requests to function URLs whose AuthType is CAM, in the HTTP library that your program uses.

::

    import requests
    from tencentserverless.auth import RequestsAuth
    from tencentserverless.scf import Client

    url = Client().url("orders")
    print(requests.get(url + "/today", auth=RequestsAuth(url)).text)

``RequestsAuth`` is for requests, ``HttpxAuth`` and ``Httpx2Auth`` are for httpx and httpx2, with threads and with
asyncio, ``AiohttpMiddleware`` is for aiohttp, and ``UrlSigner`` gives the headers to any other library. A library is
imported when its class is first used.

A signature covers the body, so a body is read and hashed before it is sent. Answers stream.
"""

from binascii import hexlify
from hashlib import sha256

from tencentserverless._base.url_signer import (
    REFUSALS,
    TYPE_OF_BYTES,
    TYPE_OF_NOTHING,
    UrlSigner,
    choose_type,
    hash_body,
    rebuild_signer,
)
from tencentserverless._core import cam_signing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, MutableMapping, Protocol

    import httpx
    import httpx2
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from requests import PreparedRequest, Response
    from typing_extensions import Self

    from tencentserverless.models import Credentials

    _OfHttpx = httpx.Auth
    _OfHttpx2 = httpx2.Auth

    class FlowRequest(Protocol):
        """A request of httpx or httpx2."""

        content: bytes
        headers: MutableMapping[str, str]
        method: str
        stream: object
        url: object

    class FlowResponse(Protocol):
        """A response of httpx or httpx2."""

        request: FlowRequest
        status_code: int
else:
    _OfHttpx = _OfHttpx2 = object

__all__ = ["AiohttpMiddleware", "Httpx2Auth", "HttpxAuth", "RequestsAuth", "UrlSigner"]

_CHUNK_BYTES = 1 << 18
_MAX_REDIRECTS = 20  # as httpx has it


class RequestsAuth(UrlSigner):
    """The ``auth=`` of requests: ``requests.post(url, json=order, auth=RequestsAuth(url))``.

    A body is bytes, a text, a form, or a binary file that can seek, which is hashed and then sent in pieces. A
    generator cannot be hashed before it is sent: it is refused by a ``ValueError``, and nothing is sent.
    """

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Sign a request; requests calls this before it sends one.

        :raises TypeError: if another library calls it
        """
        if not isinstance(request.url or "", str):
            raise TypeError("RequestsAuth is for requests; httpx takes HttpxAuth, and httpx2 takes Httpx2Auth")
        if self.covers(request.url or ""):
            position = _tell(request.body)
            self._sign_prepared(request)
            hook = _RequestsRedirects(self, request, position)
            request.register_hook("response", hook)  # type: ignore[no-untyped-call]
        return request

    def _sign_prepared(self, request: "PreparedRequest") -> None:
        if isinstance(request.body, str):
            request.body = request.body.encode("utf-8")  # as it is sent; requests then sets Content-Length anew
        payload_hash = _hash_prepared(request.body)
        content_type = request.headers.get("Content-Type") or (TYPE_OF_BYTES if request.body else TYPE_OF_NOTHING)
        credentials = self._provider.peek() or self._provider.get(False)
        method, url, host = request.method or "GET", request.url or "", request.headers.get("Host")
        request.headers.update(
            self._sign(credentials, method, url, payload_hash, _read_text(content_type), host and _read_text(host))
        )


class _RequestsRedirects:
    """The hook that keeps a signature with its URL: requests copies all headers to the request of a redirect.

    :param signed: the request that was signed
    :param position: of its body, if that is a file
    """

    def __init__(self, auth: RequestsAuth, signed: "PreparedRequest", position: "int | None") -> None:
        self._auth = auth
        self._signed = signed
        self._position = position

    def __call__(self, response: "Response", **options: "Any") -> "Response | None":
        """Take the signature off before a redirect to elsewhere; sign anew what the URL itself has redirected."""
        request, auth = response.request, self._auth
        if response.is_redirect:
            from urllib.parse import urljoin

            if not auth.covers(urljoin(request.url or "", response.headers["location"])):
                auth._strip(request.headers)
            return None
        is_copy = request is not self._signed
        if not is_copy or response.status_code not in REFUSALS or not auth.covers(request.url or ""):
            return None
        response.content  # noqa: B018  # the connection is free once all is read
        response.close()
        again = request.copy()
        if self._position is not None and again.body is not None:
            again.body.seek(self._position)  # type: ignore[union-attr]
        auth._sign_prepared(again)
        auth._strip(request.headers)  # for the next redirect: requests copies this request, not the one that is sent
        answer: "Response" = response.connection.send(again, **options)  # as requests' own HTTPDigestAuth does it
        answer.history.append(response)
        answer.request = again
        return answer

    def __reduce__(self) -> "tuple[object, ...]":
        return _make_idle_hook, ()  # a pickled response has no keys


def _make_idle_hook() -> "Callable[..., None]":
    return _ignore


def _ignore(response: "Response", **_: object) -> None:
    """Do nothing with a response."""


class _FlowAuth(UrlSigner):
    """The part that is the same for httpx and httpx2, whose requests are alike."""

    _library = ""

    def __new__(cls, *_: object, **__: object) -> "Self":
        """Make an object of a class that is also the library's ``Auth``, which the library asks for."""
        made: "Self" = object.__new__(_join(cls))
        return made

    def sync_auth_flow(self, request: "Any") -> "Generator[Any, Any, None]":
        """Sign a request, and that of a redirect within the URL; a client of the library calls this."""
        for _ in range(_MAX_REDIRECTS):
            if self.covers(str(request.url)):
                request.read()
                self._sign_request(request, self._provider.peek() or self._provider.get(False))
            response = yield request
            if not self._is_refused_redirect(request, response):
                return
            request = response.request

    async def async_auth_flow(self, request: "Any") -> "AsyncGenerator[Any, Any]":
        """The same for an asynchronous client. Keys that may block are read in a thread."""
        for _ in range(_MAX_REDIRECTS):
            if self.covers(str(request.url)):
                await request.aread()
                self._sign_request(request, self._provider.peek() or await _find_keys(self))
            response = yield request
            if not self._is_refused_redirect(request, response):
                return
            request = response.request

    def _sign_request(self, request: "FlowRequest", credentials: "Credentials") -> None:
        headers, body = request.headers, request.content
        content_type = headers.get("Content-Type") or choose_type(body)
        url, host = str(request.url), headers.get("Host")
        headers.update(self._sign(credentials, request.method, url, hash_body(body), content_type, host))
        request.stream = self._make_stream(body, lambda: self._strip(headers))

    def _is_refused_redirect(self, request: "FlowRequest", response: "FlowResponse") -> bool:
        """True if the URL has redirected within itself, and refused the new request, which is not signed."""
        is_other = response.request is not request
        return is_other and response.status_code in REFUSALS and self.covers(str(response.request.url))

    def _make_stream(self, body: bytes, forget: "Callable[[], None]") -> object:
        raise NotImplementedError

    def __reduce__(self) -> "tuple[object, ...]":
        return rebuild_signer, (type(self).__mro__[1], self._prefix, self._options)


class HttpxAuth(_FlowAuth, _OfHttpx):
    """The ``auth=`` of httpx: ``httpx.Client(auth=HttpxAuth(url))``, and the same for an ``AsyncClient``.

    A body is read whole before it is sent, also that of a generator. A request has its signature only while it is sent:
    httpx copies all headers to the request of a redirect. A redirect within the URL is signed anew.
    """

    _library = "httpx"


class Httpx2Auth(_FlowAuth, _OfHttpx2):
    """The ``auth=`` of httpx2: what ``HttpxAuth`` is for httpx."""

    _library = "httpx2"


_joined: "dict[type[_FlowAuth], type[Any]]" = {}


def _join(cls: "type[_FlowAuth]") -> "type[Any]":
    """Make the subclass of a class that is also the ``Auth`` of its library; import the library."""
    found = _joined.get(cls)
    if found is None:
        from importlib import import_module

        library: "Any" = import_module(cls._library)

        class SentStream(library.ByteStream):  # type: ignore[misc]
            """A body that says when it is sent: the headers have gone out before."""

            def __init__(self, body: bytes, forget: "Callable[[], None]") -> None:
                super().__init__(body)
                self._forget = forget

            def __iter__(self) -> "Iterator[bytes]":
                self._forget()
                return super().__iter__()  # type: ignore[no-any-return]

            def __aiter__(self) -> "AsyncIterator[bytes]":
                self._forget()
                return super().__aiter__()  # type: ignore[no-any-return]

        names = {"__module__": cls.__module__, "__doc__": cls.__doc__, "_make_stream": staticmethod(SentStream)}
        found = _joined[cls] = type(cls.__name__, (cls, library.Auth), names)
    return found


class AiohttpMiddleware(UrlSigner):
    """A client middleware of aiohttp 3.12 and later: ``aiohttp.ClientSession(middlewares=[AiohttpMiddleware(url)])``.

    A body is read whole before it is sent, also that of an asynchronous generator. ``compress=`` is refused by a
    ``ValueError``, because it changes the body after it was hashed.
    """

    async def __call__(self, request: "ClientRequest", handler: "ClientHandlerType") -> "ClientResponse":
        """Sign a request and send it; aiohttp calls this, also for each request of a redirect."""
        url = str(request.url)
        if self.covers(url):
            if getattr(request, "compress", None):
                raise ValueError(
                    "a body that aiohttp compresses can't be signed, because its hash is taken before; compress it "
                    "yourself and set Content-Encoding, in place of compress="
                )
            body = request.body
            data = body if isinstance(body, (bytes, bytearray)) else await body.as_bytes()
            content_type = request.headers.get("Content-Type") or choose_type(data)
            credentials = self._provider.peek() or await _find_keys(self)
            host = request.headers.get("Host")
            signed = self._sign(credentials, request.method, url, hash_body(data), content_type, host)
            request.headers.update(signed)
        return await handler(request)


async def _find_keys(signer: UrlSigner) -> "Credentials":
    """Ask for keys in a thread, if this runs in asyncio's loop; another loop waits for them."""
    import asyncio

    from tencentserverless._aio.key_search import KeySearches

    try:
        getattr(asyncio, "get_running_loop", asyncio.get_event_loop)()
    except RuntimeError:  # trio
        return signer._provider.get(False)
    return await KeySearches().search(signer._provider, False)


def _read_text(value: "str | bytes") -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _tell(body: object) -> "int | None":
    """Return the position of a file, None for what has none."""
    tell = getattr(body, "tell", None)
    if tell is None:
        return None
    try:
        return int(tell())
    except (OSError, ValueError):
        return None


def _hash_prepared(body: object) -> bytes:
    """Hash a body of requests. A file is read to its end, and set back.

    :raises ValueError: if it can be read once only
    """
    if body is None:
        return cam_signing.EMPTY_HASH
    if isinstance(body, (bytes, bytearray, memoryview)):
        return hexlify(sha256(body).digest())
    position, read, seek = _tell(body), getattr(body, "read", None), getattr(body, "seek", None)
    chunk: object = b""
    if position is not None and read is not None and seek is not None:
        state = sha256()
        while True:
            chunk = read(_CHUNK_BYTES)
            if not chunk or not isinstance(chunk, bytes):
                break
            state.update(chunk)
        seek(position)
        if isinstance(chunk, bytes):
            return hexlify(state.digest())
    kind = "text file" if isinstance(chunk, str) else type(body).__name__
    raise ValueError(
        "a {} can't be signed: a signature covers the body, so it is hashed before it is sent. Give bytes, or a file "
        "that is open in binary mode and can seek".format(kind)
    )
