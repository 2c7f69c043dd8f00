"""Trust, sessions and TLS over bytes. tests/_sync/test_tls.py has what is accepted, tests/parity what is resumed."""

import os
import shutil
import ssl
from types import SimpleNamespace

import pytest

from tencentserverless._base import tls
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTHORITY = trustme.CA()


def test_one_tls_context_serves_each_choice_of_trust(tmp_path: "os.PathLike[str]") -> None:
    folder = str(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tls, "_contexts", {})
        context = tls.tls_context(folder)
        assert tls.tls_context(folder) is context
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        patch.setenv("SSL_CERT_DIR", folder)
        assert tls.tls_context(folder) is not context


@pytest.fixture
def system(tmp_path: "os.PathLike[str]", monkeypatch: pytest.MonkeyPatch) -> "Any":
    """A system whose bundle and folder of roots are given: (certificates of the bundle, names in the folder)."""

    def give(bundled: int, names: "list[str]") -> ssl.SSLContext:
        folder = os.path.join(str(tmp_path), "certs")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        for name in names:
            AUTHORITY.cert_pem.write_to_path(os.path.join(folder, name))
        bundle = os.path.join(str(tmp_path), "bundle.pem")
        with open(bundle, "wb") as file:
            file.write(b"".join(trustme.CA().cert_pem.bytes() for _ in range(bundled)))
        real = ssl.get_default_verify_paths()
        paths = real._replace(cafile=bundle if bundled else None, capath=folder)
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
        monkeypatch.setattr(tls, "_contexts", {})

        def load(context: ssl.SSLContext, *_: object) -> None:
            context.load_verify_locations(paths.cafile, paths.capath)

        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", load)
        return tls.tls_context(None)

    return give


def test_a_folder_that_has_all_roots_is_read_on_demand(system: "Any") -> None:
    """A bundle costs every cold start 15 ms."""
    assert system(2, ["0a1b2c3d.0", "0a1b2c3e.0", "README"]).cert_store_stats()["x509_ca"] == 0
    assert system(0, ["0a1b2c3d.0"]).cert_store_stats()["x509_ca"] == 0


@pytest.mark.parametrize("names", [["0a1b2c3d.0"], ["readme.pem"], []], ids=["one of two", "no hashed name", "none"])
def test_a_folder_with_fewer_roots_does_not_hide_the_bundle(system: "Any", names: "list[str]") -> None:
    assert system(2, names).cert_store_stats()["x509_ca"] == 2


def test_sessions_are_kept_for_few_hosts() -> None:
    context = tls.TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    connection: "Any" = SimpleNamespace(session=object(), session_reused=False)
    for number in range(tls.MAX_SESSIONS * 3):
        context.note_answer("host{}".format(number), connection)
        assert len(context.sessions) <= tls.MAX_SESSIONS
    connection.session = None
    context.note_answer("host", connection)
    assert context.find_session("host") is None
    last = "host{}".format(tls.MAX_SESSIONS * 3 - 1)
    assert context.forget(last)
    assert not context.forget(last)


class Pair:
    """A client's layer and its server, joined by bytes."""

    def __init__(self, context: tls.TlsContext, server: ssl.SSLContext) -> None:
        self._into, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(self._into, self._out, server_side=True)
        self.client = tls.TlsLayer(context, "scf.example")
        is_served = is_done = False
        while not (is_served and is_done):
            is_done = self.client.try_handshake()
            self.pass_on()
            try:
                self.server.do_handshake()
                is_served = True
            except ssl.SSLWantReadError:
                pass
            self.pass_back()

    def pass_on(self) -> None:
        self._into.write(self.client.take_outgoing())

    def pass_back(self) -> None:
        data = self._out.read()
        if data:
            self.client.feed(data)


@pytest.fixture
def sides(tmp_path: "os.PathLike[str]") -> "tuple[tls.TlsContext, ssl.SSLContext]":
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("scf.example").configure_cert(server)
    roots = os.path.join(str(tmp_path), "roots.pem")
    AUTHORITY.cert_pem.write_to_path(roots)
    return tls.tls_context(roots), server


def test_a_layer_carries_bytes_both_ways(sides: "Any") -> None:
    pair = Pair(*sides)
    big = bytes(range(256)) * 400
    left = memoryview(big)
    while left:
        left = left[pair.client.write(left) :]
    pair.pass_on()
    got = b""
    while len(got) < len(big):
        read = pair.server.read(100000)
        assert read, len(got)
        got += read
    assert got == big
    pair.server.write(b"first")
    pair.server.write(b"second")
    pair.pass_back()
    assert pair.client.read() == (b"firstsecond", False)
    assert pair.client.read() == (b"", False)


def test_a_layer_resumes_the_session_that_came_with_the_first_bytes(sides: "Any") -> None:
    context, _ = sides
    for is_resumed in (False, True):
        pair = Pair(*sides)
        assert pair.client._tls.session_reused is is_resumed
        pair.server.write(b"x")
        pair.pass_back()
        assert pair.client.read() == (b"x", False)
        assert list(context.sessions) == ["scf.example"]


def test_a_session_that_is_resumed_is_read_anew_once_it_is_old(sides: "Any", monkeypatch: pytest.MonkeyPatch) -> None:
    """To read one costs a tenth of a handshake."""
    context, _ = sides
    now = [0.0]
    monkeypatch.setattr(tls, "monotonic", lambda: now[0])
    seen = []
    for now[0] in (0.0, 50.0, 70.0, 100.0):
        pair = Pair(*sides)
        pair.server.write(b"x")
        pair.pass_back()
        pair.client.read()
        seen.append(context.sessions["scf.example"][1])
    assert seen == [0.0, 0.0, 70.0, 70.0]


@pytest.mark.parametrize("is_clean", [True, False], ids=["closing message", "ragged"])
def test_a_layer_tells_the_end_with_the_bytes_before_it(sides: "Any", is_clean: bool) -> None:
    pair = Pair(*sides)
    pair.server.write(b"last")
    if is_clean:
        with pytest.raises(ssl.SSLWantReadError):
            pair.server.unwrap()
    pair.pass_back()
    if not is_clean:
        pair.client.feed(b"")
    assert pair.client.read() == (b"last", True)


def test_a_session_after_which_nothing_came_is_not_resumed_again(sides: "Any") -> None:
    context, _ = sides
    pair = Pair(*sides)
    pair.server.write(b"x")
    pair.pass_back()
    pair.client.read()
    second = Pair(*sides)
    second.client.feed(b"")
    assert second.client.read() == (b"", True)
    assert context.sessions == {}


def test_damaged_bytes_are_an_error(sides: "Any") -> None:
    pair = Pair(*sides)
    pair.client.feed(b"\x17\x03\x03\x00\x05abcde")
    with pytest.raises(ssl.SSLError):
        pair.client.read()
