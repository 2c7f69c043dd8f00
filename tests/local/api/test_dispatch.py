"""The table of actions."""

from tencentcloud.scf.v20180416.scf_client import ScfClient

from tencentserverless.local.actions import unpublished
from tencentserverless.local.api.dispatch import ACTIONS


def test_every_action_that_the_official_client_has_is_served_and_two_that_no_page_lists():
    published = {name for name in vars(ScfClient) if name[0].isupper()}
    assert len(published) == 52
    assert set(ACTIONS) - published == set(unpublished.ACTIONS) == {"BatchCreateTrigger", "ListFunctionTestModels"}
    assert published <= set(ACTIONS)
