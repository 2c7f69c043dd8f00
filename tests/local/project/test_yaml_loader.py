"""Tabs between words, tags of texts, and pairs of escapes, as js-yaml and JSON.parse take them."""

from pathlib import Path

import pytest

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.yaml_loader import compose_text, mended


def pairs(text):
    node = compose_text(Path("x.yml"), text)
    return {key.value: value.value for key, value in node.value}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a:\tb\t# words\nc: d\n", {"a": "b", "c": "d"}),
        ("a: b\tc\n\t\n \t# words\nd: e\t\n", {"a": "b\tc", "d": "e"}),
        ('{\n\t"a":\t1,\n\t"b": 2}\n', {"a": "1", "b": "2"}),
        ("\ufeffa: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    ],
)
def test_tabs_separate_words(text, found):
    assert pairs(text) == found


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n- b\n\t- c\n"])
def test_tabs_are_no_indentation(text):
    with pytest.raises(StartupError, match=r"x\.yml:[23]: not YAML: "):
        compose_text(Path("x.yml"), text)


def test_a_tagged_text_counts_as_quoted():
    (first, second) = (value for _, value in compose_text(Path("x.yml"), "a: !!str 0755\nb: 0755\n").value)
    assert first.style
    assert second.style is None


def test_pairs_of_escapes_are_one_character():
    assert mended("a\ud83d\ude00b") == "a😀b"
