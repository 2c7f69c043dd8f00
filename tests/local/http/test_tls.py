"""The authority and its files: kept, private, limited to SCF's hosts, and trusted beside what was trusted before."""

import socket
import ssl
import stat
import threading
from datetime import timedelta

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http import tls
from tencentserverless.local.http.connect_proxy import SCF_HOSTS
from tencentserverless.local.http.tls import CertificateAuthority, make_authority, utc_now


@pytest.fixture(autouse=True)
def no_roots_of_the_developer(monkeypatch):
    forget_the_roots_of_the_developer(monkeypatch)


def forget_the_roots_of_the_developer(monkeypatch):
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def shake_hands(context, ca_file, name):
    """Whether a strict client accepts the server under a name."""
    ours, theirs = socket.socketpair()

    def serve():
        with theirs:
            try:
                with context.wrap_socket(theirs, server_side=True) as opened:
                    opened.recv(1)
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    trusting = ssl.create_default_context(cafile=str(ca_file))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # Python 3.13's default
    try:
        with ours, trusting.wrap_socket(ours, server_hostname=name) as opened:
            return opened.version()
    except ssl.SSLCertVerificationError:
        return None
    finally:
        thread.join(10)


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        forget_the_roots_of_the_developer(monkeypatch)
        with tls.open_tls(tmp_path_factory.mktemp("keys"), "127.0.0.1") as secured:
            yield secured


@pytest.mark.parametrize("name", [*SCF_HOSTS, "localhost", "127.0.0.1", "::1"])
def test_the_server_is_accepted_by_every_name(secured, name):
    assert shake_hands(secured.context, secured.ca_file, name) in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("name", [SCF_HOSTS[0], "localhost"])
def test_it_is_accepted_by_whoever_trusts_the_bundle(secured, name):
    assert shake_hands(secured.context, secured.bundle_file, name)


@pytest.mark.parametrize("name", ["example.com", "cvm.tencentcloudapi.com", "10.0.0.1", "scf.tencentcloudapi.com.cn"])
def test_it_is_accepted_by_no_other_name(secured, name):
    assert shake_hands(secured.context, secured.ca_file, name) is None


@pytest.mark.parametrize(
    ("host", "is_accepted"),
    [("192.168.7.7", True), ("fd00::7", True), ("8.8.8.8", False), ("0.0.0.0", False), ("example.com", False)],
)
def test_the_authority_vouches_for_private_addresses_and_for_no_foreign_host(tmp_path, host, is_accepted):
    with tls.open_tls(tmp_path, host) as opened:
        assert bool(shake_hands(opened.context, opened.ca_file, host)) is is_accepted
        assert shake_hands(opened.context, opened.ca_file, SCF_HOSTS[0])  # none spoils the others


def test_the_authority_is_kept_and_private(tmp_path):
    with tls.open_tls(tmp_path, "127.0.0.1") as first:
        kept = first.ca_file.read_bytes()
    with tls.open_tls(tmp_path, "127.0.0.1") as second:
        assert second.ca_file.read_bytes() == kept
        assert second.bundle_file.read_bytes().endswith(kept)
        assert second.bundle_file.read_bytes().count(b"BEGIN CERTIFICATE") > 50
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ca-key.pem",
        "scf-local-bundle.pem",
        "scf-local-ca.pem",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_authority_of_one_run_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with tls.open_tls(None, "127.0.0.1") as opened:
        assert shake_hands(opened.context, opened.ca_file, "localhost")
        assert stat.S_IMODE(opened.ca_file.parent.stat().st_mode) == 0o700
        assert sorted(path.name for path in opened.ca_file.parent.iterdir()) == [
            "scf-local-bundle.pem",
            "scf-local-ca.pem",
        ]
    assert list(tmp_path.iterdir()) == []


def test_roots_of_the_user_stay_trusted(tmp_path, monkeypatch):
    of_the_user = tmp_path / "company.pem"
    of_the_user.write_bytes(make_authority(utc_now()).certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(of_the_user))
    with tls.open_tls(None, "127.0.0.1") as opened:
        bundle = opened.bundle_file.read_bytes()
        assert bundle == of_the_user.read_bytes() + opened.ca_file.read_bytes()
        # A server that is started from a shell with our variables does not pile up its own roots.
        monkeypatch.setenv("SSL_CERT_FILE", str(opened.bundle_file))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(of_the_user))
        with tls.open_tls(None, "127.0.0.1") as another:
            assert another.bundle_file.read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_an_authority_that_ends_or_is_another_versions_is_made_anew(tmp_path, monkeypatch):
    with tls.open_tls(tmp_path, "127.0.0.1") as first:
        kept = first.ca_file.read_bytes()
    later = utc_now() + timedelta(days=3640)
    monkeypatch.setattr(tls, "utc_now", lambda: later)
    with tls.open_tls(tmp_path, "127.0.0.1") as second:
        renewed = second.ca_file.read_bytes()
    assert renewed != kept
    monkeypatch.setattr("tencentserverless.local.http.tls._NAMES", ("localhost",))
    with tls.open_tls(tmp_path, "127.0.0.1") as third:
        assert third.ca_file.read_bytes() != renewed


@pytest.mark.parametrize("damage", ["ca-key.pem", "scf-local-ca.pem"])
@pytest.mark.parametrize("content", [b"", b"not a certificate", make_authority(utc_now()).key_pem])
def test_spoiled_files_are_refused_in_one_line(tmp_path, damage, content):
    with tls.open_tls(tmp_path, "127.0.0.1"):
        pass
    (tmp_path / damage).write_bytes(content)
    with (
        pytest.raises(StartupError, match="remove both, and new ones are made") as refusal,
        tls.open_tls(tmp_path, "h"),
    ):
        pass
    assert refusal.value.reason is Reason.STATE
    assert "PRIVATE" not in str(refusal.value)


def test_a_key_of_another_certificate_is_none():
    with pytest.raises(ValueError, match="not the certificate's"):
        CertificateAuthority(make_authority(utc_now()).certificate_pem, make_authority(utc_now()).key_pem)
