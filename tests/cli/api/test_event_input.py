import pytest

from tencentserverless.cli.api.event_input import parse_json, point_at
from tencentserverless.cli.output.failures import Failure


@pytest.mark.parametrize(
    ("text", "position", "shown"),
    [
        ("abc", 1, "  abc\n   ^"),
        ("a\tb", 2, "  a\tb\n   \t^"),
        ("one\ntwo\nthree", 5, "  two\n   ^"),
        ("函数x", 2, "  函数x\n      ^"),
        ("e\u0301x", 2, "  e\u0301x\n   ^"),
        ("ab", 2, "  ab\n    ^"),
        ("x" * 100, 99, "  " + "x" * 51 + "\n  " + " " * 50 + "^"),
    ],
)
def test_the_caret_stands_under_the_place(text, position, shown):
    assert point_at(text, position) == shown


def test_the_place_of_a_fault_is_named():
    with pytest.raises(Failure, match=r"FILE is not JSON: .* \(line 2, column 3\)") as caught:
        parse_json('{"a":\n  x}', "FILE")
    assert caught.value.detail == "    x}\n    ^"


@pytest.mark.parametrize("text", ["Infinity", "[-Infinity]", '{"a": NaN}'])
def test_what_only_python_writes_is_refused(text):
    with pytest.raises(Failure, match="is not JSON: use null or a text"):
        parse_json(text, "-d")
