"""The entrance: addresses that lead nowhere any more, closed URLs, and broken requests."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.local.web.urls import OPEN, ask, put_url

FIELDS = {"FunctionName": "it", "TriggerName": "url", "Type": "http"}


@pytest.fixture
def server(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    return start_local_scf(tmp_path / "functions")


def do(server, action, **fields):
    assert "Error" not in server.request(action, {**FIELDS, **fields}).response


def test_a_disabled_url_is_refused_in_words(server):
    url = put_url(server, "it")["ExtranetUrl"]
    do(server, "UpdateTriggerStatus", Enable="CLOSE")
    got = ask(url)
    assert (got.status, "The URL is disabled: its trigger 'url' has Enable CLOSE" in got.message) == (403, True)
    do(server, "UpdateTriggerStatus", Enable="OPEN")
    assert ask(url).json == 1


def test_a_url_that_was_deleted_leads_nowhere_until_it_is_there_again(server):
    url = put_url(server, "it")["ExtranetUrl"]
    do(server, "DeleteTrigger")
    got = ask(url)
    assert (got.status, "scf local status" in got.message) == (404, True)
    assert put_url(server, "it")["ExtranetUrl"] == url
    assert ask(url).json == 1


def test_a_version_that_was_deleted_is_named(server):
    assert "Error" not in server.request("PublishVersion", {"FunctionName": "it"}).response
    url = put_url(server, "it", OPEN, Qualifier="1")["ExtranetUrl"]
    assert ask(url).json == 1
    response = server.request("DeleteFunctionVersion", {"FunctionName": "it", "Qualifier": "1"}).response
    assert "Error" not in response, response
    got = ask(url)
    assert (got.status, "no version or alias '1' any more" in got.message) == (404, True)


def test_a_function_that_was_deleted_has_no_url(server):
    url = put_url(server, "it")["ExtranetUrl"]
    assert "Error" not in server.request("DeleteFunction", {"FunctionName": "it"}).response
    assert ask(url).status == 404


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"CONNECT x.example:443 HTTP/1.1\r\nHost: %s\r\n\r\n", 405, "to no other host"),
        (b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "are no HTTP"),
        (b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 9\r\n\r\n{", 400, "ended the request before"),
        (b"POST / HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n", 400, "are no HTTP"),
    ],
)
def test_a_broken_request_gets_the_words_of_the_url(served, data, status, words):
    with socket.create_connection((served.scf.host, served.scf.port), 20) as connection:
        connection.sendall(data % urlsplit(served.url("echo")).netloc.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (found["statusCode"], words in found["errorMessage"]) == (status, True)


def test_trailers_are_dropped(served):
    parts = urlsplit(served.url("echo"))
    head = f"POST / HTTP/1.1\r\nHost: {parts.netloc}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with socket.create_connection((served.scf.host, served.scf.port), 20) as connection:
        connection.sendall(f"{head}2\r\nhi\r\n0\r\nX-Checksum: abc\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    event = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (event["body"], "x-checksum" in event["headers"]) == ("hi", False)


def test_an_offer_to_upgrade_is_not_taken_by_an_event_function(served):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x"}
    got = ask(served.url("echo"), headers=headers)
    assert (got.status, got.json["httpMethod"]) == (200, "GET")


def test_a_whole_url_in_the_request_line_is_the_path_alone(served):
    url = served.url("echo")
    with socket.create_connection((served.scf.host, served.scf.port), 20) as connection:
        line = f"GET {url}/a?b=c HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nConnection: close\r\n\r\n"
        connection.sendall(line.encode())
        answer = connection.makefile("rb").read()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["path"] == "/a"


@pytest.mark.parametrize("form", ["url", "local"])
def test_letters_that_are_sent_as_they_are_reach_the_function(served, form):
    """curl sends a query as it is given."""
    parts = urlsplit(getattr(served, form)("echo"))
    with socket.create_connection(("127.0.0.1", parts.port), 20) as connection:
        connection.sendall(f"GET {parts.path}/订单?name=茶 HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    event = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (event["path"], event["queryString"]) == ("/%E8%AE%A2%E5%8D%95", {"name": "茶"})
