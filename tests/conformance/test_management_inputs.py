"""Whatever is sent to whatever action: HTTP 200, the envelope, and a code that the platform documents."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tencentserverless.local.actions.table import ACTIONS
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.documented_codes import COMMON, documented
from tests.conformance.management import ECHO, Judge, managed_server, zipped
from tests.conftest import LocalScf
from tests.profiles import examples

REGION = "ap-inputs"
#: Invoke's page lists fewer codes than that of its newer twin, which does the same.
TWIN = documented("InvokeFunction")

#: Values that mean something to one action or another, next to those that mean nothing.
TELLING = [
    *(
        "it",
        "gone",
        "-",
        "default",
        "it-space",
        "main",
        "1",
        "2",
        "$LATEST",
        "$DEFAULT",
        "",
        "x" * 1001,
        "\0",
        "值",
        "a\ud7ff",
    ),
    *(
        "TRUE",
        "FALSE",
        "true",
        "DESC",
        "asc",
        "Event",
        "HTTP",
        "Tail",
        "not0",
        "start_time",
        "AddTime",
        "ZipFile",
        "Cos",
    ),
    *(
        "index.main_handler",
        "../../x.y",
        OWN_RUNTIME,
        "Nodejs16.13",
        "Java8",
        "2020-01-01 00:00:00",
        "9999-99-99 99:99:99",
    ),
    *("{}", '{"User": "5"}', "[" * 5000, "aGVsbG8=", zipped(ECHO), zipped({"../x.py": ""})),
    *(0, 1, -1, 128, 3, 900, 2**31, 2**63, 2**64, 10**30, -(10**30), 0.5, 1e308, True, False, None),
]
LEAVES = (
    st.sampled_from(TELLING) | st.text(max_size=20) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = sorted(
    {field.encode_name for action in ACTIONS.values() for field in msgspec.structs.fields(action.decoder.type)}
    | {"Variables", "Key", "Value", "Version", "Weight", "Method", "Expression", "ZipFile", "Name", "Values", "RetCode"}
    | {
        "AdditionalVersionWeights",
        "AddtionVersionMatchs",
        "WSParams",
        "EipConfig",
        "ImageConfig",
        "DemoId",
        "Colour",
        "",
    }
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


def value_of(kind: Any, is_known: bool = True) -> "st.SearchStrategy[Any]":
    """Values that fit a type of a table, and some that do not."""
    fitting = st.from_type(kind) if kind in (str, int, bool, float) else None
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fitting = parameters_of(kind)
    arguments = [each for each in getattr(kind, "__args__", ()) if each is not type(None)]
    if fitting is None and arguments:
        fitting = value_of(arguments[0])
        if getattr(kind, "__origin__", None) is list:
            fitting = st.lists(fitting, max_size=3)
    return st.one_of(*([LEAVES, fitting, fitting] if fitting is not None else [LEAVES]), TREES)


def parameters_of(table: "type[msgspec.Struct]") -> "st.SearchStrategy[dict[str, Any]]":
    """Objects for a table: often with what it requires, sometimes with what it does not know."""
    fields = msgspec.structs.fields(table)
    required = {field.encode_name: value_of(field.type) for field in fields if field.required}
    optional = {field.encode_name: value_of(field.type) for field in fields if not field.required}
    named = {name: st.just("it") | value for name, value in required.items() if name in ("FunctionName", "Namespace")}
    whole = st.fixed_dictionaries({**required, **named}, optional=optional)
    return whole | whole | st.dictionaries(st.sampled_from(NAMES), TREES, max_size=5)


@st.composite
def requests(draw: Any) -> "tuple[str, Any]":
    action = draw(st.sampled_from(sorted(ACTIONS)))
    return action, draw(parameters_of(ACTIONS[action].decoder.type))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        judge = Judge(started, REGION)
        judge.create("it")
        judge("PublishVersion", FunctionName="it")
        judge("CreateAlias", FunctionName="it", Name="main", FunctionVersion="1")
        judge("CreateNamespace", Namespace="it-space")
        judge.close()
        yield started


def check(server: LocalScf, action: str, body: bytes) -> None:
    answer = server.request(action, body, region=REGION)
    assert answer.status == 200
    assert {name.lower(): value for name, value in answer.headers.items()}["content-type"] == "application/json"
    response = answer.response
    assert response["RequestId"]
    if "Error" in response:
        code, message = response["Error"]["Code"], response["Error"]["Message"]
        allowed = COMMON | TWIN | (documented(action) if action in ACTIONS else frozenset())
        assert code in allowed, (code, message)
        assert not code.startswith("InternalError"), message
        assert "Traceback" not in message
        assert len(message) < 2000


@pytest.mark.campaign
@settings(
    max_examples=examples(600, share=8),
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(requests())
def test_every_action_answers_whatever_it_gets(server, request_of_mine):
    action, parameters = request_of_mine
    check(server, action, json.dumps(parameters).encode())
    assert server.process.poll() is None


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_deep_and_huge_values_are_answered(server, action):
    name = msgspec.structs.fields(ACTIONS[action].decoder.type)
    field = name[0].encode_name if name else "Colour"
    deep = b'{"%s": %s1%s}' % (field.encode(), b"[" * 900, b"]" * 900)
    deeper = b'{"%s": %s1%s}' % (field.encode(), b'{"a":' * 20_000, b"}" * 20_000)
    for body in (deep, deeper, b'{"%s": "%s"}' % (field.encode(), b"x" * 1_000_000), b'{"%s": 1e999}' % field.encode()):
        check(server, action, body)


def test_the_server_has_said_nothing_of_an_internal_error(server):
    assert "internal error" not in server.settled_stderr()
