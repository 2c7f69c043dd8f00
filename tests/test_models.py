import copy
import json
import pickle

import pytest

from tencentserverless import models
from tencentserverless.models import Attempt, Credentials, InvokeResult, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

COPIES = [copy.copy, copy.deepcopy] + [
    lambda value, protocol=protocol: pickle.loads(pickle.dumps(value, protocol))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
]

RESULT = InvokeResult('{"a": 1}', "req", "fn", duration_ms=1.5, billed_duration_ms=2, memory_bytes=3, log="START\nEND")
FACTS = ("request_id", "function_request_id", "duration_ms", "billed_duration_ms", "memory_bytes", "log")


def make_attempt() -> Attempt:
    return Attempt(
        2, "Invoke", "h:443", "InternalError", Verdict.MAYBE, duration_ms=12.34, phases_ms={"send": 1.0, "wait": 2.5}
    )


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_neither_true_nor_false(verdict: Verdict) -> None:
    """``if error.executed:`` would take MAYBE for YES."""
    with pytest.raises(TypeError, match=r"ask `is Verdict\.NO`"):
        bool(verdict)
    with pytest.raises(TypeError):
        assert not verdict


@pytest.mark.parametrize("duplicate", COPIES)
def test_a_copied_verdict_is_the_same_one(duplicate: "Callable[[Any], Any]") -> None:
    for verdict in Verdict:
        assert duplicate(verdict) is verdict


def test_a_result_is_its_text() -> None:
    assert RESULT == '{"a": 1}'
    assert isinstance(RESULT, str)
    assert str(RESULT) == '{"a": 1}'
    assert type(str(RESULT)) is str
    assert "{}".format(RESULT) == '{"a": 1}'
    assert hash(RESULT) == hash('{"a": 1}')
    assert {RESULT: 1}['{"a": 1}'] == 1
    assert json.dumps(RESULT) == json.dumps('{"a": 1}')


def test_a_result_decodes_its_text() -> None:
    assert RESULT.json() == {"a": 1}
    assert InvokeResult('"x"').json() == "x"
    assert InvokeResult("null").json() is None


@pytest.mark.parametrize("text", ["", "hello from scf"])
def test_a_result_without_json_cannot_be_decoded(text: str) -> None:
    with pytest.raises(ValueError):
        InvokeResult(text).json()


def test_a_result_carries_its_facts() -> None:
    assert [getattr(RESULT, name) for name in FACTS] == ["req", "fn", 1.5, 2, 3, "START\nEND"]
    assert [getattr(InvokeResult("x"), name) for name in FACTS] == ["", "", 0.0, 0, 0, ""]


@pytest.mark.parametrize("name", FACTS)
def test_a_results_facts_are_frozen(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(RESULT, name, "other")


@pytest.mark.parametrize("duplicate", COPIES)
def test_a_result_keeps_its_facts_when_it_is_copied(duplicate: "Callable[[Any], Any]") -> None:
    again = duplicate(RESULT)
    assert type(again) is InvokeResult
    assert again == RESULT
    assert [getattr(again, name) for name in FACTS] == [getattr(RESULT, name) for name in FACTS]


@pytest.mark.parametrize("duplicate", COPIES)
def test_an_attempt_keeps_its_facts_when_it_is_copied(duplicate: "Callable[[Any], Any]") -> None:
    attempt, again = make_attempt(), duplicate(make_attempt())
    assert type(again) is Attempt
    for name in Attempt.__slots__:
        assert getattr(again, name) == getattr(attempt, name), name
    assert again.executed is Verdict.MAYBE


def test_an_attempt_is_frozen_and_tells_all_in_its_repr() -> None:
    attempt = make_attempt()
    with pytest.raises(AttributeError):
        attempt.number = 3
    assert repr(attempt) == "<Attempt 2 Invoke h:443: InternalError, executed=MAYBE, 12.3 ms (send 1.0, wait 2.5)>"


@pytest.mark.parametrize("duplicate", COPIES)
def test_credentials_survive_copies_are_frozen_and_compare_by_value(duplicate: "Callable[[Any], Any]") -> None:
    keys = Credentials("AKIDsecretid", "the-secret-key", "the-token")
    again = duplicate(keys)
    assert again == keys
    assert hash(again) == hash(keys)
    assert keys != Credentials("AKIDsecretid", "the-secret-key")
    assert keys != ("AKIDsecretid", "the-secret-key", "the-token")
    with pytest.raises(AttributeError):
        keys.token = ""


def test_the_repr_of_credentials_shows_no_secret() -> None:
    shown = repr(Credentials("AKIDsecretid", "the-secret-key", "the-token"))
    assert shown == "<Credentials AKID... temporary>"
    assert repr(Credentials("AKIDsecretid", "k")) == "<Credentials AKID... permanent>"


def test_every_public_class_is_exported() -> None:
    public = {
        name
        for name, value in vars(models).items()
        if isinstance(value, type) and value.__module__ == models.__name__ and not name.startswith("_")
    }
    assert public == set(models.__all__)
