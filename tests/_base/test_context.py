"""What a map, an invocation or an action sees of its client."""

import pytest

from tencentserverless.scf import Client
from tests.peer import KEYS


def test_it_has_the_clients_settings_of_the_moment_and_shares_what_the_client_learns():
    hook = lambda attempt, facts: None  # noqa: E731
    with Client(endpoint="http://127.0.0.1:9", timeout=7, max_connections=3, on_attempt=hook, **KEYS) as client:
        context = client._context()
        assert (context.region, context.timeout_seconds, context.max_connections) == ("ap-guangzhou", 7, 3)
        assert context.logger_name == "tencentserverless.scf"
        assert context.on_attempt is hook
        assert context.state is client._context().state
        assert context.policy is client._context().policy
        assert str(context.find_target("ap-chengdu").origin) == "127.0.0.1:9"
        client.region = "ap-beijing"
        assert (context.region, client._context().region) == ("ap-guangzhou", "ap-beijing")


def test_it_is_frozen():
    with Client(endpoint="http://127.0.0.1:9", **KEYS) as client, pytest.raises(AttributeError, match="frozen"):
        client._context().region = "ap-beijing"


def test_an_observer_is_made_where_somebody_wants_to_hear():
    told = []
    with Client(endpoint="http://127.0.0.1:9", **KEYS) as client:
        assert client._context().find_observer() is None
        assert client._context().find_observer(lambda *about: told.append(about)) is not None
