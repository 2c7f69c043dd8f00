"""Proxies of every kind, on both faces; python-socks judges the SOCKS5 of ours, and of the proxy in the tests."""

# ruff: noqa: SIM117  # 3.6 has no parentheses around several contexts

import asyncio
import os
import ssl

import pytest

from tencentserverless import aio, exception, scf
from tencentserverless.models import Verdict
from tests.peer import KEYS, Channel, Peer, http_answer, ok, unused_port
from tests.proof.campaign import run_on_new_loop
from tests.proxies import Socks5Proxy, Tunnel
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

trustme = pytest.importorskip("trustme")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

AUTHORITY = trustme.CA()
HOST = "scf.tencentcloudapi.com"
BIG = "x" * 3_000_000


def by_thread(count: int = 1, data: object = None, **options: "Any") -> "Any":
    with scf.Client(**dict(KEYS, **options)) as client:
        return [client.invoke("f", data=data) for _ in range(count)]


def by_map(count: int = 1, data: object = None, **options: "Any") -> "Any":
    with scf.Client(**dict(KEYS, **options)) as client:
        return list(client.map("f", [data] * count, concurrency=1))


def by_task(count: int = 1, data: object = None, **options: "Any") -> "Any":
    async def main() -> "Any":
        async with aio.AsyncClient(**dict(KEYS, **options)) as client:
            return [await client.invoke("f", data=data) for _ in range(count)]

    return run_on_new_loop(main())


def by_uvloop(count: int = 1, data: object = None, **options: "Any") -> "Any":
    async def main() -> "Any":
        async with aio.AsyncClient(**dict(KEYS, **options)) as client:
            return [await client.invoke("f", data=data) for _ in range(count)]

    return pytest.importorskip("uvloop").run(main())


on_each_face = pytest.mark.parametrize("call", [by_thread, by_map, by_task, by_uvloop])


def fail(call: "Any", **options: "Any") -> "Any":
    options.setdefault("max_attempts", 1)
    with pytest.raises(exception.ConnectError) as caught:
        call(**options)
    assert caught.value.executed is Verdict.NO
    return caught.value


def server_side(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def ca_file(tmp_path: "os.PathLike[str]") -> str:
    path = os.path.join(str(tmp_path), "ca.pem")
    AUTHORITY.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def target() -> "Iterator[Peer]":
    """Stands for the cloud's endpoint."""
    with Peer(tls=server_side(HOST)) as peer:
        yield peer


@on_each_face
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 Connection established\r\nProxy-agent: nginx\r\n\r\n",
        b"HTTP/1.1 200 Connection Established\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 299 Fine\r\n\r\n",
    ],
)
def test_any_2xx_to_connect_is_a_tunnel(target: Peer, ca_file: str, call: "Any", answer: bytes) -> None:
    with Tunnel(target, answer=answer) as proxy:
        assert call(2, proxy=proxy.url, ca_file=ca_file) == ['"ok"', '"ok"']
    assert proxy.accepts == 1


@on_each_face
def test_tls_to_the_proxy_and_tls_to_the_endpoint_inside(target: Peer, ca_file: str, call: "Any") -> None:
    with Tunnel(target, user="user:word", tls=server_side("127.0.0.1")) as proxy:
        url = "https://user:word@" + proxy.address
        assert call(3, proxy=url, ca_file=ca_file) == ['"ok"'] * 3
    assert proxy.accepts == 1
    assert [request.target for request in proxy.requests] == [HOST + ":443"]
    assert [request.headers["host"] for request in target.requests] == [HOST] * 3


@on_each_face
def test_large_bodies_pass_whole_through_tls_in_tls(ca_file: str, call: "Any") -> None:
    big = '"' + "y" * 3_000_000 + '"'
    with Peer(tls=server_side(HOST), answer=lambda request: ok(big)) as target:
        with Tunnel(target, tls=server_side("127.0.0.1")) as proxy:
            assert call(2, data=BIG, proxy=proxy.url, ca_file=ca_file) == [big, big]
    assert [request.fields["Event"] for request in target.requests] == ['"' + BIG + '"'] * 2


@on_each_face
def test_an_answer_that_ends_with_the_connection_is_read_through_tls_in_tls(ca_file: str, call: "Any") -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        channel.send(ok().replace(b"Content-Length", b"X-Length"))

    with Peer(script, tls=server_side(HOST)) as target, Tunnel(target, tls=server_side("127.0.0.1")) as proxy:
        assert call(proxy=proxy.url, ca_file=ca_file) == ['"ok"']


@on_each_face
def test_a_connection_that_ends_inside_tls_in_tls_is_maybe(ca_file: str, call: "Any") -> None:
    with Peer(lambda channel: channel.read_request() and None, tls=server_side(HOST)) as target:
        with Tunnel(target, tls=server_side("127.0.0.1")) as proxy, pytest.raises(exception.NetworkError) as caught:
            call(proxy=proxy.url, ca_file=ca_file)
    assert caught.value.executed is Verdict.MAYBE


@on_each_face
def test_a_plain_endpoint_is_reached_through_a_proxy_with_tls(ca_file: str, call: "Any") -> None:
    with Peer() as target, Tunnel(target, tls=server_side("127.0.0.1")) as proxy:
        assert call(2, endpoint="http://scf.example", proxy=proxy.url, ca_file=ca_file) == ['"ok"', '"ok"']
    assert proxy.accepts == 1


@on_each_face
def test_a_timeout_in_the_middle_of_sending_through_tls_in_tls_did_not_run(ca_file: str, call: "Any") -> None:
    with Peer(Channel.wait_for_end, tls=server_side(HOST)) as target:
        with Tunnel(target, tls=server_side("127.0.0.1"), takes=100000) as proxy:
            with pytest.raises(exception.DeadlineExceeded) as caught:
                call(data=BIG * 2, proxy=proxy.url, ca_file=ca_file, timeout=1.0, max_attempts=1)
            target.close()
    assert caught.value.executed is Verdict.NO
    assert "was being sent" in caught.value.message


@on_each_face
@pytest.mark.parametrize("name", ["other.example", HOST])
def test_the_certificate_of_the_proxy_is_checked(target: Peer, ca_file: str, call: "Any", name: str) -> None:
    with Tunnel(target, tls=server_side(name)) as proxy:
        error = fail(call, proxy=proxy.url, ca_file=ca_file)
    assert "cannot make a secure connection to the proxy {}".format(proxy.address) in error.message
    assert proxy.requests == []


@on_each_face
def test_the_certificate_inside_the_tunnel_is_checked_too(ca_file: str, call: "Any") -> None:
    with Peer(tls=server_side("other.example")) as false_target:
        with Tunnel(false_target, tls=server_side("127.0.0.1")) as proxy:
            error = fail(call, proxy=proxy.url, ca_file=ca_file)
    assert "cannot make a secure connection to {}:443".format(HOST) in error.message
    assert false_target.requests == []


@on_each_face
def test_a_proxy_with_tls_that_refuses_is_quoted(target: Peer, ca_file: str, call: "Any") -> None:
    with Tunnel(target, user="user:right", tls=server_side("127.0.0.1")) as proxy:
        error = fail(call, proxy="https://user:wrong@" + proxy.address, ca_file=ca_file)
    assert "HTTP status 407 who are you?" in error.message
    assert "wrong" not in str(error)


@on_each_face
@pytest.mark.parametrize("end", [Channel.close, Channel.reset])
def test_a_proxy_with_tls_that_hangs_up_did_not_run_it(ca_file: str, call: "Any", end: "Any") -> None:
    def script(channel: Channel) -> None:
        channel.read_request()
        end(channel)

    with Peer(script, tls=server_side("127.0.0.1")) as proxy:
        error = fail(call, proxy=proxy.url, ca_file=ca_file)
    assert proxy.address in error.message


@on_each_face
@pytest.mark.parametrize("kind", ["socks5", "socks5h"])
@pytest.mark.parametrize("user", ["", "us\u00e4r:p:w"])
def test_a_socks5_proxy_leads_to_the_endpoint(ca_file: str, call: "Any", kind: str, user: str) -> None:
    """``socks5`` gets an address, which is looked up here, and ``socks5h`` the name."""
    endpoint = "https://localhost" if kind == "socks5" else None
    with Peer(tls=server_side("localhost" if endpoint else HOST)) as target, Socks5Proxy(target, user) as proxy:
        url = "{}://{}{}".format(kind, "us%C3%A4r:p:w@" if user else "", proxy.address)
        if endpoint:  # loopback is never proxied, so the name is one that a test may look up
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("tencentserverless.config.is_loopback", lambda host: False)
                assert call(2, proxy=url, ca_file=ca_file, endpoint=endpoint) == ['"ok"', '"ok"']
            assert proxy.goals[0][0] in (bytes((127, 0, 0, 1)), bytes(15) + b"\x01")
        else:
            assert call(2, proxy=url, ca_file=ca_file) == ['"ok"', '"ok"']
            assert proxy.goals == [(HOST.encode("ascii"), 443)]
    assert proxy.accepts == 1


@on_each_face
@pytest.mark.parametrize("reply", [1, 2, 5, 8])
def test_the_refusal_of_a_socks5_proxy_is_in_words(target: Peer, call: "Any", reply: int) -> None:
    with Socks5Proxy(target, reply=reply) as proxy:
        error = fail(call, proxy="socks5h://" + proxy.address)
    assert "the proxy {} refused the tunnel to {}:443: ".format(proxy.address, HOST) in error.message
    assert "(SOCKS5 reply {})".format(reply) in error.message


@on_each_face
def test_a_wrong_password_for_socks5_is_not_tried_again_and_not_shown(target: Peer, call: "Any") -> None:
    with Socks5Proxy(target, "user:right") as proxy:
        error = fail(call, proxy="socks5h://user:wrong@" + proxy.address, max_attempts=3)
        assert len(error.attempts) == 1
        assert "did not accept the user and password" in error.message
        assert "wrong" not in str(error)
        assert "give user:password@" in fail(call, proxy="socks5h://" + proxy.address).message


@on_each_face
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad\r\n\r\n", b""], ids=["HTTP", "nothing"])
def test_what_is_no_socks5_proxy_did_not_run_it(call: "Any", answer: bytes) -> None:
    def script(channel: Channel) -> None:
        channel.sock.recv(100)
        channel.send(answer)

    with Peer(script) as proxy:
        error = fail(call, proxy="socks5h://" + proxy.address)
    assert proxy.address in error.message


@pytest.mark.parametrize("user", ["", "user:pass"])
@pytest.mark.parametrize("host", ["scf.example", "10.1.2.3", "fd00::1"])
def test_python_socks_says_the_same_bytes(user: str, host: str) -> None:
    """It is a client of SOCKS5 that others use."""
    python_socks = pytest.importorskip("python_socks.sync")
    with Peer() as target, Socks5Proxy(target, user) as proxy:
        url = "{}{}".format(user + "@" if user else "", proxy.address)
        judge = python_socks.Proxy.from_url("socks5://" + url, rdns=True)
        judge.connect(host, 443, timeout=10).close()
        shown = "[{}]".format(host) if ":" in host else host
        for call in (by_thread, by_task):
            endpoint = "http://{}:443".format(shown)
            assert call(proxy="socks5h://" + url, endpoint=endpoint) == ['"ok"']
    assert len(set(proxy.said)) == 1
    assert len(proxy.said) == 3


FAULTY = {
    "ftp://u:hidden@proxy.example": "is of no kind that is known",
    "socks4://u:hidden@proxy.example": "is of no kind that is known",
    "http://u:hidden@proxy.example:99999": "has no usable port",
    "http://u:hidden@": "has no usable host name",
    "socks5://u:hidden@proxy.example:99999": "'socks5://***@proxy.example:99999' has no usable port",
    "https://u:hidden@": "'https://***@' has no usable host name",
}


@on_each_face
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("url", FAULTY)
def test_a_proxy_that_cannot_be_used_fails_the_calls_that_need_it(
    call: "Any", name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, url)
    error = fail(call, max_attempts=3)
    assert "{} '".format(name) in error.message
    assert FAULTY[url] in error.message
    assert "hidden" not in str(error)
    assert len(error.attempts) == 1
    with Peer() as peer:
        assert call(endpoint=peer.url) == ['"ok"'], "loopback is never proxied"


@on_each_face
def test_every_failure_through_a_proxy_names_its_variable(call: "Any", monkeypatch: pytest.MonkeyPatch) -> None:
    address = "127.0.0.1:{}".format(unused_port())
    for kind in ("http", "https", "socks5h"):
        monkeypatch.setenv("HTTPS_PROXY", "{}://{}".format(kind, address))
        assert "through the proxy {} of HTTPS_PROXY".format(address) in fail(call).message
    monkeypatch.setenv("HTTPS_PROXY", "http://no-such-host.invalid:1")
    assert "cannot look up the proxy no-such-host.invalid:1 of HTTPS_PROXY" in fail(call).message
    answer = http_answer("no", "403 Forbidden")
    with Peer(answer=lambda request: answer) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert "the proxy {} of HTTPS_PROXY refused the tunnel".format(proxy.address) in fail(call).message


@on_each_face
@pytest.mark.parametrize("kind", ["http", "https", "socks5h"])
def test_a_proxy_that_says_nothing_ends_with_the_time_that_passes_first(call: "Any", kind: str, ca_file: str) -> None:
    def stay(channel: Channel) -> None:
        channel.wait_for_end()

    with Peer(stay) as proxy:
        options: "Any" = {"proxy": "{}://{}".format(kind, proxy.address), "ca_file": ca_file, "max_attempts": 1}
        with pytest.raises(exception.ConnectTimeout, match="took too long") as caught:
            call(connect_timeout=0.2, **options)
        assert caught.value.executed is Verdict.NO
        with pytest.raises(exception.DeadlineExceeded, match="took too long") as late:
            call(timeout=0.2, **options)
        assert late.value.executed is Verdict.NO


def test_a_task_that_is_cancelled_in_tls_in_tls_leaves_no_connection(target: Peer, ca_file: str) -> None:
    def stay(channel: Channel) -> None:
        channel.read_request()
        channel.wait_for_end()

    async def main(url: str) -> None:
        async with aio.AsyncClient(proxy=url, ca_file=ca_file, **KEYS) as client:
            call = asyncio.ensure_future(client.invoke("f"))
            while not proxy.requests:  # noqa: ASYNC110  # a thread of the peer notes them
                await asyncio.sleep(0.01)
            call.cancel()
            await asyncio.wait([call])
            assert call.cancelled()

    with Peer(stay, tls=server_side("127.0.0.1")) as proxy:
        run_on_new_loop(main(proxy.url))
        proxy.wait_until(lambda peer: peer.open_connections == 0)
