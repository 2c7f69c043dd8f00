"""Calls without a signature: what they need, what they give, and what they refuse."""

import http.client
import json

import pytest

from tencentserverless.local.control import ask

CODE = """
import time

def main_handler(event, context):
    if event == "raise":
        raise KeyError("pear")
    if event == "sleep":
        time.sleep(60)
    return {"got": event}

def nothing(event, context):
    return None
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, request):
    from contextlib import ExitStack

    from tests.conftest import Starter

    folder = tmp_path_factory.mktemp("direct") / "functions"
    for name, lines in (("fn", "timeout: 1"), ("later", "asyncRunEnable: true"), ("none", "handler: index.nothing")):
        (folder / name).mkdir(parents=True)
        (folder / name / "index.py").write_text(CODE)
        inputs = f"{{name: {name}, src: ., {lines}, runtime: Python3.10}}"
        (folder / name / "serverless.yml").write_text(f"component: scf\nname: {name}\ninputs: {inputs}\n")
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("server"), stack)(folder)


def post(server, path, body=b"", **headers):
    token = server.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"]
    headers = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_body_is_the_event_and_the_answer_what_the_function_returned(server):
    assert post(server, "/_local/invoke/fn", b'{"a": [1, "\xc3\xa9"]}') == (200, {"got": {"a": [1, "\u00e9"]}})
    assert post(server, "/_local/invoke/fn") == (200, {"got": {}})
    assert post(server, "/_local/invoke/none") == (200, None)


@pytest.mark.parametrize(("event", "status", "platform"), [(b'"raise"', 500, 430), (b'"sleep"', 504, 433)])
def test_a_function_that_fails(server, event, status, platform):
    found, error = post(server, "/_local/invoke/fn", event)
    assert (found, error["statusCode"]) == (status, platform)
    assert ("KeyError: 'pear'" in error.get("stackTrace", "")) == (platform == 430)


def test_an_asynchronous_call_is_accepted(server):
    for path in ("/_local/invoke/fn?type=Event", "/_local/invoke/later"):
        status, found = post(server, path, b"1")
        assert (status, len(found["request_id"])) == (202, 36)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/_local/invoke/nope", b"", 404, "nope"),
        ("/_local/invoke/fn?qualifier=9", b"", 404, "9"),
        ("/_local/invoke/fn?region=ap-shanghai", b"", 404, "fn"),
        ("/_local/invoke/", b"", 400, ""),
        ("/_local/invoke/fn", b"{", 400, "not standard JSON"),
        ("/_local/invoke/fn", b"\xff", 400, "not a text in UTF-8 (byte 0)"),
        ("/_local/invoke/fn?sort=1", b"", 400, "'sort' is no option of a call; there are: namespace"),
        ("/_local/invoke/fn?type=Nothing", b"", 400, "InvocationType"),
        ("/_local/invoke/fn", b"[" * (6 * 1024 * 1024 + 1), 413, "6291456"),
    ],
)
def test_what_is_refused(server, path, body, status, words):
    found, answer = post(server, path, body)
    assert (found, words in answer["error"]) == (status, True), answer


def test_who_may_call(server):
    assert post(server, "/_local/invoke/fn", Authorization="Bearer x")[0] == 401
    assert post(server, "/_local/invoke/fn", Origin="http://127.0.0.1")[0] == 403
    assert post(server, "/_local/invoke/fn", Host="evil.example")[0] == 403


def test_fault_rules_fit_these_calls_too(server):
    ask(server.env, "PUT", "faults", {"rules": [{"kind": "throttle", "function": "fn", "first": 1}]})
    try:
        assert post(server, "/_local/invoke/fn")[0] == 429
        ask(server.env, "PUT", "faults", {"rules": [{"kind": "lost", "function": "fn", "first": 1}]})
        with pytest.raises(http.client.RemoteDisconnected):
            post(server, "/_local/invoke/fn")
        assert post(server, "/_local/invoke/fn")[0] == 200
    finally:
        ask(server.env, "DELETE", "faults")


def test_a_path_of_its_own_is_told_of_the_way(server):
    _, answer = post(server, "/fn")
    assert "POST /_local/invoke/NAME" in answer["Response"]["Error"]["Message"]
