"""GetRequestStatus, while the event that is asked for ends. What else the two actions do is in tests/conformance."""

import asyncio
from types import SimpleNamespace

from tencentserverless.local.actions.logs import GetRequestStatusTable, get_request_status
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.invocations.history import InvocationRecord
from tencentserverless.local.registry.function_version import FunctionKey

KEY = FunctionKey("ap-guangzhou", "default", "fn")
NOW = 1_700_000_000.0


class EndingEvent:
    """An event whose end comes between two looks: first the history has it, then the queue has it no more."""

    def __init__(self):
        self.is_in_history = False

    async def find_in_queue(self, request_id):
        self.is_in_history = True

    async def find_in_history(self, key, request_id):
        return InvocationRecord(key, "$LATEST", request_id, NOW, 128, 0) if self.is_in_history else None


def test_an_event_that_ends_meanwhile_is_found():
    event = EndingEvent()
    services = SimpleNamespace(
        clock=lambda: NOW + 1,
        catalogue=SimpleNamespace(find=lambda key: object()),
        queue=SimpleNamespace(find=event.find_in_queue),
        history=SimpleNamespace(find=event.find_in_history),
    )
    asked = GetRequestStatusTable(FunctionName="fn", FunctionRequestId="id-1")
    answer = asyncio.run(get_request_status(asked, Call("id-2", "ap-guangzhou", nested=False), services))
    assert [each["RetCode"] for each in answer["Data"]] == [0]
