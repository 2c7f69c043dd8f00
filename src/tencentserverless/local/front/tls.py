"""The TLS side of the front: the authority in its folder, the context of the server, and what clients are to trust."""

import contextlib
import shutil
import ssl
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from tencentserverless.local.front.authority import Authority, make_authority, utc_now
from tencentserverless.local.settings import CA_BUNDLE_NAME, CA_KEY_NAME, CA_NAME, Reason, StartRefused, trusted_bundle
from tencentserverless.local.state import write_private_bytes

_ALPN = ("http/1.1",)


@dataclass(frozen=True, slots=True)
class Secured:
    """A TLS server's context, and the files by which clients trust it.

    :param ca_file: the authority's certificate
    :param bundle_file: that, and the roots that were trusted before, so that a client reaches other hosts as well
    """

    context: ssl.SSLContext
    ca_file: Path
    bundle_file: Path


@contextlib.contextmanager
def secured(state: Path | None, host: str) -> Generator[Secured, None, None]:
    """What a TLS server needs, for as long as it runs.

    :param state: the folder that keeps the authority; None makes one for this run
    :param host: that the server listens on
    :raises StartRefused: if the files can't be used
    """
    folder = state or Path(tempfile.mkdtemp(prefix="scf-local-"))
    try:
        authority = _authority(folder, is_kept=state is not None)
        ca_file, bundle_file = folder / CA_NAME, folder / CA_BUNDLE_NAME
        write_private_bytes(ca_file, authority.certificate_pem)
        write_private_bytes(bundle_file, _known_roots() + authority.certificate_pem)
        yield Secured(_context(authority, host, folder), ca_file, bundle_file)
    finally:
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)


def _authority(folder: Path, *, is_kept: bool) -> Authority:
    certificate_file, key_file = folder / CA_NAME, folder / CA_KEY_NAME
    now = utc_now()
    if is_kept and certificate_file.exists() and key_file.exists():
        try:
            authority = Authority(certificate_file.read_bytes(), key_file.read_bytes())
        except (OSError, ValueError) as error:
            reason = f"{key_file}: can't be used with {CA_NAME}: {error}; remove both, and new ones are made"
            raise StartRefused(Reason.STATE, reason) from error
        if authority.is_usable(now):
            return authority
    authority = make_authority(now)
    if is_kept:
        write_private_bytes(key_file, authority.key_pem)
    return authority


def _context(authority: Authority, host: str, folder: Path) -> ssl.SSLContext:
    certificate, key = authority.issue(host, utc_now())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(_ALPN))
    with tempfile.NamedTemporaryFile(dir=folder) as file:  # mode 0600; OpenSSL reads keys from files alone
        file.write(key + certificate)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _known_roots() -> bytes:
    """The roots that a client would trust without us."""
    bundle = trusted_bundle()
    if bundle is None:
        with contextlib.suppress(ImportError):
            import certifi  # comes with requests, which Tencent's package requires

            bundle = Path(certifi.where())
    try:
        return bundle.read_bytes().rstrip() + b"\n" if bundle else b""
    except OSError:
        return b""
