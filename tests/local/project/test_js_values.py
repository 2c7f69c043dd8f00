"""Scalars are typed as js-yaml 4.1 types them, sent as JSON, and made texts as ``String`` makes them."""

import math

import pytest

from tencentserverless.local.project.js_values import as_number, as_text, typed

#: Plain scalars, and the texts that js-yaml 4.1.0, JSON and String make of them under Node.js.
TEXTS = {
    "True": "true",
    "FALSE": "false",
    "yes": "yes",
    "~": "null",
    "NULL": "null",
    "nUll": "nUll",
    "": "null",
    "013800000000": "13800000000",
    "0755": "755",
    "0o755": "493",
    "0b101": "5",
    "0x1F": "31",
    "-0x10": "-16",
    "0x": "0x",
    "0o8": "0o8",
    "1_000": "1000",
    "1_": "1_",
    "_1": "_1",
    "0x_1": "1",
    "+5": "5",
    "-0": "0",
    "1.10": "1.1",
    "5.": "5",
    ".5": "0.5",
    "1e3": "1000",
    "1.e5": "100000",
    "e5": "e5",
    "1.2.3": "1.2.3",
    "12345678901234567890": "12345678901234567000",
    "1e20": "100000000000000000000",
    "1e21": "1e+21",
    "0.000001": "0.000001",
    "0.0000001": "1e-7",
    "1.5e-7": "1.5e-7",
    "123456789012345678901234": "1.2345678901234569e+23",
    "5e-324": "5e-324",
    "1e-400": "0",
    "0.30000000000000004": "0.30000000000000004",
    "1e400": "null",
    ".inf": "null",
    "-.inf": "null",
    ".nan": "null",
    "9007199254740993": "9007199254740992",
    "12:30": "12:30",
    "2024-01-02": "2024-01-02T00:00:00.000Z",
    "2024-1-2": "2024-1-2",
    "2024-01-02 03:04:05": "2024-01-02T03:04:05.000Z",
    "2024-01-02T03:04:05.1239Z": "2024-01-02T03:04:05.123Z",
    "2001-12-14t21:59:43.10-05:00": "2001-12-15T02:59:43.100Z",
    "2024-01-02 03:04:05 +8": "2024-01-01T19:04:05.000Z",
}


@pytest.mark.parametrize("written", TEXTS)
def test_texts(written):
    assert as_text(typed(written)) == TEXTS[written]


@pytest.mark.parametrize(
    ("value", "number"), [("20", 20), (" 0x10 ", 16), ("", 0), (None, 0), (True, 1), ("1e3", 1000), (2.5, 2.5)]
)
def test_numbers(value, number):
    assert as_number(value) == number


@pytest.mark.parametrize("value", ["20s", "1_000", "0xg", "inf", "nan"])
def test_texts_that_are_no_numbers(value):
    assert math.isnan(as_number(value))
