"""Events and return values: as json reads and writes them, on every Python that functions run on."""

import json
import shutil
import subprocess
import sys
import traceback
from decimal import Decimal

import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.worker.child import payloads
from tencentserverless.local.worker.child.payloads import decode, encode
from tests.environments import search_python
from tests.profiles import examples

VERSIONS = ("2.7", "3.6", "3.13")
#: Run by each Python: it compares with the json of its own, and writes what differs.
PROGRAM = r"""# -*- coding: utf-8 -*-
import decimal, json, sys
sys.path.insert(0, sys.argv[1])
import payloads

old = sys.version_info[0] == 2
values = [
    None, True, 0, -1, 10 ** 30, 1.5, 1e300, float("inf"), "", "text", u"\u6df1 \U0001f600 \x00\x1f\x7f\"\\/\u2028",
    [], {},
    (1, 2), [[], [[]]], {"a": {"b": [None, {"c": 1}]}}, {1: 2, None: 3, True: 4, 1.5: 5},
]
shared = [1]
values.append([shared, shared])
encoder = json.JSONEncoder(ensure_ascii=old)
for value in values:
    found, expected = payloads.encode(value), encoder.encode(value).encode("utf-8")
    if found != expected:
        print("encode", repr(value), found, expected)
    again = payloads.decode(found.decode("utf-8"))
    if again != json.loads(found.decode("utf-8")):
        print("decode", found, again)
if payloads.encode(decimal.Decimal("1.50")) != b'"1.50"':
    print("decimal")
for text in (u"1", u" 1", u"1 \n", u"\t[1, 2]\r\n", u'"\\ud800"', u"NaN", u'{"a": 1, "a": 2}'):
    found, expected = payloads.decode(text), json.loads(text)
    if found != expected and found == found:
        print("decode", repr(text), found)
for text in (u"", u" ", u"{", u"1 2", u"[1]]", u"nul", u"'a'", u"{a: 1}", u"\ufeff1", u"\x0b1"):
    try:
        print("decode", repr(text), payloads.decode(text))
    except ValueError as error:
        try:
            json.JSONDecoder().decode(text)
        except ValueError as other:
            if str(error) != str(other):
                print("decode", repr(text), error, other)
circle = []
circle.append(circle)
nested = []
for _ in range(100000):
    nested = [nested]
for value in (object(), {1, 2}, [object()], {"a": object()}, circle, nested, {(1, 2): 3}, decimal.Decimal, 1j):
    errors = []
    for make in (payloads.encode, encoder.encode):
        try:
            errors.append(("none", make(value)))
        except Exception as error:
            kind = type(error).__name__
            errors.append((kind, "" if kind in ("RuntimeError", "RecursionError") else str(error)))
    if errors[0] != errors[1]:
        print("error", errors)
if payloads.encode([1]) != b"[1]":  # an error leaves nothing behind
    print("markers")
for value in (circle, [1, circle]):
    for _ in range(2):
        try:
            print("circle", payloads.encode(value))
        except ValueError:
            pass
json.JSONEncoder.default = lambda self, value: "replaced"
if payloads.encode([object()]) != b'["replaced"]':
    print("default")
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_payloads_are_those_of_the_json_of_each_python(version, tmp_path):
    run_with(version, PROGRAM, tmp_path)


def run_with(version, text, tmp_path):
    """Run a program with a Python of that version: it prints what is wrong."""
    python = search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    program = tmp_path / "program.py"
    program.write_text(text, encoding="utf-8")
    folder = tmp_path / "child"
    folder.mkdir()
    shutil.copy(payloads.__file__, folder)
    done = subprocess.run([python, program, folder], capture_output=True, encoding="utf-8", check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(500))
@hypothesis.given(json_values)
def test_a_value_is_written_as_json_writes_it_and_read_back(value):
    text = encode(value)
    assert text == json.dumps(value, ensure_ascii=False).encode()
    assert decode(text.decode()) == value


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(500))
@hypothesis.given(st.text(st.sampled_from(' \n\t{}[]",:0123456789.eE+-\\utrfalsn\ufeff'), max_size=12))
def test_a_text_is_read_as_json_reads_it(text):
    assert outcome_of(decode, text) == outcome_of(json.JSONDecoder().decode, text)


def outcome_of(read, text):
    try:
        return repr(read(text))
    except ValueError as error:
        return error.args


def test_half_a_surrogate_pair_is_escaped():
    assert encode("half \ud800") == b'"half \\ud800"'
    assert encode(["深", "\udc00"]) == b'["\\u6df1", "\\udc00"]'


def test_a_decimal_is_a_text_where_it_is_all_and_an_error_inside():
    assert encode(Decimal("1.50")) == b'"1.50"'
    with pytest.raises(TypeError, match="Decimal is not JSON serializable"):
        encode([Decimal("1.50")])


def test_an_error_has_the_trace_that_json_leaves():
    with pytest.raises(TypeError) as caught:
        encode({"a": object()})
    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)][1:]
    assert files[0] == payloads.__file__
    assert all(file == json.encoder.__file__ for file in files[1:])
    assert len(files) > 1
    assert caught.value.__context__ is None


def test_an_encoder_that_user_code_has_replaced_is_obeyed(monkeypatch):
    monkeypatch.setattr(json.JSONEncoder, "default", lambda self, value: sorted(value))
    assert encode({"a": {3, 1, 2}}) == b'{"a": [1, 2, 3]}'

    def fail(self, value):
        raise LookupError("of the user's own")

    monkeypatch.setattr(json.JSONEncoder, "default", fail)
    with pytest.raises(LookupError, match="of the user's own"):
        encode({1, 2})


def test_a_circle_is_an_error_each_time_and_leaves_nothing_behind():
    circle = {}
    circle["self"] = circle
    for _ in range(2):
        with pytest.raises(ValueError, match="Circular reference detected"):
            encode(circle)
    del circle["self"]
    assert encode([circle, circle]) == b"[{}, {}]"


def test_what_nests_too_deeply_is_an_error():
    value = []
    for _ in range(sys.getrecursionlimit() * 100):
        value = [value]
    with pytest.raises(RecursionError):
        encode(value)
    while value:  # taken apart by a loop: old Pythons can't free what is nested so deeply
        value = value.pop()
    assert encode(1) == b"1"


#: Run by each Python: a value, and what is told of it.
FAULTS = r"""# -*- coding: utf-8 -*-
import collections, datetime, decimal, json, sys
sys.path.insert(0, sys.argv[1])
import payloads

circle = {"a": [1]}
circle["a"].append(circle)
deep = [object()]
for _ in range(500):
    deep = [deep]
for value, expected in (
    ({"date": {"at": datetime.datetime(2020, 1, 1)}}, "a datetime in ['date']['at']"),
    ([1, ("x", {2})], "a set in [1][1]"),
    (object(), "an object"),
    ({"a": {1: decimal.Decimal(1)}}, "a Decimal in ['a'][1]"),
    ({"a": {(1, 2): 3}}, "a tuple as a key in ['a']"),
    ({(1, 2): 3}, "a tuple as a key"),
    (circle, "a value that contains itself in ['a'][1]"),
    ([[1], [1], {None: True, 1.5: u"x"}], ""),
    (collections.OrderedDict([("b", 1j), ("a", 1j)]), "a complex in ['b']"),
    (deep, ""),
):
    found = payloads.describe_fault(value)
    if found != expected:
        print(expected, found)
json.JSONEncoder.default = lambda self, value: {}[value]
if payloads.describe_fault(object()):
    print("what user code has replaced is not blamed")
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_no_json_is_named_with_its_place(version, tmp_path):
    run_with(version, FAULTS, tmp_path)


def test_a_coroutine_is_closed(recwarn):
    async def handler():
        """Do nothing."""

    assert payloads.describe_fault(handler()).startswith("a coroutine: an async def is no handler, ")
    assert payloads.describe_fault([handler()]) == "a coroutine in [0]"
    assert len(recwarn) == 1  # of the second one


def test_a_large_value_is_not_searched_for_ever(monkeypatch):
    monkeypatch.setattr(payloads, "_MAX_LOOKS", 5)
    assert payloads.describe_fault([0] * 3 + [{1}]) == "a set in [3]"
    assert payloads.describe_fault([0] * 9 + [{1}]) == ""
