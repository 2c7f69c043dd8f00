"""The web request behind a call: of a web function, and of an event function behind a URL."""

import json

import msgspec
import pytest

from tencentserverless.local.dashboard.web_facts import web_facts
from tencentserverless.local.invocations.history import InvocationRecord
from tencentserverless.local.registry.function_version import FunctionKey
from tests.local.dashboard.visiting import check_schema

KEY = FunctionKey("ap-guangzhou", "default", "web")
EVENT = {
    "httpMethod": "POST",
    "path": "/a",
    "queryString": {"x": "1", "y": "2"},
    "headers": {"host": "h", "cookie": "c=1", "authorization": "secret"},
    "body": "ü",
}


def record(**values):
    return InvocationRecord(KEY, "$LATEST", "id", 1.0, 128, status=0, **values)


def of_app(status, *headers):
    facts = {"method": "GET", "url": "/a?b=1", "status": status, "request_headers": [["host", "h"]]}
    return msgspec.json.encode({**facts, "answer_headers": headers, "request_bytes": 1, "answer_bytes": 2})


@pytest.mark.parametrize(
    ("web", "stream"),
    [
        (of_app(200, ["Content-Length", "2"]), ""),
        (of_app(200, ["content-type", "text/event-stream; charset=utf-8"]), "sse"),
        (of_app(200, ["Transfer-Encoding", "chunked"]), "chunked"),
        (of_app(101, ["Upgrade", "websocket"]), "websocket"),
        (of_app(None), ""),
    ],
)
def test_a_web_functions_request_is_shown_with_the_kind_of_its_answer(web, stream):
    found = web_facts(record(web=web))
    check_schema("WebFacts", found)
    assert (found["stream"], found["response_bytes"]) == (stream, 2)


def test_an_event_functions_request_is_read_from_its_event():
    answer = json.dumps({"statusCode": 201, "headers": {"x": "1", "Set-Cookie": "s=1"}, "body": "done"})
    found = web_facts(record(origin="url", event=json.dumps(EVENT).encode(), message=answer))
    check_schema("WebFacts", found)
    assert (found["method"], found["url"], found["status"]) == ("POST", "/a?x=1&y=2", 201)
    assert found["request_headers"] == [["host", "h"], ["cookie", "(covered)"], ["authorization", "(covered)"]]
    assert found["response_headers"] == [["x", "1"], ["Set-Cookie", "(covered)"]]
    assert (found["request_bytes"], found["response_bytes"]) == (2, 4)


def test_a_failure_and_a_plain_answer_have_what_is_known():
    plain = web_facts(record(origin="url", event=json.dumps(EVENT).encode(), message='"hello"'))
    assert (plain["status"], plain["response_headers"], plain["response_bytes"]) == (200, [], 7)
    failed = record(origin="url", event=json.dumps(EVENT).encode(), message="{}")
    failed.status = 430
    found = web_facts(failed)
    check_schema("WebFacts", found)
    assert (found["status"], found["response_bytes"]) == (None, 0)


@pytest.mark.parametrize(
    ("origin", "event"), [("api", json.dumps(EVENT)), ("url", "no JSON"), ("url", "[1]"), ("url", "{}"), ("url", None)]
)
def test_other_calls_have_none(origin, event):
    assert web_facts(record(origin=origin, event=None if event is None else event.encode())) is None
