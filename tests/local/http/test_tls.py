"""The certificate, its authority and their files: kept, private, for SCF's hosts, and trusted beside other roots."""

import socket
import ssl
import stat
import threading
from datetime import timedelta

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.http import tls
from tencentserverless.local.http.connect_proxy import SCF_HOSTS
from tencentserverless.local.http.tls import Identity, make_identity, utc_now


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
def test_the_certificate_is_for_private_addresses_and_for_no_foreign_host(tmp_path, host, is_accepted):
    with tls.open_tls(tmp_path, host) as opened:
        assert bool(shake_hands(opened.context, opened.ca_file, host)) is is_accepted
        assert shake_hands(opened.context, opened.ca_file, SCF_HOSTS[0])  # none spoils the others


@pytest.mark.parametrize(("name", "is_accepted"), [("localhost", True), ("example.com", False), ("aliyun.com", False)])
def test_the_authority_is_refused_for_another_name_even_by_its_own_signature(tmp_path, monkeypatch, name, is_accepted):
    """The key of an authority is kept here on purpose, as a thief would have to."""
    monkeypatch.setattr(tls, "_subjects", lambda host: [tls.x509.DNSName(name)])
    with tls.open_tls(tmp_path, "127.0.0.1") as opened:
        assert bool(shake_hands(opened.context, opened.ca_file, name)) is is_accepted


def test_nobody_holds_the_key_of_the_authority(tmp_path):
    (tmp_path / "ca-key.pem").write_bytes(b"of an older version")
    with tls.open_tls(tmp_path, "127.0.0.1") as opened:
        authority = tls.x509.load_pem_x509_certificate(opened.ca_file.read_bytes())
        keys = [path.read_bytes() for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) == 1
    (key,) = (tls.serialization.load_pem_private_key(each, password=None) for each in keys)
    assert key.public_key() != authority.public_key()
    assert not (tmp_path / "ca-key.pem").exists()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", SCF_HOSTS[0]])
def test_a_client_on_boringssl_accepts_the_server(secured, name):
    curl_cffi = pytest.importorskip("curl_cffi", reason="a client on BoringSSL, of the extra dev")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=answer_once, args=(listener, secured.context))
        thread.start()
        # curl asks nobody for a name that is fixed here.
        fixed = {curl_cffi.CurlOpt.RESOLVE: [f"{name}:{port}:127.0.0.1"]} if not name[0].isdigit() else {}
        with curl_cffi.Session(verify=str(secured.ca_file), curl_options=fixed, trust_env=False) as session:
            assert session.get(f"https://{name}:{port}/", timeout=10).text == "ok"
        thread.join(10)


def answer_once(listener, context):
    accepted, _ = listener.accept()
    with context.wrap_socket(accepted, server_side=True) as opened:
        opened.recv(65536)
        opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def test_the_certificate_is_kept_and_private(tmp_path):
    with tls.open_tls(tmp_path, "127.0.0.1") as first:
        kept = first.ca_file.read_bytes()
    with tls.open_tls(tmp_path, "127.0.0.1") as second:
        assert second.ca_file.read_bytes() == kept
        assert second.bundle_file.read_bytes().endswith(kept)
        assert second.bundle_file.read_bytes().count(b"BEGIN CERTIFICATE") > 50
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "scf-local-bundle.pem",
        "scf-local-ca.pem",
        "scf-local-server.pem",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_another_address_gets_a_certificate_that_has_it_and_the_first_address_needs_no_new_one(tmp_path):
    kept = []
    for host in ("127.0.0.1", "192.168.7.7", "127.0.0.1", "192.168.7.7"):
        with tls.open_tls(tmp_path, host) as opened:
            assert shake_hands(opened.context, opened.ca_file, host)
            kept.append(opened.ca_file.read_bytes())
    assert kept[0] != kept[1] == kept[2] == kept[3]


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
    of_the_user.write_bytes(make_identity("127.0.0.1", utc_now()).authority_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(of_the_user))
    with tls.open_tls(None, "127.0.0.1") as opened:
        bundle = opened.bundle_file.read_bytes()
        assert bundle == of_the_user.read_bytes() + opened.ca_file.read_bytes()
        # A server that is started from a shell with our variables does not pile up its own roots.
        monkeypatch.setenv("SSL_CERT_FILE", str(opened.bundle_file))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(of_the_user))
        with tls.open_tls(None, "127.0.0.1") as another:
            assert another.bundle_file.read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_a_certificate_that_ends_or_is_another_versions_is_made_anew(tmp_path, monkeypatch):
    with tls.open_tls(tmp_path, "127.0.0.1") as first:
        kept = first.ca_file.read_bytes()
    later = utc_now() + timedelta(days=800)
    monkeypatch.setattr(tls, "utc_now", lambda: later)
    with tls.open_tls(tmp_path, "127.0.0.1") as second:
        renewed = second.ca_file.read_bytes()
    assert renewed != kept
    monkeypatch.setattr("tencentserverless.local.http.tls._NAMES", ("localhost",))
    with tls.open_tls(tmp_path, "127.0.0.1") as third:
        assert third.ca_file.read_bytes() != renewed


IDENTITY = make_identity("127.0.0.1", utc_now())


@pytest.mark.parametrize(
    "content", [b"", b"not a certificate", IDENTITY.server_pem, IDENTITY.authority_pem, IDENTITY.pem[:-90]]
)
def test_a_spoiled_file_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "scf-local-server.pem").write_bytes(content)
    with pytest.raises(StartupError, match="remove it, and a new one is made") as refusal, tls.open_tls(tmp_path, "h"):
        pass
    assert refusal.value.reason is Reason.STATE
    assert "PRIVATE" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_parts_of_two_identities_are_none():
    other = make_identity("127.0.0.1", utc_now())
    with pytest.raises(ValueError, match="another authority has signed"):
        Identity(IDENTITY.server_pem + other.authority_pem)
    certificate = IDENTITY.server_pem.partition(b"-----BEGIN PRIVATE")[0]
    key = b"-----BEGIN PRIVATE" + other.server_pem.partition(b"-----BEGIN PRIVATE")[2]
    with pytest.raises(ValueError, match="the key is not the certificate's"):
        Identity(certificate + key + IDENTITY.authority_pem)
