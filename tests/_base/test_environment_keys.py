"""A token that is given alone takes its pair from the environment. The order of places: test_credentials.py."""

import pytest

from tencentserverless import config
from tencentserverless._base.environment_keys import FromToken
from tencentserverless.credentials import choose_provider
from tencentserverless.exception import CredentialError
from tencentserverless.models import Credentials, Verdict
from tencentserverless.scf import Client
from tests.peer import Peer
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

INSIDE = ("AKIDinside", "inside-key", "inside-token")
TOOLS = ("AKIDtool", "tool-key", "tool-token")


def set_keys(monkeypatch: pytest.MonkeyPatch, names: "tuple[str, ...]", values: "tuple[str, ...]") -> None:
    for name, value in zip(names, values):
        monkeypatch.setenv(name, value)


def test_a_function_that_passes_its_token_alone_makes_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.1.7 took the pair from the environment, and its users wrote ``token=os.environ[...]`` alone."""
    set_keys(monkeypatch, config.FUNCTION_KEYS, INSIDE)
    with Peer() as peer, Client(token="inside-token", endpoint=peer.url) as client:
        assert client.invoke("f") == '"ok"'
    headers = peer.requests[0].headers
    assert headers["x-tc-token"] == "inside-token"
    assert "Credential=AKIDinside/" in headers["authorization"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [("inside-token", INSIDE), ("tool-token", TOOLS), ("another", ("AKIDinside", "inside-key", "another"))],
)
def test_the_pair_is_of_the_family_that_the_token_is_of(
    token: str, expected: "tuple[str, ...]", monkeypatch: pytest.MonkeyPatch
) -> None:
    set_keys(monkeypatch, config.FUNCTION_KEYS, INSIDE)
    set_keys(monkeypatch, config.TOOL_KEYS, TOOLS)
    provider = choose_provider(None, None, token)
    assert provider.get(False) == provider.peek() == Credentials(*expected)
    assert provider.get(False) is provider.get(False), "the signer's cache goes by the object"
    assert "(TENCENTCLOUD_SECRET" in provider.source()


def test_a_family_without_a_pair_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch, config.TOOL_KEYS, TOOLS)
    assert choose_provider(None, None, "another").get(False) == Credentials("AKIDtool", "tool-key", "another")


def test_keys_that_rotate_are_followed_with_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token that was given belongs to a pair that is gone."""
    set_keys(monkeypatch, config.FUNCTION_KEYS, INSIDE)
    provider = choose_provider(None, None, "inside-token")
    set_keys(monkeypatch, config.FUNCTION_KEYS, ("AKIDnext", "next-key", "next-token"))
    assert provider.get(False) == Credentials("AKIDnext", "next-key", "next-token")


def test_a_pair_that_rotates_beside_a_token_of_its_own_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch, config.FUNCTION_KEYS, INSIDE)
    provider = choose_provider(None, None, "another")
    provider.get(False)
    set_keys(monkeypatch, config.FUNCTION_KEYS, ("AKIDnext", "next-key", "next-token"))
    assert provider.get(False) == Credentials("AKIDnext", "next-key", "another")


def test_a_token_without_a_pair_anywhere_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialError) as caught:
        choose_provider(None, None, "very-secret").get(False)
    assert caught.value.executed is Verdict.NO
    assert "TENCENTCLOUD_SECRETID and TENCENTCLOUD_SECRETKEY nor TENCENTCLOUD_SECRET_ID" in caught.value.message
    assert "very-secret" not in str(caught.value)
    monkeypatch.setenv(config.FUNCTION_KEYS[0], "AKIDhalf")
    with pytest.raises(CredentialError, match="TENCENTCLOUD_SECRETID is given without TENCENTCLOUD_SECRETKEY"):
        choose_provider(None, None, "very-secret").get(False)


def test_a_token_beside_an_object_that_has_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="token is given beside credentials="):
        choose_provider(None, None, "token", Credentials("AKID", "key"))


def test_a_token_that_no_header_can_hold_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="token holds a blank") as caught:
        FromToken("very secret")
    assert "very" not in str(caught.value)
