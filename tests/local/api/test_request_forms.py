"""Parameters as text: how names are taken apart, and that the table decides what a text means."""

import json

import msgspec
import pytest

from tencentserverless.local.api import request_forms
from tencentserverless.local.errors import ApiError


class Filter(msgspec.Struct):
    Name: str
    Values: list[str]


class Table(msgspec.Struct):
    Name: str | None = None
    Limit: int | None = None
    Ratio: float | None = None
    Flag: bool | None = None
    Ids: list[int] | None = None
    Filters: list[Filter] | None = None


def convert(text):
    return json.loads(request_forms.to_json(request_forms.parse(text), Table))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"", {}),
        (b"Name=a", {"Name": "a"}),
        (b"Name=", {"Name": ""}),
        (b"Name=null", {"Name": "null"}),
        (b"Name=20&Limit=20", {"Name": "20", "Limit": 20}),
        (b"Ratio=0.5&Flag=True", {"Ratio": 0.5, "Flag": True}),
        (b"Flag=false", {"Flag": False}),
        (b"Ids.0=1&Ids.1=2", {"Ids": [1, 2]}),
        (b"Ids.10=3&Ids.9=2&Ids.0=1", {"Ids": [1, 2, 3]}),  # by number, and a null between them was never sent
        (
            b"Filters.0.Name=Runtime&Filters.0.Values.0=Python3.9&Filters.0.Values.1=b",
            {"Filters": [{"Name": "Runtime", "Values": ["Python3.9", "b"]}]},
        ),
        (b"Name=%E5%87%BD%E6%95%B0+a%2Bb%3D%26", {"Name": "函数 a+b=&"}),
        ("Name=函数".encode(), {"Name": "函数"}),
        # What does not fit stays text, for the reader of parameters to refuse in its own words.
        (b"Limit=many", {"Limit": "many"}),
        (b"Limit=" + b"9" * 5000, {"Limit": "9" * 5000}),
        (b"Ids=1", {"Ids": "1"}),
        (b"Filters.0.Nope=1", {"Filters": [{"Nope": "1"}]}),
        (b"Unknown.0=1", {"Unknown": ["1"]}),
        (b"0=1", {"0": "1"}),
    ],
)
def test_text_becomes_what_the_table_says(text, values):
    assert convert(text) == values


@pytest.mark.parametrize(
    "text",
    [
        b"Name=a&Name=b",
        b"Name=%FF",
        b"Name=\xff",
        b"Ids=1&Ids.0=1",
        b"Ids.0=1&Ids=1",
        b"Ids..0=1",
        b".Ids=1",
        b"Ids.=1",
        b"=1",
        b"a." * 400 + b"b=1",
        b"&".join(b"a%d=1" % number for number in range(10_001)),
    ],
)
def test_what_is_no_list_of_parameters(text):
    with pytest.raises(ApiError) as refusal:
        convert(text)
    assert refusal.value.code == "InvalidParameter"


def test_a_large_index_makes_no_large_list():
    assert convert(b"Ids.999999=1") == {"Ids": [1]}
    assert convert(b"Ids.99999999999999=1") == {"Ids": {"99999999999999": "1"}}
