"""Invocations that are found by their request id, in whichever function."""

import pytest

from tencentserverless.cli.api.past_invocation import find_invocation, wait_for_record
from tencentserverless.cli.api.target import Place, choose_target
from tencentserverless.cli.output.failures import Failure
from tencentserverless.models import InvocationStatus


@pytest.fixture
def target(server, monkeypatch):
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return choose_target(Place())


def test_an_invocation_is_found_in_its_own_function(server, target):
    request_id = server.invoke("echo", [1])["FunctionRequestId"]
    with target.open_client() as client:
        found = find_invocation(client, target, request_id, None)
        assert (found.name, found.status) == ("echo", InvocationStatus.FINISHED)
        assert wait_for_record(found) == "[1]"
        with pytest.raises(Failure, match=r"no invocation .* of breaks is known in namespace default"):
            find_invocation(client, target, request_id, "breaks")


def test_an_id_that_can_be_none_is_refused(target):
    with target.open_client() as client, pytest.raises(Failure, match="request_id is empty"):
        find_invocation(client, target, " ", "echo")
