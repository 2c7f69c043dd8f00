"""What is said of parameters that do not fit an action's table."""

import pytest

from tencentserverless.local.actions.parameters import Table, convert
from tencentserverless.local.errors import ApiError


class InnerTable(Table, frozen=True):
    Size: int | None = None


class OuterTable(Table, frozen=True):
    Inner: InnerTable | None = None
    Items: list[InnerTable] | None = None


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"Foo": 1}, "Foo"),
        ({"Inner": {"Foo": 1}}, "Inner.Foo"),
        ({"Items": [{"Size": 1}, {"Foo": 1}]}, "Items[1].Foo"),
        ({"Inner": {"`\n` - at": 1}}, "Inner.`\n` - at"),
        ({"Inner": {"x" * 100: 1}}, "Inner." + "x" * 58),
    ],
)
def test_a_parameter_that_no_table_has_is_named_at_any_depth(values, name):
    with pytest.raises(ApiError) as refusal:
        convert(values, OuterTable)
    assert refusal.value.code == "UnknownParameter"
    assert f"`{name}`" in str(refusal.value)


def test_a_value_of_the_wrong_type_is_not_an_unknown_parameter():
    with pytest.raises(ApiError) as refusal:
        convert({"Inner": {"Size": "contains unknown field `x`"}}, OuterTable)
    assert refusal.value.code == "InvalidParameter"
