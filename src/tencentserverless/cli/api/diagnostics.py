"""Diagnostics for ``scf doctor``: each thing that a call needs is checked, and gives a finding."""

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from tencentserverless.cli.api.actions import Api
from tencentserverless.cli.api.packages import Finding
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.output.number_format import show_ms
from tencentserverless.exception import TencentCloudSDKException

_TIMEOUT_SECONDS = 5.0
_MAX_SKEW_SECONDS = 60.0  # the client adopts a larger offset; the API refuses from 300 on (document/api/583/17239)
_SOON_SECONDS = 600.0
_PINGS = 5


def examine(target: Target) -> Iterator[Finding]:
    """Check one thing after the other. Checks that depend on a failed one are left out."""
    keys = _credentials(target)
    yield keys
    yield _endpoint(target)
    proxy = _proxy(target)
    yield proxy
    if proxy.state == "failed":
        return
    name = _name(target)
    yield name
    if name.state == "failed":
        return
    works = True
    if target.origin.proxy is None or target.origin.proxy.kind == "http":
        wire = _Wire(target)
        try:
            yield from wire.examine()
        finally:
            wire.close()
        works = wire.works
    if works and keys.state != "failed":
        yield _signature(target)


def mask(secret_id: str) -> str:
    """The first and last characters of a SecretId, enough to tell keys apart."""
    return f"{secret_id[:4]}...{secret_id[-4:]}" if len(secret_id) > 12 else f"{secret_id[:2]}..."


def _credentials(target: Target) -> Finding:
    from tencentserverless.credentials import choose_provider

    if target.keys:
        return Finding(
            "credentials",
            "ok",
            f"{mask(target.keys.secret_id)}, of the local SCF",
            {"source": "the local SCF", "secret_id": mask(target.keys.secret_id), "expires_at": None},
        )
    provider = choose_provider(None, None, None)
    try:
        found = provider.get(False)
    except TencentCloudSDKException as error:
        return Finding("credentials", "failed", f"{error.message}{_foreign_keys()}", {"code": error.code})
    expires_at = provider.expires_at()
    facts = {
        "source": provider.source(),
        "secret_id": mask(found.secret_id),
        "is_temporary": bool(found.token),
        "expires_at": expires_at,
    }
    kind = "temporary" if found.token else "permanent"
    text = f"{facts['secret_id']}, {kind}, from {facts['source']}"
    if expires_at is None:
        return Finding("credentials", "ok", text + ("; when they expire is not known" if found.token else ""), facts)
    left = expires_at - time.time()
    state = "failed" if left <= 0 else "warning" if left < _SOON_SECONDS else "ok"
    return Finding("credentials", state, f"{text}; they expire in {left / 60:.0f} minutes", facts)


def _foreign_keys() -> str:
    """A hint at keys of another tool, which are not read here."""
    if Path("~/.tccli").expanduser().is_dir():
        return "; the keys of tccli in ~/.tccli are not read: set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
    return ""


def _endpoint(target: Target) -> Finding:
    facts = {"url": target.url, "region": target.region, "is_local": target.is_local}
    where = "this machine" if target.is_local else "the cloud"
    return Finding("endpoint", "ok", f"{target.url}, region {target.region}, {where}", facts)


def _proxy(target: Target) -> Finding:
    proxy = target.origin.proxy
    if proxy is None:
        return Finding("proxy", "ok", "none", {"proxy": None})
    if proxy.fault:
        return Finding("proxy", "failed", proxy.fault, {"proxy": None})
    address = f"{proxy.host}:{proxy.port}"
    text = f"{proxy}" + (", with a password" if proxy.credentials else "")
    if proxy.kind != "http":
        text += f", of the kind {proxy.kind}: the signature alone checks the way behind it"
    return Finding("proxy", "ok", text, {"proxy": address})


def _name(target: Target) -> Finding:
    """Check the look-up of the host name: that of the proxy, if there is one."""
    peer = target.origin.proxy or target.origin
    before = time.perf_counter()
    try:
        found = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    except OSError as error:
        text = f"{peer.host}: {error.strerror or error}; look at your network and the name's spelling"
        return Finding("dns", "failed", text, {"host": peer.host})
    took_ms = (time.perf_counter() - before) * 1000
    addresses = sorted({str(each[4][0]) for each in found})
    facts = {"host": peer.host, "addresses": addresses, "ms": round(took_ms, 3)}
    return Finding("dns", "ok", f"{peer.host} is {', '.join(addresses)}, in {show_ms(took_ms)}", facts)


class _Wire:
    """One connection to the target, and the checks that use it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection = _open_connection(target)
        self.works: bool = False

    def examine(self) -> Iterator[Finding]:
        """Check the connection, TLS, the round trip and the clock, by a few requests without a signature."""
        origin = self._target.origin
        before = time.perf_counter()
        try:
            self._connection.connect()
        except (OSError, http.client.HTTPException) as error:
            yield self._refused(error)
            return
        took_ms = (time.perf_counter() - before) * 1000
        yield Finding("connection", "ok", f"to {origin} in {show_ms(took_ms)}", {"ms": round(took_ms, 3)})
        if origin.is_tls:
            yield self._tls()
        try:
            dates, spans_ms = self._ping()
        except (OSError, http.client.HTTPException) as error:
            yield Finding("round trip", "failed", f"no answer: {error}")
            return
        self.works = True
        low = min(spans_ms)
        text = f"{show_ms(low)} at best, {show_ms(max(spans_ms))} at worst, of {_PINGS}"
        yield Finding("round trip", "ok", text, {"ms": [round(each, 3) for each in spans_ms]})
        yield _clock(dates)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _refused(self, error: Exception) -> Finding:
        if self._target.is_local:
            advice = "start a local SCF with: scf local start"
        elif isinstance(error, ssl.SSLCertVerificationError):
            advice = "name the roots of your proxy or authority in SSL_CERT_FILE"
        else:
            advice = "look at your network, HTTPS_PROXY and NO_PROXY"
        name = "tls" if isinstance(error, ssl.SSLError) else "connection"
        return Finding(name, "failed", f"{self._target.origin}: {error}; {advice}")

    def _tls(self) -> Finding:
        assert isinstance(self._connection.sock, ssl.SSLSocket)
        certificate: Any = self._connection.sock.getpeercert() or {}
        issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}
        version, until = self._connection.sock.version(), certificate.get("notAfter", "")
        by = issuer.get("organizationName") or issuer.get("commonName") or "an unnamed authority"
        facts = {"version": version, "issuer": by, "not_after": until}
        return Finding("tls", "ok", f"{version}, certificate by {by}, good until {until}", facts)

    def _ping(self) -> tuple[list[float], list[float]]:
        """Measure the offsets of the peer's clock in seconds, and the round trips in milliseconds."""
        offsets, spans_ms = [], []
        for _ in range(_PINGS):
            started_at, before = time.time(), time.perf_counter()
            self._connection.request("GET", "/", headers={"Host": self._target.origin.authority})
            answer = self._connection.getresponse()
            answer.read()
            spans_ms.append((time.perf_counter() - before) * 1000)
            date = answer.getheader("Date")
            if date:
                middle = (started_at + time.time()) / 2
                offsets.append(parsedate_to_datetime(date).timestamp() + 0.5 - middle)  # Date has whole seconds
        return offsets, spans_ms


def _open_connection(target: Target) -> http.client.HTTPConnection:
    from base64 import b64encode

    origin, proxy = target.origin, target.origin.proxy
    peer = (proxy.host, proxy.port) if proxy else (origin.host, origin.port)
    if not origin.is_tls:
        connection = http.client.HTTPConnection(*peer, timeout=_TIMEOUT_SECONDS)
    else:
        roots = origin.ca_file
        context = ssl.create_default_context(cafile=roots)
        if roots is None and not context.get_ca_certs() and not ssl.get_default_verify_paths().capath:
            import certifi

            context.load_verify_locations(certifi.where())
        connection = http.client.HTTPSConnection(*peer, timeout=_TIMEOUT_SECONDS, context=context)
    if proxy:
        token = b64encode(proxy.credentials.encode()).decode()
        headers = {"Proxy-Authorization": f"Basic {token}"} if token else {}
        connection.set_tunnel(origin.host, origin.port, headers)
    return connection


def _clock(offsets: list[float]) -> Finding:
    if not offsets:
        return Finding("clock", "warning", "the answer has no Date to compare with")
    offset = sorted(offsets)[len(offsets) // 2]
    facts = {"offset_seconds": round(offset, 1)}
    if abs(offset) <= _MAX_SKEW_SECONDS:
        return Finding("clock", "ok", f"{abs(offset):.1f} s off, to within a second", facts)
    side = "behind" if offset > 0 else "ahead"
    text = f"this machine is {abs(offset):.0f} s {side}; set its clock: signatures are refused from 300 s on"
    return Finding("clock", "warning", text, facts)


def _signature(target: Target) -> Finding:
    """Check the signature, by an action that changes nothing."""
    try:
        found = Api(target).call("ListFunctions", Namespace=target.namespace, Limit=1)
    except TencentCloudSDKException as error:
        code = str(error.code)
        # A warning: these keys may have the right to call, but not to list.
        state = "failed" if code.startswith("AuthFailure") else "warning"
        return Finding("signature", state, f"{code}: {error.message}; run: scf explain {code}", {"code": code})
    count = found["TotalCount"]
    functions = "1 function" if count == 1 else f"{count} functions"
    return Finding("signature", "ok", f"accepted; {target.place} has {functions}", {"functions": count})
