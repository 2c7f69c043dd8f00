"""Handles on functions: their options, their copies, and what they refuse."""

import copy
import functools
import pickle

import pytest

from tencentserverless._base.function import CALL_OPTIONS
from tencentserverless.scf import Client, Function
from tests.peer import KEYS, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

COPIES = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


@pytest.mark.parametrize("duplicate", COPIES)
def test_copying_a_function_calls_nothing_remote_and_keeps_its_options(duplicate: "Callable[[Any], Any]") -> None:
    with Peer() as peer, Client(endpoint=peer.url, **KEYS) as client:
        again = duplicate(client.function("f", qualifier="7", region="ap-chengdu"))
        assert peer.accepts == 0
        assert type(again) is Function
        again(data={"a": 1})
        assert peer.requests[0].fields["Qualifier"] == "7"
        assert peer.requests[0].headers["x-tc-region"] == "ap-chengdu"
        again._client.close()


def test_the_options_of_a_native_call_are_those_of_0_1_7() -> None:
    assert set(CALL_OPTIONS) == {"namespace", "qualifier", "log_type", "invocation_type"}


def test_handles_on_one_function_are_equal_and_have_its_name() -> None:
    client, other = Client(**KEYS), Client(**KEYS)
    assert client.f == client["f"] == client.function("f")
    assert len({client.f, client.call("f"), client.g}) == 2
    assert client.f != other.f
    assert client.f != client.function("f", region="ap-tokyo")
    assert client.f != "f"
    assert client.f.__name__ == "f"
    assert functools.wraps(client.f)(lambda: None).__name__ == "f"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"regions": "ap-tokyo"}, TypeError, "unknown option 'regions'; allowed are namespace"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"idempotent": "yes"}, TypeError, "idempotent must be True or False"),
        ({"max_attempts": 0}, ValueError, "max_attempts must be at least 1"),
        ({"headers": {"Host": "x"}}, ValueError, "which the SDK writes itself"),
        ({"on_attempt": 5}, TypeError, "on_attempt must be a function"),
    ],
)
def test_an_option_that_no_call_can_have_is_refused_when_the_handle_is_made(
    options: "dict[str, Any]", error: "type[Exception]", words: str
) -> None:
    with pytest.raises(error, match=words):
        Client(**KEYS).function("f", **options)
