"""The table of actions."""

from tencentserverless.local.api.dispatch import ACTIONS, KNOWN_ACTIONS


def test_the_api_has_52_actions_and_those_served_are_among_them():
    assert len(KNOWN_ACTIONS) == 52
    assert set(ACTIONS) <= KNOWN_ACTIONS
