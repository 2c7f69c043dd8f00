"""A request to a function's URL, as the entrance has found it when it judged its head."""

from dataclasses import dataclass
from typing import NamedTuple

from tencentserverless.local.http.forwarding import request_start
from tencentserverless.local.http.messages import Request
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.url_triggers import UrlTrigger


@dataclass(slots=True)
class Found:
    """A request that is let in.

    :param key: the function
    :param qualifier: the version or alias that the URL belongs to
    :param record: the version of it; that of an alias with weights is the main one, and each call chooses anew
    :param url: path and query as the function sees them: without the prefix of the path form, and rewritten where a
        custom domain says so
    :param lines: header lines that the URL itself adds to the answer, such as Access-Control-Allow-Origin
    :param is_preflight: the URL answers by itself, by its CorsConfig
    :param is_lasting: true if the same head leads there until a function changes
    :param nested: a function of this server made the request, as its signature shows
    """

    key: FunctionKey
    qualifier: str
    trigger: UrlTrigger
    record: FunctionRecord
    url: str
    request_id: str
    client_host: str = ""
    lines: bytes = b""
    is_preflight: bool = False
    is_lasting: bool = False
    nested: bool = False


class Passed(NamedTuple):
    """A request as it is passed on to an app. All requests with the same head share it.

    :param url: as that of ``Found``
    :param start: its head, as ``request_start`` makes it
    :param lines: as those of ``Found``
    :param event: what stands for it in the ledger
    :param is_chunked: true if its body goes on in chunks
    """

    request: Request
    url: str
    start: bytes
    lines: bytes
    event: bytes
    is_chunked: bool

    def __repr__(self) -> str:
        return f"<Passed {self.request.method} {self.url}>"  # the head may hold secrets of the caller


def pass_on(found: Found, request: Request) -> Passed:
    """Make the head with which a request goes to an app."""
    url = found.url.encode("latin-1")
    start = request_start(request, url, b"X-Scf-Remote-Addr: %s\r\n" % found.client_host.encode("ascii"))
    event = b"%s %s" % (request.method.encode("ascii"), url)
    is_chunked = bool(request.header(b"transfer-encoding"))
    return Passed(request, found.url, start, found.lines, event, is_chunked)
