"""Event functions behind URLs: the whole way, from a request to its answer."""

import http.client
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from tencentserverless.local.control import ask as ask_server
from tests.conftest import wait_until
from tests.local.web.urls import OPEN, Caller, ask, put_url

MIB = 1024 * 1024


def echoed(got):
    assert got.status == 200, got
    return got.json


def test_the_event_is_the_documented_one_and_the_answer_its_json(served):
    got = ask(served.url("echo", "/a%20b?x=1&x=2"), "POST", "hello", {"X-One": "ü".encode().decode("latin-1")})
    assert got.values("content-type") == ["application/json"]
    (request_id,) = got.values("x-scf-request-id")
    assert len(request_id) == 36
    assert echoed(got) == {
        "body": "hello",
        "headers": {
            "host": urlsplit(served.url("echo")).netloc,
            "x-one": "ü",
            "content-length": "5",
            "x-scf-remote-addr": "127.0.0.1",
        },
        "httpMethod": "POST",
        "path": "/a%20b",
        "queryString": {"x": "2"},
    }


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_reaches_the_function(served, method):
    assert echoed(ask(served.url("echo"), method))["httpMethod"] == method


def test_head_has_the_head_of_the_answer_alone(served):
    with Caller(served.url("echo")) as caller:
        for _ in range(3):
            got = caller("HEAD")
            assert (got.status, got.body) == (200, b"")
            assert int(got.values("content-length")[0]) > 0
        assert echoed(caller("GET"))["httpMethod"] == "GET"


def test_an_integration_answer_with_cookies(served):
    answer = {"statusCode": 302, "headers": {"Location": "/x", "Set-Cookie": ["a=1", "b=2; Path=/"]}, "body": "go"}
    got = ask(served.url("say"), "POST", json.dumps(answer))
    assert (got.status, got.reason, got.body) == (302, "Found", b"go")
    assert got.values("set-cookie") == ["a=1", "b=2; Path=/"]
    assert got.values("location") == ["/x"]


def test_an_answer_without_a_body_keeps_the_connection(served):
    with Caller(served.url("say")) as caller:
        got = caller("POST", json.dumps({"statusCode": 204, "headers": {"X-A": "1"}}))
        assert (got.status, got.body, got.values("content-length"), got.values("x-a")) == (204, b"", [], ["1"])
        assert caller("POST", json.dumps({"statusCode": 200, "body": "next"})).body == b"next"


def test_bytes_go_both_ways_where_the_trigger_says_so(served):
    data = bytes(range(256))
    event = echoed(ask(served.url("full"), "POST", data))
    assert event["isBase64Encoded"] is True
    assert event["requestContext"]["sourceIp"] == "127.0.0.1"
    answer = {"statusCode": 200, "isBase64Encoded": True, "body": event["body"], "headers": {"Content-Type": "a/b"}}
    got = ask(served.url("fullsay"), "POST", json.dumps(answer))
    assert (got.body, got.values("content-type")) == (data, ["a/b"])


def test_bytes_that_the_plain_event_can_not_hold_are_told_on_the_console_once(served):
    for _ in range(2):
        assert echoed(ask(served.url("echo"), "POST", b"\xff"))["body"] == "\ufffd"
    log = served.scf.settled_stderr()
    assert log.count("[echo] got a body that is no text in UTF-8") == 1
    assert "ApiGwCompatible true" in log


def test_an_answer_that_is_none_where_one_is_asked_for_is_json_and_told_on_the_console(served):
    got = ask(served.url("fullsay"), "POST", json.dumps({"no": "answer"}))
    assert (got.status, got.json) == (200, {"no": "answer"})
    assert '[fullsay] returned no statusCode, so its caller got JSON; to answer with more, return {"statusCode"' in (
        served.scf.settled_stderr()
    )


def test_a_function_that_fails_answers_with_its_status(served):
    got = ask(served.url("fail"))
    assert (got.status, got.reason) == (430, "status code 430")
    found = got.json
    assert (found["errorCode"], found["statusCode"]) == (-1, 430)
    assert [found["requestId"]] == got.values("x-scf-request-id")
    assert "on purpose" not in got.body.decode()  # the traceback is for the console
    assert "on purpose" in served.scf.settled_stderr()


def test_a_function_that_takes_too_long_answers_with_its_status(served):
    got = ask(served.url("slow"))
    assert (got.status, got.reason) == (433, "status code 433")
    assert got.message == "Invoking task timed out after 1 seconds"


def test_requests_of_one_connection_differ_in_their_events(served):
    """The head of the second one is known, and that of the others is another one."""
    url = served.url("echo")
    with Caller(url) as caller:
        first, second = (echoed(caller("POST", body, {"X-A": "1"})) for body in ("one", "seconds"))
        assert (first["body"], second["body"]) == ("one", "seconds")
        assert second["headers"]["content-length"] == "7"
        third = echoed(caller("POST", "three", {"X-A": "2"}, "/other?a=b"))
        assert (third["headers"]["x-a"], third["path"], third["queryString"]) == ("2", "/other", {"a": "b"})
        assert echoed(caller("POST", "", {"X-A": "1"}))["body"] == ""
        assert echoed(caller("POST", b"\xff", {"X-A": "1"}))["body"] == "\ufffd"
        ids = {caller("GET").values("x-scf-request-id")[0] for _ in range(5)}
        assert len(ids) == 5


def test_a_known_head_counts_no_more_when_the_trigger_has_changed(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(tmp_path / "functions")
    url = put_url(server, "it")["ExtranetUrl"]
    fields = {"FunctionName": "it", "TriggerName": "url", "Type": "http"}
    with Caller(url) as caller:
        for _ in range(3):
            assert caller("POST", "{}").status == 200
        assert "Error" not in server.request("UpdateTriggerStatus", {**fields, "Enable": "CLOSE"}).response
        assert caller("POST", "{}").status == 403
    with Caller(url) as caller:
        assert caller("POST", "{}").status == 403
        assert "Error" not in server.request("UpdateTriggerStatus", {**fields, "Enable": "OPEN"}).response
    with Caller(url) as caller:
        assert [caller("GET").status for _ in range(3)] == [200] * 3


def test_six_megabytes_and_no_more(served):
    limit = 6 * MIB
    got = ask(served.url("echo"), "POST", b"x" * (limit - 1024))
    assert len(echoed(got)["body"]) == limit - 1024
    got = ask(served.url("echo"), "POST", b"x" * limit)
    assert got.status == 413
    assert f"the limit is {limit}" in got.message
    with socket.create_connection((served.scf.host, served.scf.port), 20) as connection:
        head = f"POST / HTTP/1.1\r\nHost: {urlsplit(served.url('echo')).netloc}\r\nContent-Length: {limit + 1}\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "errorMessage": f"The body has {limit + 1} bytes, the limit is {limit}.",
        "statusCode": 413,
    }


def test_a_return_value_over_the_limit_is_the_functions_failure(start_local_scf, tmp_path):
    (tmp_path / "functions" / "big").mkdir(parents=True)
    code = "def main_handler(event, context):\n    return 'x' * int(event['body'])\n"
    (tmp_path / "functions" / "big" / "index.py").write_text(code)
    server = start_local_scf(tmp_path / "functions")
    url = put_url(server, "big")["ExtranetUrl"]
    assert len(ask(url, "POST", str(6 * MIB - 2)).body) == 6 * MIB
    got = ask(url, "POST", str(6 * MIB + 1))
    assert got.status >= 400
    assert got.json["statusCode"] == got.status


@pytest.mark.parametrize("filler", ["x" * 100_000, "a: b\r\n" * 20_000], ids=["line", "lines"])
def test_headers_over_the_limit(served, filler):
    with socket.create_connection((served.scf.host, served.scf.port), 20) as connection:
        head = f"GET / HTTP/1.1\r\nHost: {urlsplit(served.url('echo')).netloc}\r\nX-Big: {filler}\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 431 "), answer
    assert b"over the limit, 65536 bytes" in answer


def test_a_query_of_too_many_parameters_is_refused_in_words(served):
    got = ask(served.url("echo", "/?" + "&".join("a" for _ in range(10_001))))
    assert (got.status, "more than 10000 parameters" in got.message) == (414, True)


def test_a_fault_rule_hits_calls_by_url_too(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(tmp_path / "functions")
    url = put_url(server, "it")["ExtranetUrl"]
    for rule, status, words in (
        ({"kind": "throttle", "status": 432}, 432, "by a fault rule"),
        ({"kind": "refuse", "code": "InternalError"}, 500, "A fault rule"),
    ):
        assert ask_server(server.env, "PUT", "faults", {"rules": [{**rule, "first": 1}]})[0] == 200
        got = ask(url)
        assert (got.status, words in got.message, "requestId" in got.json) == (status, True, False)
        assert ask(url).json == 1
    assert ask_server(server.env, "PUT", "faults", {"rules": [{"kind": "lost", "first": 1}]})[0] == 200
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(url)


def test_a_function_with_async_run_enable_is_only_accepted(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    mark = tmp_path / "mark"
    (tmp_path / "functions" / "it" / "index.py").write_text(
        f"def main_handler(event, context):\n    open({str(mark)!r}, 'w').write(event['body'])\n"
    )
    (tmp_path / "functions" / "it" / "serverless.yml").write_text(
        "component: scf\nname: it\ninputs: {name: it, src: ., runtime: Python3.10, asyncRunEnable: true}\n"
    )
    server = start_local_scf(tmp_path / "functions")
    got = ask(put_url(server, "it")["ExtranetUrl"], "POST", "later")
    assert (got.status, [got.json["requestId"]]) == (200, got.values("x-scf-request-id"))
    wait_until(lambda: mark.exists() and mark.read_text() == "later")


def test_a_version_behind_a_weighted_alias_is_chosen_by_each_call(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    code = "def main_handler(event, context):\n    return context['function_version']\n"
    (tmp_path / "functions" / "it" / "index.py").write_text(code)
    server = start_local_scf(tmp_path / "functions")
    for _ in range(2):
        assert "Error" not in server.request("PublishVersion", {"FunctionName": "it"}).response
    routing = {"AdditionalVersionWeights": [{"Version": "2", "Weight": 0.5}]}
    fields = {"FunctionName": "it", "Name": "split", "FunctionVersion": "1", "RoutingConfig": routing}
    assert "Error" not in server.request("CreateAlias", fields).response
    url = put_url(server, "it", OPEN, Qualifier="split")["ExtranetUrl"]
    found, deadline = set(), time.monotonic() + 20
    with Caller(url) as caller:
        while found != {"1", "2"}:
            assert time.monotonic() < deadline
            found.add(caller("POST", "").json)
