"""The table of actions."""

from tencentserverless.local.actions import unpublished
from tencentserverless.local.api.dispatch import ACTIONS, KNOWN_ACTIONS


def test_the_api_has_52_actions_and_those_served_are_among_them_but_for_two_that_no_page_lists():
    assert len(KNOWN_ACTIONS) == 52
    assert set(ACTIONS) - KNOWN_ACTIONS == set(unpublished.ACTIONS) == {"BatchCreateTrigger", "ListFunctionTestModels"}
