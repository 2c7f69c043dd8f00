"""The local SCF's own endpoint, below ``/_local/``: calls, faults, the ledger, status, logs, links, letters and stop.

The endpoint is for programs of this machine that hold the admin token. It refuses web pages: a page whose own host name
resolves to this machine (DNS rebinding) is refused by its Host header, and any page by its Origin header.
"""

import asyncio
import hmac
import json
import os
import signal
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from tencentserverless.local.access_keys import OneUseKeys
from tencentserverless.local.api.direct_call import call_directly
from tencentserverless.local.http.messages import Answer, Broken, Fault, Request
from tencentserverless.local.invocations.fault_rules import MAX_BYTES, BadRules, RuleSet, parse
from tencentserverless.local.registry.function_version import WEB
from tencentserverless.local.services import Services
from tencentserverless.local.settings import LOOPBACK_HOSTS

PREFIX = "/_local/"
CALLS = f"{PREFIX}invoke/"
_AWAITED = (f"POST {CALLS}NAME", f"GET {PREFIX}dead-letters")
_MAX_FOUND = 10_000  # ledger entries in one answer
_MAX_DIGITS = 15
_HURRY_SECONDS = 0.05
_SEARCHED = ("request_id", "payload", "function")


class _Refused(Exception):
    """Refuses a request: an HTTP status and the reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Admin:
    """Answers requests below ``/_local/``.

    :param token: the admin token, which a request must carry
    :param host: the address that the server listens on
    :param links: the keys of links to the dashboard
    :param link_url: the start of each link, ``""`` where the dashboard is not served
    """

    def __init__(self, services: Services, token: str, host: str, links: OneUseKeys, link_url: str) -> None:
        self._services = services
        self._links = links
        self._link_url = link_url
        self._token = token.encode("ascii")
        self._hosts = LOOPBACK_HOSTS | {host.lower()}
        self._handlers: dict[tuple[str, str], Callable[[dict[str, str], bytes], object]] = {
            ("GET", "faults"): self._show_faults,
            ("PUT", "faults"): self._set_faults,
            ("DELETE", "faults"): self._drop_faults,
            ("GET", "ledger"): self._show_ledger,
            ("PUT", "ledger"): self._switch_ledger,
            ("DELETE", "ledger"): self._reset_ledger,
            ("GET", "status"): self._show_status,
            ("GET", "logs"): self._show_logs,
            ("POST", "links"): self._make_link,
            ("PUT", "links"): self._look_at_link,
            ("POST", "stop"): self._stop,
        }

    def body_limit_bytes(self, request: Request) -> int:
        """The bytes that the body of a request may have."""
        is_call = request.path.startswith(CALLS)
        return self._services.settings.limits.event_bytes if is_call else MAX_BYTES

    async def answer(self, request: Request, request_id: str) -> Answer:
        """The answer to a request, in JSON.

        :param request_id: of a function's call, if it is one
        """
        try:
            self._check(request)
            fields = parse_qs(request.query.decode("ascii", "replace"), max_num_fields=16)
            query = {key: values[-1] for key, values in fields.items()}
            if request.method == "POST" and request.path.startswith(CALLS):
                name = unquote(request.path.removeprefix(CALLS))
                return await call_directly(name, query, request.body, request_id, self._services)
            if (request.method, request.path) == ("GET", f"{PREFIX}dead-letters"):
                return Answer(200, json.dumps(await self._read_dead_letters(query)).encode("utf-8"))
            found = self._handler(request.method, request.path)(query, request.body)
            return Answer(200, json.dumps(found).encode("utf-8"))
        except _Refused as refusal:
            return _refusal(refusal.status, str(refusal))
        except ValueError as error:
            return _refusal(400, str(error)[:200])

    def refuse(self, broken: Broken) -> Answer:
        """The answer to a request that is broken behind its head."""
        if broken.fault is Fault.BODY_TOO_LARGE:
            return _refusal(413, f"the body is over {broken.limit_bytes} bytes")
        return _refusal(400, broken.fault.value)

    def _check(self, request: Request) -> None:
        """Refuse requests without the token, and those of web pages."""
        host = request.header(b"host").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name.strip("[]") not in self._hosts and name not in self._hosts:
            raise _Refused(403, "the Host is not one of this machine")
        if any(each == b"origin" for each, _ in request.headers):
            raise _Refused(403, "this is not for web pages")
        scheme, _, given = request.header(b"authorization").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise _Refused(401, "the header Authorization must be: Bearer, and the admin token of this server")

    def _handler(self, method: str, path: str) -> "Callable[[dict[str, str], bytes], object]":
        handler = self._handlers.get((method, path.removeprefix(PREFIX)))
        if handler is None:
            known = ", ".join(sorted((*(f"{each} {PREFIX}{name}" for each, name in self._handlers), *_AWAITED)))
            raise _Refused(404, f"there is no {method} {path[:64]}; there are: {known}")
        return handler

    def _show_faults(self, query: dict[str, str], body: bytes) -> object:
        return {"rules": self._services.faults.report()}

    def _set_faults(self, query: dict[str, str], body: bytes) -> object:
        try:
            rule_set: RuleSet = parse(body)
        except BadRules as error:
            raise _Refused(400, f"the rules can't be read, none counts: {error}") from None
        self._services.faults.set(rule_set.rules)
        return self._show_faults(query, body)

    def _drop_faults(self, query: dict[str, str], body: bytes) -> object:
        self._services.faults.set([])
        return {"rules": []}

    def _show_ledger(self, query: dict[str, str], body: bytes) -> object:
        unknown = sorted(set(query) - set(_SEARCHED))
        if unknown:
            raise _Refused(400, f"{unknown[0][:64]!r} is no search; there are: {', '.join(_SEARCHED)}")
        ledger = self._services.ledger
        found = list(ledger.search(**query))
        entries = [msgspec.to_builtins(entry) for entry in found[-_MAX_FOUND:]]
        return {"is_on": ledger.is_on, "count": len(found), "entries": entries}

    def _switch_ledger(self, query: dict[str, str], body: bytes) -> object:
        try:
            self._services.ledger.is_on = msgspec.json.decode(body, type=dict[str, bool])["is_on"]
        except (msgspec.MsgspecError, KeyError):
            raise _Refused(400, 'the body must be {"is_on": true} or {"is_on": false}') from None
        return {"is_on": self._services.ledger.is_on}

    def _reset_ledger(self, query: dict[str, str], body: bytes) -> object:
        self._services.ledger.reset()
        return {"is_on": self._services.ledger.is_on, "count": 0}

    def read_status(self) -> dict[str, Any]:
        """Return the functions, their URLs, and the instances and calls of this moment."""
        found = list(self._services.catalogue)
        functions = [str(function.key) for function in found]
        urls = self._services.urls.listed(found)
        web = [str(function.key) for function in found if function.latest.type == WEB]
        counts = self._services.scheduler.counts()
        return {"pid": os.getpid(), "functions": functions, "web_functions": web, "urls": urls, **counts}

    def make_link(self) -> str:
        """Return a new link to the dashboard, which signs one browser in; ``""`` where that is not served."""
        return self._link_url + self._links.make() if self._link_url else ""

    def _make_link(self, query: dict[str, str], body: bytes) -> object:
        link = self.make_link()
        if not link:
            raise _Refused(403, "the dashboard is served to other machines with TLS alone; start the server with --tls")
        return {"url": link, "seconds": self._links.lifetime_seconds}

    def _look_at_link(self, query: dict[str, str], body: bytes) -> object:
        """Tell whether a link was used. The link comes in a body: addresses are written down here and there."""
        try:
            link = msgspec.json.decode(body, type=dict[str, str])["url"]
        except (msgspec.MsgspecError, KeyError):
            raise _Refused(400, 'the body must be {"url": "a link"}') from None
        return {"is_used": not self._links.waits(link.removeprefix(self._link_url))}

    def _show_status(self, query: dict[str, str], body: bytes) -> object:
        return self.read_status()

    def _show_logs(self, query: dict[str, str], body: bytes) -> object:
        lines, count = self._services.console.kept(_read_number("after", query.get("after", "0")))
        return {"lines": lines, "count": count, "written": self._services.console.written}

    async def _read_dead_letters(self, query: dict[str, str]) -> object:
        count = _read_number("count", query.get("count", str(_MAX_FOUND)))
        read = self._services.dead_letters.read_last
        return {"letters": await asyncio.to_thread(read, query.get("function"), min(count, _MAX_FOUND))}

    def _stop(self, query: dict[str, str], body: bytes) -> object:
        """Stop the server as a signal does.

        The caller needs no process id: inside a container the id is another number.
        """
        os.kill(os.getpid(), signal.SIGTERM)
        if query.get("now") == "1":  # a second signal ends calls that still run, without the drain time
            asyncio.get_running_loop().call_later(_HURRY_SECONDS, os.kill, os.getpid(), signal.SIGTERM)
        return {"pid": os.getpid()}


def _read_number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        raise _Refused(400, f"{name} must be a number, not {text[:64]!r}")
    return int(text)


def _refusal(status: int, words: str) -> Answer:
    return Answer(status, json.dumps({"error": words}).encode("utf-8"))
