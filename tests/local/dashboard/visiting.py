"""A browser, as far as its requests go: it signs in and asks. Each answer is held against the contract."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from jsonschema import Draft202012Validator

import tencentserverless.local
from tests.conftest import LocalScf, ask, wait_until

CONTRACT = json.loads(
    (Path(tencentserverless.local.__file__).parent / "dashboard" / "openapi.json").read_text(encoding="utf-8")
)
REGION = "ap-guangzhou"
ANSWER_SECONDS = 20
API = "/_local/api/"


class Got(NamedTuple):
    """An answer; headers by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal."""
        check_schema("Refusal", self.value)
        return self.value["code"]


def check_schema(name: str, value: object) -> None:
    """Check a value against a schema of the contract."""
    check_value({"$ref": f"#/components/schemas/{name}"}, value)


def check_value(schema: dict[str, Any], value: object) -> None:
    """Check a value against a schema that may name others of the contract."""
    Draft202012Validator({**schema, "components": CONTRACT["components"]}).validate(value)


def send(server: LocalScf, method: str, path: str, body: object = None, **headers: str) -> Got:
    """Send a request on a connection of its own; ``_`` in the name of a header stands for ``-``."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=ANSWER_SECONDS)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, named)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, found, answer.read())
    finally:
        connection.close()


def link_of(server: LocalScf) -> str:
    """The path of a new link."""
    status, found = ask(server.env, "POST", "links")
    assert status == 200, found
    return found["url"].removeprefix(server.url)


class Visitor:
    """A browser that has signed in. Answers are held against the contract."""

    def __init__(self, server: LocalScf) -> None:
        self.server = server
        entered = send(server, "GET", link_of(server))
        assert (entered.status, entered.headers["location"]) == (303, "/_local/")
        self.cookie: str = entered.headers["set-cookie"].partition(";")[0]
        self.csrf: str = self.get("session")["csrf_token"]

    def ask(self, method: str, place: str, body: object = None, **query: object) -> Got:
        """Send a request for the JSON API as a page does."""
        headers = {"Cookie": self.cookie}
        if method != "GET":
            headers |= {"Origin": self.server.url, "X_Scf_Csrf": self.csrf}
        path = f"{API}{place}{'?' if query else ''}{urlencode(query)}"
        got = send(self.server, method, path, body, **headers)
        operation = CONTRACT["paths"][API + place][method.lower()]
        if got.status != 200:
            check_schema("Refusal", got.value)
        elif "application/json" in (content := operation["responses"]["200"]["content"]):
            check_value(content["application/json"]["schema"], got.value)
            if body is not None and not isinstance(body, bytes):
                check_value(operation["requestBody"]["content"]["application/json"]["schema"], body)
        known = {each["name"] for each in operation.get("parameters", ())}
        assert set(query) <= known, f"the contract of {place} has no {set(query) - known}"
        return got

    def get(self, place: str, **query: object) -> Any:
        """The value of an answer."""
        got = self.ask("GET", place, **query)
        assert got.status == 200, got.body
        return got.value

    def change(self, method: str, place: str, body: object = None) -> Any:
        """Change something; the value of the answer."""
        got = self.ask(method, place, body)
        assert got.status == 200, got.body
        return got.value

    def invoke(self, function: str, event: object, again_of: str = "", **parameters: object) -> dict[str, Any]:
        """Run a function; the Result."""
        named = {"FunctionName": function, "ClientContext": json.dumps(event), **parameters}
        body: dict[str, object] = {"action": "Invoke", "region": REGION, "parameters": named}
        if again_of:
            body["again_of"] = again_of
        result: dict[str, Any] = self.change("POST", "call", body)["Response"]["Result"]
        return result

    def run(self, function: str, request_id: str, **query: object) -> Any:
        """One run, whole."""
        key = {"region": REGION, "namespace": "default", "function": function}
        return self.get("invocation", request_id=request_id, **key, **query)

    @contextmanager
    def stream(self, last_id: str = "") -> "Iterator[Stream]":
        """The stream of changes."""
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=ANSWER_SECONDS)
        headers = {"Cookie": self.cookie, **({"Last-Event-ID": last_id} if last_id else {})}
        connection.request("GET", f"{API}changes", headers=headers)
        answer = connection.getresponse()
        try:
            yield Stream(answer)
        finally:
            answer.close()  # it holds the socket too
            connection.close()


SCHEMAS = {
    "hello": "Hello",
    "invocation": "InvocationChange",
    "output": "OutputChange",
    "function": "FunctionChange",
    "queue": "QueueChange",
    "fault": "FaultChange",
}
_FIELD = re.compile(r"([a-z]+): ?(.*)\Z")


class Stream:
    """Reads server-sent events, as a browser does, and holds each against the contract."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        assert answer.status == 200, answer.read()
        assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
        self._answer = answer
        self.last_id = ""
        self._passed: list[tuple[str, Any]] = []

    def next(self) -> tuple[str, Any]:
        """The next event: its name and its value. ``("", None)`` at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self._answer.readline().decode():
            match = _FIELD.match(line.rstrip("\n"))
            if match:
                fields[match[1]] = match[2]
            elif "data" in fields:
                self.last_id = fields["id"]
                value = json.loads(fields["data"])
                if fields["event"] in SCHEMAS:
                    check_schema(SCHEMAS[fields["event"]], value)
                return fields["event"], value
        return "", None

    def until(self, name: str, is_wanted: Callable[[Any], bool] = lambda value: True) -> Any:
        """Read on to an event that is wanted; its value. What was read on the way may be wanted later."""
        deadline = time.monotonic() + ANSWER_SECONDS
        passed, self._passed = self._passed, []
        while time.monotonic() < deadline:
            found, value = passed.pop(0) if passed else self.next()
            assert found, f"the stream ended before {name}"
            if found == name and is_wanted(value):
                self._passed += passed
                return value
            self._passed.append((found, value))
        raise AssertionError(f"no {name} that is wanted: {self._passed}")


def settle(visitor: Visitor, name: str, count: int) -> None:
    """Wait until so many runs of a function have ended."""

    def is_so() -> bool:
        rows = visitor.get("invocations", function=name)["items"]
        return sum(row["status"] is not None for row in rows) >= count

    wait_until(is_so)
