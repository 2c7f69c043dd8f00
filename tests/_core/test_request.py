import decimal
import json

import pytest

from tencentserverless._core import wire
from tencentserverless._core.request import (
    Call,
    RequestBuilder,
    check_header_value,
    encode_event,
    explain_unencodable,
)
from tencentserverless.models import Credentials

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEYS = Credentials("AKID", "key")

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def builder(host: str = "scf.tencentcloudapi.com") -> RequestBuilder:
    return RequestBuilder(host, "zh-CN", "agent_1")


def fields_of(action: str = wire.INVOKE_FUNCTION, data: "Any" = None, **options: "Any") -> "dict[str, Any]":
    found: "dict[str, Any]" = json.loads(builder().build_body(Call("f", data, **options), action).decode("utf-8"))
    return found


def split(request: bytes) -> "tuple[str, dict[str, str], bytes]":
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert len(headers) == len(lines) - 1
    return lines[0], headers, body


def test_a_plain_call_names_function_namespace_and_qualifier() -> None:
    assert fields_of() == {"FunctionName": "f", "Namespace": "default", "Qualifier": "$LATEST"}


@pytest.mark.parametrize(("action", "field"), [("InvokeFunction", "Event"), ("Invoke", "ClientContext")])
def test_the_action_decides_the_field_of_the_payload(action: str, field: str) -> None:
    fields = fields_of(action, {"a": "b"})
    assert fields.pop(field) == '{"a":"b"}'
    assert set(fields) == {"FunctionName", "Namespace", "Qualifier"}


def test_options_are_sent_where_they_differ_from_the_default() -> None:
    fields = fields_of(
        wire.INVOKE,
        1,
        namespace="test",
        qualifier="3",
        log_type="Tail",
        invocation_type="Event",
        routing_key={"a": "b"},
    )
    assert fields == {
        "FunctionName": "f",
        "Namespace": "test",
        "Qualifier": "3",
        "LogType": "Tail",
        "InvocationType": "Event",
        "RoutingKey": '{"a":"b"}',
        "ClientContext": "1",
    }


def test_a_routing_key_may_be_given_as_text() -> None:
    assert fields_of(routing_key='{"k": "v"}')["RoutingKey"] == '{"k": "v"}'


def test_a_routing_key_has_a_limit() -> None:
    assert len(fields_of(routing_key="x" * 1024)["RoutingKey"]) == 1024
    with pytest.raises(ValueError, match="routing_key is longer than 1024 bytes"):
        fields_of(routing_key="\u00e4" * 513)


@pytest.mark.parametrize("data", [{}, [], 0, 0.0, "", False])
def test_falsy_data_is_sent(data: "Any") -> None:
    """0.1.7 dropped it."""
    assert json.loads(fields_of(data=data)["Event"]) == data


def test_none_sends_no_payload() -> None:
    assert "Event" not in fields_of(data=None)


def test_the_event_is_compact_and_leaves_other_alphabets_alone() -> None:
    assert encode_event({"a": [1, "\u4f60\u597d\U0001f600"], "b": None}) == (
        '{"a":[1,"\u4f60\u597d\U0001f600"],"b":null}'
    )
    body = builder().build_body(Call("f", "\u4f60"), wire.INVOKE_FUNCTION)
    assert "\u4f60".encode("utf-8") in body
    assert b"\\u" not in body


@hypothesis.given(json_values)
def test_the_event_text_decodes_to_the_data(data: "Any") -> None:
    text = encode_event(data)
    if data is None:
        assert text is None
    else:
        assert text is not None
        assert json.loads(text) == data


@hypothesis.given(
    name=texts.filter(str.strip),
    namespace=texts.filter(str.strip),
    qualifier=texts.filter(str.strip),
    data=json_values,
    action=st.sampled_from(sorted(wire.PAYLOAD_FIELDS)),
    log_type=st.sampled_from(wire.LOG_TYPES),
    routing_key=st.none() | st.dictionaries(texts, texts, max_size=2),
)
def test_the_body_always_says_what_was_asked(
    name: str, namespace: str, qualifier: str, data: "Any", action: str, log_type: str, routing_key: "Any"
) -> None:
    """Whatever stands in a name or in the data, the API reads the same fields and the same event."""
    shared = builder()
    call = Call(name, data, namespace=namespace, qualifier=qualifier, log_type=log_type, routing_key=routing_key)
    for _ in range(2):  # the second time from memory
        fields = json.loads(shared.build_body(call, action).decode("utf-8"))
        expected = {"FunctionName": name, "Namespace": namespace, "Qualifier": qualifier}
        if log_type == "Tail":
            expected["LogType"] = "Tail"
        if routing_key is not None:
            assert json.loads(fields.pop("RoutingKey")) == routing_key
        if data is not None:
            assert json.loads(fields.pop(wire.PAYLOAD_FIELDS[action])) == data
        assert fields == expected


def test_what_is_remembered_of_one_call_never_leaks_into_another() -> None:
    shared = builder()
    calls = [
        Call("f", 1),
        Call("g", 1),
        Call("f", 1, namespace="n"),
        Call("f", 1, qualifier="2"),
        Call("f", 1, log_type="Tail"),
        Call("f", 1, routing_key="{}"),
        Call("f", 1, invocation_type="Event"),
        Call("f", 2),
        Call("f"),
    ]
    first = [shared.build_body(call, action) for call in calls for action in wire.PAYLOAD_FIELDS]
    again = [shared.build_body(call, action) for call in calls for action in wire.PAYLOAD_FIELDS]
    alone = [builder().build_body(call, action) for call in calls for action in wire.PAYLOAD_FIELDS]
    assert first == again == alone
    assert len(set(first)) == 2 * len(calls) - 1  # without a payload, both actions have the same body


def test_the_memory_of_names_is_bounded() -> None:
    shared = builder()
    for index in range(2000):
        shared.build_body(Call("f{}".format(index)), wire.INVOKE)
        shared.build(b"", wire.INVOKE, "r{}".format(index), KEYS, 0)
    assert len(shared._bodies) <= 512
    assert len(shared._heads) <= 512


@pytest.mark.parametrize("size", [wire.MAX_EVENT_BYTES, wire.MAX_EVENT_BYTES + 1])
def test_a_synchronous_event_holds_six_megabytes(size: int) -> None:
    call = Call("f", "x" * (size - 2))
    if size <= wire.MAX_EVENT_BYTES:
        assert len(builder().build_body(call, wire.INVOKE_FUNCTION)) > size
        return
    with pytest.raises(ValueError, match="data is 6291457 bytes as JSON; synchronous calls carry at most 6291456"):
        builder().build_body(call, wire.INVOKE_FUNCTION)


@pytest.mark.parametrize("extra", [0, 1])
def test_an_asynchronous_event_holds_128_kilobytes_counted_in_utf8(extra: int) -> None:
    call = Call("f", "\u4f60" * 43690 + "x" * extra, invocation_type="Event")
    assert call.event is not None
    assert len(call.event.encode("utf-8")) == 131072 + extra
    if not extra:
        builder().build_body(call, wire.INVOKE)
        return
    with pytest.raises(ValueError, match="131073 bytes as JSON; asynchronous calls carry at most 131072"):
        builder().build_body(call, wire.INVOKE)


def test_a_body_over_ten_megabytes_is_refused_though_its_event_is_small_enough() -> None:
    """Quotes are escaped twice: the event's JSON is text inside the body's JSON."""
    call = Call("f", '"' * 3000000)
    assert call.event is not None
    assert len(call.event) < wire.MAX_EVENT_BYTES
    with pytest.raises(ValueError, match=r"a request of 12[0-9]{6} bytes.* at most 10485760"):
        builder().build_body(call, wire.INVOKE_FUNCTION)


class Odd:
    pass


CIRCLE: "list[Any]" = [1]
CIRCLE.append({"again": CIRCLE})


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        ({1, 2}, TypeError, "data is a set"),
        ({"a": [0, 1, 2, {3}]}, TypeError, "data['a'][3] is a set"),
        ([b"x"], TypeError, "data[0] is a bytes"),
        ({"a": {"b": Odd()}}, TypeError, "data['a']['b'] is a Odd"),
        ({"price": decimal.Decimal("1.5")}, TypeError, "data['price'] is a Decimal"),
        ((1, (2, object())), TypeError, "data[1][1] is a object"),
        ({(1, 2): 3}, TypeError, "data has the key (1, 2)"),
        ({"a": {b"k": 3}}, TypeError, "data['a'] has the key b'k'"),
        (float("nan"), ValueError, "data is nan"),
        ({"x": [1.0, float("inf")]}, ValueError, "data['x'][1] is inf"),
        ([-float("inf")], ValueError, "data[0] is -inf"),
        ({float("nan"): 1}, ValueError, "data's key nan is nan"),
        (CIRCLE, ValueError, "data[1]['again'] contains itself"),
    ],
)
def test_what_json_cannot_carry_is_refused_with_its_path(data: "Any", kind: "type[Exception]", message: str) -> None:
    with pytest.raises(kind) as caught:
        Call("f", data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ("\ud800", "data holds"),
        ({"a": ["\udfff"]}, "data['a'][0] holds"),
        ({"\ud800": 1}, "data's key '\\ud800' holds"),
    ],
)
def test_lone_surrogates_are_refused_with_their_path(data: "Any", path: str) -> None:
    with pytest.raises(ValueError) as caught:
        builder().build_body(Call("f", data), wire.INVOKE_FUNCTION)
    assert path in str(caught.value)
    assert "lone surrogate" in str(caught.value)


def test_a_lone_surrogate_in_a_name_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="lone surrogate"):
        builder().build_body(Call("f\ud800", 1), wire.INVOKE_FUNCTION)


def test_data_that_is_nested_too_deeply_is_a_value_error() -> None:
    deep: "list[Any]" = []
    for _ in range(200000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        Call("f", deep)
    while deep:  # take it apart, for its own destructor recurses
        deep = deep.pop()


def test_the_same_object_twice_is_no_circle() -> None:
    shared = [1]
    assert encode_event({"a": shared, "b": shared}) == '{"a":[1],"b":[1]}'
    assert explain_unencodable({"a": shared, "b": shared}) is None


@pytest.mark.parametrize("key", ["text", 1, 1.5, True, None])
def test_keys_that_json_turns_into_text_are_taken(key: "Any") -> None:
    text = encode_event({key: 1})
    assert text is not None
    assert list(json.loads(text).values()) == [1]


@pytest.mark.parametrize("field", ["function_name", "namespace", "qualifier"])
@pytest.mark.parametrize("value", ["", " ", "\t\n"])
def test_an_empty_name_is_refused(field: str, value: str) -> None:
    options = {"function_name": "f", field: value}
    with pytest.raises(ValueError, match=field + " is empty"):
        builder().build_body(Call(**options), wire.INVOKE)


@pytest.mark.parametrize("field", ["function_name", "namespace", "qualifier"])
@pytest.mark.parametrize("value", [1, b"f", None, 1.5, ["f"], {}])
def test_a_name_that_is_no_text_is_refused(field: str, value: "Any") -> None:
    options = {"function_name": "f", field: value}
    with pytest.raises(TypeError, match=field + " must be a str"):
        builder().build_body(Call(**options), wire.INVOKE)


@pytest.mark.parametrize(("option", "value"), [("log_type", "tail"), ("log_type", ""), ("invocation_type", "Sync")])
def test_an_unknown_option_value_is_refused_and_the_allowed_ones_are_named(option: str, value: str) -> None:
    with pytest.raises(ValueError, match=option + " must be one of .*(Tail|Event)"):
        builder().build_body(Call("f", **{option: value}), wire.INVOKE)  # type: ignore[arg-type]


def test_a_request_is_whole_and_signed() -> None:
    body = b'{"FunctionName":"f"}'
    line, headers, sent = split(builder().build(body, "InvokeFunction", "ap-chengdu", KEYS, 1551113065))
    assert line == "POST / HTTP/1.1"
    assert sent == body
    assert headers.pop("Authorization").startswith("TC3-HMAC-SHA256 Credential=AKID/2019-02-25/scf/tc3_request, ")
    assert headers == {
        "Host": "scf.tencentcloudapi.com",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "agent_1",
        "X-TC-Action": "InvokeFunction",
        "X-TC-Version": "2018-04-16",
        "X-TC-Region": "ap-chengdu",
        "X-TC-Language": "zh-CN",
        "X-TC-RequestClient": "agent_1",
        "X-TC-Timestamp": "1551113065",
        "Content-Length": "20",
    }


def test_the_token_is_sent_where_there_is_one() -> None:
    shared = builder()
    _, with_token, _ = split(shared.build(b"", "Invoke", "r", Credentials("a", "b", "t%s%d%%"), 1))
    assert with_token["X-TC-Token"] == "t%s%d%%"
    _, without, _ = split(shared.build(b"", "Invoke", "r", KEYS, 1))
    assert "X-TC-Token" not in without


def test_the_body_is_never_formatted() -> None:
    _, headers, body = split(builder().build(b"100%d %s %%", "Invoke", "r", KEYS, 1))
    assert body == b"100%d %s %%"
    assert headers["Content-Length"] == "11"


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a b", "a\tb", "a\0b", "\u00e4", "\u2028", "a\x7f", "a\x85b", " a", "a "],
)
def test_what_could_break_a_header_line_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_header_value("secret_key", value)
    assert str(caught.value).startswith("secret_key holds a blank, a line break or")
    assert "Evil" not in str(caught.value)


def test_what_is_fit_for_a_header_is_given_back() -> None:
    assert check_header_value("x", "AZaz09!~") == "AZaz09!~"


def test_the_api_accepts_what_the_official_model_would_send() -> None:
    """Every field that we send is one of the official SDK's request models."""
    scf_models = pytest.importorskip("tencentcloud.scf.v20180416.models")
    for action, model in (
        ("Invoke", scf_models.InvokeRequest()),
        ("InvokeFunction", scf_models.InvokeFunctionRequest()),
    ):
        options = {"invocation_type": "Event"} if action == "Invoke" else {}
        sent = fields_of(action, {"a": 1}, log_type="Tail", routing_key="{}", **options)
        known = {name.lstrip("_") for name in vars(model)}
        assert set(sent) <= known, action
        model._deserialize(sent)
        assert model.FunctionName == "f"
