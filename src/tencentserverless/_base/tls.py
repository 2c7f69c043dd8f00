"""TLS of both clients: which roots are trusted, sessions that are resumed, and TLS over any stream of bytes."""

import os
import re
import ssl

from tencentserverless._base.runtime import monotonic
from tencentserverless.config import ambient_trust
from tencentserverless.exception import ConnectError
from tencentserverless.models import Verdict

#: Hosts for which a session is kept; a full table is cleared.
MAX_SESSIONS = 64
#: A session is read anew from a connection that resumed it, once it is older.
SESSION_REFRESH_SECONDS = 60.0

_HASHED_NAME = r"[0-9a-f]{8}\.[0-9]"  # ``re`` compiles it at the first use and keeps it
_READ_BYTES = 65536


class TlsContext(ssl.SSLContext):
    """The TLS settings for some roots. It keeps the last session with each host, which makes the next handshake short.

    A resumed session does not check the certificate again: the name and the roots are those of the handshake before,
    because sessions are kept by host, and each choice of roots has a context of its own.
    """

    @property
    def sessions(self) -> "dict[str, tuple[ssl.SSLSession, float]]":
        """The last session with each host, and when it was read, in monotonic seconds."""
        kept: "dict[str, tuple[ssl.SSLSession, float]]" = self.__dict__.setdefault("_sessions", {})
        return kept

    def find_session(self, host: str) -> "ssl.SSLSession | None":
        """Find the session to resume with a host, None if there is none."""
        kept = self.sessions.get(host)
        return None if kept is None else kept[0]

    def note_answer(self, host: str, tls: "ssl.SSLSocket | ssl.SSLObject") -> None:
        """Keep the session of a connection whose peer has sent its first bytes: with TLS 1.3, tickets come with these.

        To read a session costs 0.1 ms. So one that could be resumed is kept as it is for a while.
        """
        now = monotonic()
        kept = self.sessions.get(host)
        if kept is None or not tls.session_reused or now - kept[1] > SESSION_REFRESH_SECONDS:
            session = tls.session
            if session is not None:
                if len(self.sessions) >= MAX_SESSIONS:
                    self.sessions.clear()
                self.sessions[host] = (session, now)

    def forget(self, host: str) -> bool:
        """Forget the session with a host, because a connection that resumed it failed. True if there was one."""
        return self.sessions.pop(host, None) is not None

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: "str | bytes | None" = None,
        session: "ssl.SSLSession | None" = None,
    ) -> ssl.SSLObject:
        """Resume the session with that host: asyncio and uvloop call this without one."""
        host = server_hostname.decode("ascii") if isinstance(server_hostname, bytes) else server_hostname
        session = session or self.find_session(host or "")
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


#: The contexts by file or folder of roots, and by OpenSSL's own variables.
_contexts: "dict[tuple[str | None, ...], TlsContext]" = {}


def tls_context(ca_file: "str | None") -> TlsContext:
    """Return the TLS settings for some roots; all clients share one object for the same roots.

    :param ca_file: a file or folder of roots, None for the system's
    :raises ConnectError: if the roots cannot be read
    """
    key = (ca_file,) + ambient_trust()
    context = _contexts.get(key)
    if context is None:
        context = _contexts[key] = _make_context(ca_file)
    return context


def _make_context(ca_file: "str | None") -> TlsContext:
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= ssl.OP_NO_COMPRESSION
    if hasattr(context, "minimum_version"):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    else:  # Python 3.6
        context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    try:
        _load_roots(context, ca_file)
    except (OSError, ssl.SSLError) as error:
        message = "cannot read the trusted roots of {}: {}".format(name_roots(ca_file), error)
        fault = ConnectError("ClientNetworkError", message)
        fault.executed, fault.is_transient = Verdict.NO, False
        raise fault from error
    return context


def name_roots(ca_file: "str | None") -> str:
    """Name the place of the trusted roots, for an error message."""
    if ca_file is not None:
        return "ca_file {!r}".format(ca_file)
    chosen = zip(("SSL_CERT_FILE", "SSL_CERT_DIR"), ambient_trust())
    return " and ".join("{} {!r}".format(*each) for each in chosen if each[1]) or "the system"


def _load_roots(context: ssl.SSLContext, ca_file: "str | None") -> None:
    """Load the roots in the cheapest way that the system has.

    A folder of hashed names is read on demand and costs 0.2 ms; reading a whole bundle costs 15 ms or more. The folder
    is enough if it has no fewer certificates than the bundle beside it, for some systems have only a few there.
    """
    if ca_file is not None:
        is_folder = os.path.isdir(ca_file)
        context.load_verify_locations(None if is_folder else ca_file, ca_file if is_folder else None)
        return
    paths = ssl.get_default_verify_paths()
    is_chosen = any(ambient_trust())
    hashed = 0 if is_chosen or not paths.capath else _count_hashed_names(paths.capath)
    if hashed and hashed >= _count_certificates(paths.cafile):
        context.load_verify_locations(None, paths.capath)
        return
    context.load_default_certs()
    if not is_chosen and not hashed and not paths.cafile and not context.cert_store_stats()["x509_ca"]:
        import certifi

        context.load_verify_locations(certifi.where())


def _count_hashed_names(folder: str) -> int:
    with os.scandir(folder) as entries:
        return sum(1 for entry in entries if re.match(_HASHED_NAME, entry.name))


def _count_certificates(bundle: "str | None") -> int:
    if bundle is None:
        return 0
    with open(bundle, "rb") as file:
        return file.read().count(b"-----BEGIN ")


class TlsLayer:
    """TLS over any stream of bytes, as over the TLS of a proxy. It takes and gives bytes, and neither sends nor waits.

    :param host: must be in the peer's certificate
    """

    def __init__(self, context: TlsContext, host: str) -> None:
        self._context = context
        self._host = host
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._is_new = True  # no bytes of the peer were read yet
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream, ``b""`` for its end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def take_outgoing(self) -> bytes:
        """Take the bytes to send on the stream."""
        return self._outgoing.read()

    def try_handshake(self) -> bool:
        """Go on with the handshake. True if it is done, False if it needs more bytes of the stream.

        :raises ssl.SSLError: if it fails
        """
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def write(self, data: "bytes | memoryview") -> int:
        """Encrypt the first of these bytes, one record at most. Returns their number."""
        return self._tls.write(data)

    def read(self) -> "tuple[bytes, bool]":
        """Decrypt what has come. Returns the bytes, and True if the peer has ended."""
        parts = []
        has_ended = False
        try:
            while not has_ended:
                data = self._tls.read(_READ_BYTES)
                parts.append(data)
                has_ended = not data
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            if not is_end(error):
                raise
            has_ended = True
        if self._is_new and (parts or has_ended):
            self._is_new = False
            if parts and parts[0]:
                self._context.note_answer(self._host, self._tls)
            else:
                self._context.forget(self._host)
        return b"".join(parts), has_ended


def is_end(error: ssl.SSLError) -> bool:
    """True for an end without a closing message, which sockets of the ssl module take for an end.

    Before Python 3.10, OpenSSL 3 has no class of its own for it.
    """
    return isinstance(error, ssl.SSLEOFError) or "unexpected eof" in str(error)
