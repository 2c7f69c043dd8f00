"""TLS of the local SCF: its certificate authority, the server's context, and the files that clients must trust.

A holder of the authority's key could pose as any host that it certifies, towards every client that trusts it. So the
key never leaves its owner's folder, and name constraints (RFC 5280, 4.2.1.10) limit the authority to SCF's hosts and to
addresses of this machine and of private networks.
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
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http.connect_proxy import SCF_HOSTS
from tencentserverless.local.private_files import write_private_bytes
from tencentserverless.local.settings import CA_BUNDLE_NAME, CA_KEY_NAME, CA_NAME, trusted_bundle

_LIFETIME = timedelta(days=3650)
_RENEWED_BEFORE = timedelta(days=30)
_LEAF_LIFETIME = timedelta(days=397)  # browsers accept no longer one; the server makes a new one at every start
_SKEW = timedelta(days=1)
_NAMES = ("localhost", *SCF_HOSTS)
_LOOPBACK = ("127.0.0.1", "::1")
_NETWORKS = (
    "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 100.64.0.0/10 ::1/128 fc00::/7 fe80::/10"
).split()


class CertificateAuthority:
    """A certificate authority: its certificate and its key.

    :param key_pem: the key, in PKCS 8 without a password
    :raises ValueError: if one can't be read, or they do not belong together
    """

    def __init__(self, certificate_pem: bytes, key_pem: bytes) -> None:
        key = serialization.load_pem_private_key(key_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key is of another kind")  # noqa: TRY004  # the content of a file is a value
        self.certificate_pem: bytes = certificate_pem
        self.key_pem: bytes = key_pem
        self._certificate = x509.load_pem_x509_certificate(certificate_pem)
        self._key = key
        if self._certificate.public_key() != key.public_key():
            raise ValueError("the key is not the certificate's")

    def is_usable(self, now: datetime) -> bool:
        """True if the certificate is valid for long enough and has the constraints that this version needs."""
        try:
            constraints = self._certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            return False
        return constraints == _constraints() and self._certificate.not_valid_after_utc - now > _RENEWED_BEFORE

    def issue(self, host: str, now: datetime) -> tuple[bytes, bytes]:
        """Issue a certificate for every name of SCF and for this machine; return it and its key as PEM.

        :param host: the address that the server listens on; an address of a private network is certified too
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder("scf local", self._certificate.subject, key, now, _LEAF_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(_subjects(host)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def make_authority(now: datetime) -> CertificateAuthority:
    """Make a new authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    common_name = f"scf local {now:%Y-%m-%d} {x509.random_serial_number() % 16**6:06x}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        _builder(common_name, name, key, now, _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return CertificateAuthority(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))


def utc_now() -> datetime:
    """Return the time by which certificates are judged."""
    return datetime.now(timezone.utc)


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, lifetime: timedelta
) -> x509.CertificateBuilder:
    """Make the part that both kinds of certificate share."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lifetime)
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
    return [*(x509.DNSName(name) for name in _NAMES), *(x509.IPAddress(address) for address in addresses)]


def _constraints() -> x509.NameConstraints:
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(name) for name in _NAMES),
            *(x509.IPAddress(ipaddress.ip_network(network)) for network in _NETWORKS),
        ],
        excluded_subtrees=None,
    )


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


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
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

    :param state: the folder that keeps the authority; None makes one for this run
    :param host: the address that the server listens on
    :raises StartupError: if the files can't be used
    """
    folder = state or Path(tempfile.mkdtemp(prefix="scf-local-"))
    try:
        authority = _authority(folder, is_kept=state is not None)
        ca_file, bundle_file = folder / CA_NAME, folder / CA_BUNDLE_NAME
        write_private_bytes(ca_file, authority.certificate_pem)
        write_private_bytes(bundle_file, _known_roots() + authority.certificate_pem)
        yield TlsServerConfig(_context(authority, host, folder), ca_file, bundle_file)
    finally:
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)


def _authority(folder: Path, *, is_kept: bool) -> CertificateAuthority:
    certificate_file, key_file = folder / CA_NAME, folder / CA_KEY_NAME
    now = utc_now()
    if is_kept and certificate_file.exists() and key_file.exists():
        try:
            authority = CertificateAuthority(certificate_file.read_bytes(), key_file.read_bytes())
        except (OSError, ValueError) as error:
            reason = f"{key_file}: can't be used with {CA_NAME}: {error}; remove both, and new ones are made"
            raise StartupError(Reason.STATE, reason) from error
        if authority.is_usable(now):
            return authority
    authority = make_authority(now)
    if is_kept:
        write_private_bytes(key_file, authority.key_pem)
    return authority


def _context(authority: CertificateAuthority, host: str, folder: Path) -> ssl.SSLContext:
    certificate, key = authority.issue(host, utc_now())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(list(_ALPN))
    with tempfile.NamedTemporaryFile(dir=folder) as file:  # mode 0600; OpenSSL reads keys only from files
        file.write(key + certificate)
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
