"""How Tencent's own client is led to a target. What it does there is in the tests of the commands."""

import socket
import threading
from base64 import b64encode

import pytest

from tencentserverless.cli.api.actions import Api, wait_until
from tencentserverless.cli.api.target import Place, choose_target
from tencentserverless.exception import TencentCloudSDKException
from tests.peer import Peer, http_answer

KEYS = {"TENCENTCLOUD_SECRET_ID": "AKIDexample", "TENCENTCLOUD_SECRET_KEY": "secret"}


@pytest.fixture(autouse=True)
def around_us(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "TENCENTCLOUD_SECRETID", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def refuse_tunnel(request):
    return b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"


def test_a_proxy_hears_its_password(monkeypatch):
    heard = []

    def refuse(listener):
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(65536).decode())
            connection.sendall(refuse_tunnel(None))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(TencentCloudSDKException):
            Api(choose_target(Place())).call("ListFunctions")
        thread.join()
    assert heard[0].startswith("CONNECT scf.tencentcloudapi.com:443 ")
    assert b64encode(b"user:p@ss").decode() in heard[0]


def test_loopback_is_never_proxied(monkeypatch):
    with Peer(answer=refuse_tunnel) as proxy, Peer(answer=lambda _: http_answer('{"Response": {"a": 1}}')) as peer:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
        assert Api(choose_target(Place())).call("ListFunctions") == {"a": 1}
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http_answer("<html>"), "is no JSON with a Response"),
        (http_answer("[]"), "is no JSON with a Response"),
        (http_answer('{"Response": null}'), "is no JSON with a Response"),
        (http_answer("<p>" * 1000, "404 Not Found"), "ServerNetworkError"),
    ],
)
def test_what_is_not_the_api_is_told_in_one_line(answer, words, run_scf):
    with Peer(answer=lambda _: answer) as peer:
        done = run_scf("functions", "list", env={**KEYS, "TENCENTSERVERLESS_ENDPOINT_URL": peer.url})
    assert (done.returncode, done.stdout) == (12, "")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert len(done.stderr) < 1000


def test_waiting_ends_when_it_is_so_or_when_the_time_is_up():
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), 10, 0.001)
    assert not wait_until(lambda: False, 0.01, 0.001)
