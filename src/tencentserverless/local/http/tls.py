"""TLS of the local SCF: its certificate, the authority that signed it, and the files that clients must trust.

A holder of an authority's key could pose as any host that it certifies, towards every client that trusts it. So the key
is never kept: an authority signs one certificate, that of the server, and its key is gone with the function that made
it. What clients are asked to trust can vouch for the names and addresses in that certificate, and for nothing else. Its
name constraints (RFC 5280, 4.2.1.10) say the same of names, to clients and readers. They say nothing of addresses:
clients on BoringSSL (Bun, Dart, Swift, gRPC) refuse every certificate with an address below an authority whose
constraints hold addresses, because they can't check them.
"""

import contextlib
import ipaddress
import shutil
import ssl
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http.connect_proxy import SCF_HOSTS, URL_HOSTS
from tencentserverless.local.private_files import write_private_bytes
from tencentserverless.local.settings import (
    CA_BUNDLE_NAME,
    CA_NAME,
    OLD_CA_KEY_NAME,
    SERVER_KEY_NAME,
    trusted_bundle,
)
from tencentserverless.local.url_addresses import CLOUD_DOMAIN

_LIFETIME = timedelta(days=820)  # of both: Apple's systems take no server's certificate that is valid for over 825 days
_RENEWED_BEFORE = timedelta(days=30)
_SKEW = timedelta(days=1)
_NAMES = ("localhost", *SCF_HOSTS)
_LOOPBACK = ("127.0.0.1", "::1")
_NETWORKS = (
    "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 100.64.0.0/10 ::1/128 fc00::/7 fe80::/10"
).split()


class Identity:
    """The server's certificate and key, and the certificate of the authority that signed it.

    :param pem: the three, in this order; the key in PKCS 8 without a password
    :raises ValueError: if one can't be read, or they do not belong together
    """

    def __init__(self, pem: bytes) -> None:
        key = serialization.load_pem_private_key(pem, password=None)
        certificates = x509.load_pem_x509_certificates(pem)
        if len(certificates) != 2:
            raise ValueError(f"it holds {len(certificates)} certificates in place of two")
        self._server, self._authority = certificates
        self.pem: bytes = pem
        self.server_pem: bytes = self._server.public_bytes(serialization.Encoding.PEM) + _key_pem(key)
        self.authority_pem: bytes = self._authority.public_bytes(serialization.Encoding.PEM)
        if self._server.public_key() != key.public_key():
            raise ValueError("the key is not the certificate's")
        try:
            self._server.verify_directly_issued_by(self._authority)
        except (ValueError, TypeError, InvalidSignature):
            raise ValueError("another authority has signed the certificate") from None

    def fits(self, host: str, now: datetime) -> bool:
        """True if both certificates are valid for long enough and say what this version needs for this address."""
        try:
            constraints = self._authority.extensions.get_extension_for_class(x509.NameConstraints).value
            names = self._server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return False
        ends_at = min(self._authority.not_valid_after_utc, self._server.not_valid_after_utc)
        return constraints == _constraints() and set(_subjects(host)) <= set(names) and ends_at - now > _RENEWED_BEFORE


def make_identity(host: str, now: datetime) -> Identity:
    """Make a certificate for every name of SCF and for this machine, and an authority for it alone.

    :param host: the address that the server listens on; an address of a private network is certified too
    """
    authority, authority_key = _make_authority(now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("scf local", authority.subject, key, now)
        .add_extension(x509.SubjectAlternativeName(_subjects(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Identity(certificate.public_bytes(pem) + _key_pem(key) + authority.public_bytes(pem))


def _make_authority(now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a new authority. Its key is for one signature and must not be kept."""
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = f"scf local {now:%Y-%m-%d} {x509.random_serial_number() % 16**6:06x}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        _builder(common_name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def utc_now() -> datetime:
    """Return the time by which certificates are judged."""
    return datetime.now(timezone.utc)


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    """Make the part that both kinds of certificate share."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subjects(host: str) -> list[x509.GeneralName]:
    """Return names and addresses of the server. One name outside the constraints would make all others invalid."""
    addresses = [ipaddress.ip_address(address) for address in _LOOPBACK]
    try:
        own = ipaddress.ip_address(host)
    except ValueError:
        own = addresses[0]  # a name: the list has all names that may be certified already
    if own not in addresses and any(own in ipaddress.ip_network(network) for network in _NETWORKS):
        addresses.append(own)
    return [
        *(x509.DNSName(name) for name in (*_NAMES, *URL_HOSTS)),
        *(x509.IPAddress(address) for address in addresses),
    ]


def _constraints() -> x509.NameConstraints:
    return x509.NameConstraints([x509.DNSName(name) for name in (*_NAMES, CLOUD_DOMAIN)], excluded_subtrees=None)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


_ALPN = ("http/1.1",)


@dataclass(frozen=True, slots=True)
class TlsServerConfig:
    """A TLS server's context, and the files by which clients trust it.

    :param ca_file: the authority's certificate
    :param bundle_file: that certificate and the roots that were trusted before, so that a client reaches other hosts as
        well
    """

    context: ssl.SSLContext
    ca_file: Path
    bundle_file: Path


@contextlib.contextmanager
def open_tls(state: Path | None, host: str) -> Generator[TlsServerConfig, None, None]:
    """Open the TLS files and context of a server, for as long as it runs.

    :param state: the folder that keeps authority and certificate; None makes them for this run
    :param host: the address that the server listens on
    :raises StartupError: if the files can't be used
    """
    folder = state or Path(tempfile.mkdtemp(prefix="scf-local-"))
    try:
        identity = _identity(folder, host) if state else make_identity(host, utc_now())
        ca_file, bundle_file = folder / CA_NAME, folder / CA_BUNDLE_NAME
        write_private_bytes(ca_file, identity.authority_pem)
        write_private_bytes(bundle_file, _known_roots() + identity.authority_pem)
        yield TlsServerConfig(_context(identity, folder), ca_file, bundle_file)
    finally:
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)


def _identity(folder: Path, host: str) -> Identity:
    """Return the identity that a folder keeps, or a new one where that does not fit."""
    path, now = folder / SERVER_KEY_NAME, utc_now()
    (folder / OLD_CA_KEY_NAME).unlink(missing_ok=True)  # until 1.0.0, the key of an authority was kept
    if path.exists():
        try:
            identity = Identity(path.read_bytes())
        except (OSError, ValueError) as error:
            raise StartupError(
                Reason.STATE, f"{path}: can't be used: {error}; remove it, and a new one is made"
            ) from error
        if identity.fits(host, now):
            return identity
    identity = make_identity(host, now)
    write_private_bytes(path, identity.pem)
    return identity


def _context(identity: Identity, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(_ALPN))
    with tempfile.NamedTemporaryFile(dir=folder) as file:  # mode 0600; OpenSSL reads keys only from files
        file.write(identity.server_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _known_roots() -> bytes:
    """Return the roots that a client trusts without this server."""
    bundle = trusted_bundle()
    if bundle is None:
        with contextlib.suppress(ImportError):
            import certifi  # installed with requests, which Tencent's package requires

            bundle = Path(certifi.where())
    try:
        return bundle.read_bytes().rstrip() + b"\n" if bundle else b""
    except OSError:
        return b""
