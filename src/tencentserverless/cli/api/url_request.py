"""A request to the URL of a function, signed where the URL asks for that, and its answer, printed as it comes."""

import dataclasses
import http.client
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from tencentserverless import __version__
from tencentserverless.auth import UrlSigner
from tencentserverless.cli.api.actions import Api, is_missing
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure, no_local_server
from tencentserverless.config import ambient_uin, is_loopback
from tencentserverless.exception import ResourceNotFound
from tencentserverless.models import FunctionUrl

_CAM = "CAM"
_BAD = 400
_PLATFORM_REASON = "status code "
_METHOD = re.compile(r"[A-Za-z-]{1,32}\Z")
_MAX_SECONDS = 604_800  # as of the timeout of a client: the system's waits take no longer ones
_CHUNK_BYTES = 1 << 16
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_SAFE = "/%?#[]@!$&'()*+,;=:~"  # what a path and a query keep; a blank and letters outside ASCII are encoded


@dataclasses.dataclass(frozen=True, slots=True)
class UrlRequest:
    """A request.

    :param path: with its query, from a slash on
    :param headers: by their names as they are sent
    """

    path: str
    method: str
    headers: dict[str, str]
    body: bytes | None

    def send(
        self,
        target: Target,
        name: str,
        qualifier: str | None,
        is_signed: bool | None,
        uin: str | None,
        *,
        timeout_seconds: float,
        shows_head: bool,
    ) -> None:
        """Find the URL, send the request there, and print the answer.

        :param is_signed: None: if the URL's AuthType is CAM
        :param uin: None for that of the environment; a local SCF takes any
        :raises Failure: if there is no answer, or it has a status of 400 or more
        """
        if not timeout_seconds <= _MAX_SECONDS:  # NaN compares with nothing
            words = f"timeout must be above 0 and at most {_MAX_SECONDS} seconds, not {timeout_seconds}"
            raise Failure(Exit.INPUT, words)
        url = _find_url(target, name, qualifier)
        if is_signed is None:
            is_signed = url.auth_type == _CAM
        if is_signed and uin is None and not ambient_uin() and target.is_local:
            from tencentserverless.local.settings import DEFAULT_UIN

            uin = DEFAULT_UIN
        request = self._make(url, target, uin, is_signed=is_signed)
        try:
            with _open(request, target, timeout_seconds) as answer:
                if shows_head:
                    printing.answer_stream([_show_head(answer)])
                printing.answer_stream(_read(answer))
        except (OSError, http.client.HTTPException) as error:
            raise _no_answer(error, url, target) from error
        if answer.status >= _BAD:
            raise Failure(Exit.FUNCTION, *_describe(answer))

    def _make(self, url: FunctionUrl, target: Target, uin: str | None, *, is_signed: bool) -> urllib.request.Request:
        whole = url + urllib.parse.quote(self.path, safe=_SAFE, errors="surrogateescape").partition("#")[0]
        headers = {"User-Agent": f"scf/{__version__}", "Accept": "*/*", **self.headers}
        kind = _find(headers, "content-type") or (None if self.body is None else _guess_type(self.body))
        if kind is not None and _find(headers, "content-type") is None:
            headers["Content-Type"] = kind
        if is_signed:
            keys = target.credentials()
            try:
                signer = UrlSigner(url, uin=uin, secret_id=keys.secret_id, secret_key=keys.secret_key, token=keys.token)
            except ValueError as error:
                raise click.UsageError(str(error)) from error
            signed = signer.headers(self.method, whole, self.body or b"", kind or "")
            headers = {name: value for name, value in headers.items() if name.lower() != "content-type"} | signed
        return urllib.request.Request(whole, self.body, headers, method=self.method)  # noqa: S310  # http, or https


def read_method(text: str | None, body: bytes | None) -> str:
    """The method that ``-X`` gives, in upper case; without one, what the body says.

    :raises click.UsageError: for what is none
    """
    if not text:
        return "GET" if body is None else "POST"
    if not _METHOD.match(text):
        raise click.UsageError(f"-X {text!r} is no method; write letters alone, such as PUT")
    return text.upper()


def read_body(data: str | None) -> bytes | None:
    """The body that ``-d`` names; None for none.

    :raises Failure: if its file can't be read
    """
    if data is None or not data.startswith("@"):
        return None if data is None else data.encode("utf-8", "surrogateescape")
    if data == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise Failure(Exit.INPUT, f"{data[1:]}: {error.strerror}") from error


def read_headers(lines: Sequence[str]) -> dict[str, str]:
    """The headers that ``-H`` gives.

    :raises click.UsageError: for one that is none
    """
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or not name.isascii() or not name.isprintable() or " " in name:
            raise click.UsageError(f"-H {line!r} is no header; write 'Name: value'")
        if not value.isprintable() or any(ord(letter) > 255 for letter in value):
            raise click.UsageError(f"-H {name}: its value has letters that a header can't have")
        found[name] = value.strip()
    return found


def _find_url(target: Target, name: str, qualifier: str | None) -> FunctionUrl:
    """The URL of a function.

    :raises Failure: if there is no such function
    """
    with target.open_client() as client, target.reached():
        try:
            return client.url(name, qualifier=qualifier, namespace=target.namespace)
        except ResourceNotFound as error:
            if not is_missing(error):
                raise
            raise Api(target).no_function(name, str(error.code), str(error.message)) from error
        except ValueError as error:  # nothing was sent
            raise Failure(Exit.INPUT, str(error)) from error


class _AsItComes(urllib.request.HTTPErrorProcessor):
    """Takes every answer as it is: redirects and errors are answers of the function."""

    def http_response(
        self, request: urllib.request.Request, response: http.client.HTTPResponse
    ) -> http.client.HTTPResponse:
        """Return the answer."""
        return response

    https_response = http_response


def _open(request: urllib.request.Request, target: Target, timeout_seconds: float) -> http.client.HTTPResponse:
    host = urllib.parse.urlsplit(request.full_url).hostname or ""
    is_here = is_loopback(host) or host.endswith(".localhost")
    trusted = target.origin.ca_file
    folder = trusted if trusted is not None and os.path.isdir(trusted) else None
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(
            context=ssl.create_default_context(cafile=trusted if folder is None else None, capath=folder)
        ),
        _AsItComes(),
    ]
    if is_here:
        handlers.append(urllib.request.ProxyHandler({}))
    answer: http.client.HTTPResponse = urllib.request.build_opener(*handlers).open(request, timeout=timeout_seconds)
    return answer


def _read(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read1(_CHUNK_BYTES):
        yield chunk
    if answer.length:  # read1 does not tell a body that was cut
        raise http.client.IncompleteRead(b"", answer.length)


def _show_head(answer: http.client.HTTPResponse) -> bytes:
    version = "1.0" if answer.version == 10 else "1.1"
    lines = [f"HTTP/{version} {answer.status} {answer.reason}".rstrip()]
    lines += [f"{name}: {value}" for name, value in answer.getheaders()]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "surrogateescape")


def _find(headers: dict[str, str], wanted: str) -> str | None:
    return next((value for name, value in headers.items() if name.lower() == wanted), None)


def _guess_type(body: bytes) -> str:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return _FORM
    return _JSON


def _describe(answer: http.client.HTTPResponse) -> tuple[str]:
    """The words about an answer with a bad status: the platform's own have an explanation."""
    if answer.reason == _PLATFORM_REASON + str(answer.status):
        return (f"HTTP {answer.status}; run: scf explain {answer.status}",)
    return (f"HTTP {answer.status} {answer.reason}".rstrip(),)


def _no_answer(error: Exception, url: str, target: Target) -> Failure:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ConnectionRefusedError) and target.is_local:
        return no_local_server(url)
    if isinstance(cause, TimeoutError):
        return Failure(Exit.NETWORK, f"{url}: no answer in time; the function may have run")
    if isinstance(cause, http.client.IncompleteRead):
        return Failure(Exit.NETWORK, f"{url}: the answer was cut; the function may have run")
    return Failure(Exit.NETWORK, f"{url}: {cause}")
