"""Admits those who may use the dashboard: a browser that a link has signed in, on one of this server's own pages.

A session is a signed text in a cookie: no session is kept here, so that a browser stays signed in when the server is
started again. Its key comes from the owner's key: with new keys, every session ends.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets

from tencentserverless.local.dashboard.sources import Facts, Refusal
from tencentserverless.local.http.messages import OWN_COOKIE, Request
from tencentserverless.local.settings import LOOPBACK_HOSTS, Settings

SESSION_SECONDS = 7 * 24 * 3600  # ours
COOKIE_PATH = "/_local"
CSRF_HEADER = b"x-scf-csrf"
HOW_TO_SIGN_IN = "run: scf local open"
_SAFE = ("GET", "HEAD")
_MAX_COOKIE_BYTES = 512
_OWN_SITES = (b"", b"same-origin", b"none")


class SignIn:
    """Judges the requests for the dashboard."""

    def __init__(self, facts: Facts, settings: Settings) -> None:
        self._facts = facts
        self._settings = settings
        self._hosts = LOOPBACK_HOSTS | {settings.host.lower()}
        # Cookies know no port: with it in the name, two servers of this machine do not sign each other out.
        prefix = "__Secure-" if facts.is_tls else ""  # __Host- would demand the path /
        self.cookie_name: str = f"{prefix}{OWN_COOKIE.decode('ascii')}{facts.port}"

    def check_place(self, request: Request) -> None:
        """Check that a request comes to this server by a name of its own.

        :raises Refusal: if its Host is another's, or the dashboard is not served there
        """
        if not (self._settings.is_loopback or self._facts.is_tls):
            problem = "the dashboard is served to other machines with TLS alone; start the server with --tls"
            raise Refusal(403, "tls", problem)
        host = request.header(b"host").decode("latin-1").lower()
        name = (host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host).strip("[]")
        if name not in self._hosts and (self._settings.is_loopback or not _is_address(name)):
            raise Refusal(
                403, "host", f"the Host {host[:64]!r} is not one of this server; use {self._facts.endpoint_url}"
            )

    def check_session(self, request: Request, now: float) -> str:
        """Return the session of a request.

        :raises Refusal: if it has none that counts
        """
        session = _cookie(request, self.cookie_name)
        if not session or not self._is_valid(session, now):
            raise Refusal(403, "not_signed_in", f"this browser is not signed in; {HOW_TO_SIGN_IN}")
        return session

    def check_page(self, request: Request, session: str) -> None:
        """Check that a request comes from a page of the dashboard.

        :raises Refusal: if another page has sent it
        """
        if request.header(b"sec-fetch-site") not in _OWN_SITES:
            raise Refusal(403, "origin", "this is for pages of the dashboard alone; another page has asked")
        if request.method in _SAFE:
            return
        if request.header(b"origin").decode("latin-1") != self.origin(request):
            raise Refusal(403, "origin", "the Origin must be that of the dashboard: open it anew")
        if not hmac.compare_digest(request.header(CSRF_HEADER), self.csrf_token(session).encode("ascii")):
            raise Refusal(403, "csrf", "the header X-Scf-Csrf must be the csrf_token of /_local/api/session")

    def origin(self, request: Request) -> str:
        """Return the origin of the dashboard, as the browser of a request sees it."""
        return f"{'https' if self._facts.is_tls else 'http'}://{request.header(b'host').decode('latin-1')}"

    def new_cookie(self, now: float) -> str:
        """Return the value of ``Set-Cookie`` that signs a browser in."""
        text = f"{int(now)}.{secrets.token_urlsafe(18)}"
        return self._set_cookie(f"{text}.{self._signature('session', text)}")

    def no_cookie(self) -> str:
        """Return the value of ``Set-Cookie`` that signs a browser out."""
        return f"{self._set_cookie('')}; Max-Age=0"

    def csrf_token(self, session: str) -> str:
        """Return the token that changing requests of a session carry."""
        return self._signature("csrf", session)

    def _set_cookie(self, value: str) -> str:
        secure = "; Secure" if self._facts.is_tls else ""
        return f"{self.cookie_name}={value}; Path={COOKIE_PATH}; HttpOnly; SameSite=Strict{secure}"

    def _is_valid(self, session: str, now: float) -> bool:
        text, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode("latin-1"), self._signature("session", text).encode("ascii")):
            return False
        made_at = int(text.partition(".")[0])  # signed by this server, so it is a number
        return now - SESSION_SECONDS < made_at <= now + SESSION_SECONDS

    def _signature(self, purpose: str, text: str) -> str:
        message = f"{purpose} {self._facts.port} {text}".encode("latin-1")
        digest = hmac.new(self._facts.secret, message, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")

    def __repr__(self) -> str:
        return f"<SignIn {self.cookie_name}>"


def _cookie(request: Request, name: str) -> str:
    for header, value in request.headers:
        if header != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            key, _, text = pair.strip().partition("=")
            if key == name and len(text) <= _MAX_COOKIE_BYTES:
                return text
    return ""


def _is_address(name: str) -> bool:
    """True for an IP address, which no name server can lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
