"""The search of a function's URL, driven by hand."""

import json

import pytest

from tencentserverless import exception
from tencentserverless._core.function_urls import MAX_TRIGGERS, url_flow
from tencentserverless.models import FunctionUrl, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOCAL, EXTRANET, INTRANET = (
    "http://127.0.0.1:1/9-a.r",
    "https://9-a.r.tencentscf.com",
    "https://9-a.in.r.tencentscf.com",
)
ALL = {"LocalUrl": LOCAL, "ExtranetUrl": EXTRANET, "IntranetUrl": INTRANET}


def trigger(
    qualifier: str = "$DEFAULT", network: "Any" = None, *, enable: "Any" = 1, auth: str = "NONE", **others: "Any"
) -> "dict[str, Any]":
    description = json.dumps({"AuthType": auth, "NetConfig": {"ExtranetUrl": EXTRANET} if network is None else network})
    found = {
        "Type": "http",
        "TriggerName": "door",
        "Qualifier": qualifier,
        "Enable": enable,
        "TriggerDesc": description,
    }
    return dict(found, **others)


def find(triggers: "list[Any]", qualifier: "str | None" = None, page: int = 100) -> "tuple[FunctionUrl, list[Any]]":
    """Find a URL among the triggers that an API has, and return the questions too."""
    asked: "list[Any]" = []

    def ask(fields: "Any") -> "Any":
        asked.append(fields)
        answer = yield fields
        return answer

    flow = url_flow("orders", "shop", qualifier, ask)
    answer = None
    while True:
        try:
            fields = flow.send(answer)
        except StopIteration as end:
            return end.value, asked
        part = triggers[fields["Offset"] : fields["Offset"] + page]
        answer = {"Response": {"Triggers": part, "TotalCount": len(triggers), "RequestId": "req"}}


def refuse(triggers: "list[Any]", qualifier: "str | None" = None) -> str:
    with pytest.raises(exception.ResourceNotFound) as caught:
        find(triggers, qualifier)
    assert caught.value.executed is Verdict.NO
    assert caught.value.code == "ResourceNotFound.Trigger"
    assert caught.value.request_id == "req"
    return str(caught.value.message)


@pytest.mark.parametrize(
    ("network", "url"),
    [
        (ALL, LOCAL),
        ({"ExtranetUrl": EXTRANET + "/", "IntranetUrl": INTRANET}, EXTRANET),
        ({"ExtranetUrl": "", "IntranetUrl": INTRANET}, INTRANET),
    ],
)
def test_the_best_address_without_a_slash_at_its_end(network: "Any", url: str) -> None:
    found, asked = find([trigger(network=network, auth="CAM")])
    assert found == url
    assert (found.function_name, found.qualifier, found.auth_type) == ("orders", "$DEFAULT", "CAM")
    assert asked == [{"FunctionName": "orders", "Namespace": "shop", "Offset": 0, "Limit": 100}]


def test_a_description_that_is_an_object_already() -> None:
    description = {"NetConfig": {"ExtranetUrl": EXTRANET}}
    found, _ = find([trigger(TriggerDesc=description)])
    assert (found, found.auth_type) == (EXTRANET, "NONE")


@pytest.mark.parametrize("enable", [1, True, "OPEN"])
def test_every_spelling_of_on(enable: "Any") -> None:
    assert find([trigger(enable=enable)])[0] == EXTRANET


def test_all_pages_are_read() -> None:
    timers = [{"Type": "timer", "TriggerDesc": "cron"}] * 7
    found, asked = find([*timers, trigger()], page=3)
    assert found == EXTRANET
    assert [fields["Offset"] for fields in asked] == [0, 3, 6]


def test_the_search_ends_whatever_the_api_says() -> None:
    endless = [{"Type": "timer"}] * (3 * MAX_TRIGGERS)
    with pytest.raises(exception.ResourceNotFound):
        find(endless, page=MAX_TRIGGERS)

    def ask(fields: "Any") -> "Any":
        return (yield fields)

    flow = url_flow("orders", "shop", None, ask)
    flow.send(None)
    with pytest.raises(exception.ResourceNotFound):
        flow.send({"Response": {"Triggers": [], "TotalCount": 5}})


@pytest.mark.parametrize(
    ("qualifiers", "asked", "chosen"),
    [
        (["1", "$LATEST", "$DEFAULT"], None, "$DEFAULT"),
        (["1", "$LATEST"], None, "$LATEST"),
        (["1"], None, "1"),
        (["1", "$DEFAULT"], "1", "1"),
    ],
)
def test_which_qualifier(qualifiers: "list[str]", asked: "str | None", chosen: str) -> None:
    network = {name: {"ExtranetUrl": "https://" + name.strip("$")} for name in qualifiers}
    found, _ = find([trigger(name, network[name]) for name in qualifiers], asked)
    assert (found.qualifier, found) == (chosen, "https://" + chosen.strip("$"))


def test_several_and_none_is_named() -> None:
    message = refuse([trigger("2"), trigger("1")])
    assert message == "function 'orders' has several URLs; give the qualifier of one: 1, 2"


def test_none_says_how_to_make_one() -> None:
    message = refuse([{"Type": "timer", "TriggerDesc": "x"}])
    assert message.startswith("function 'orders' has no URL; make one by scf triggers add orders url --type http")
    config = json.loads(message.split("--config '")[1].split("'")[0])
    assert config["NetConfig"] == {"EnableIntranet": False, "EnableExtranet": True}
    assert "below events: in serverless.yml by - http: {parameters: {" in message
    assert "qualifier '2', but for 1; make one" in refuse([trigger("1")], "2")
    assert refuse([])


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (trigger(enable=0), "its trigger door is switched off"),
        (trigger(enable="CLOSE"), "its trigger door is switched off"),
        (trigger(network={}), "its trigger door has neither EnableExtranet nor EnableIntranet"),
        (trigger(network=[]), "neither EnableExtranet"),
        (trigger(TriggerDesc="[" * 100000), "neither EnableExtranet"),
        (trigger(TriggerDesc="{"), "neither EnableExtranet"),
        (trigger(TriggerDesc=None), "neither EnableExtranet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "trigger",
)
def test_a_trigger_without_a_usable_url(one: "Any", words: str) -> None:
    assert words in refuse([one])
