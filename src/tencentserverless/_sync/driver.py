"""Performs the effects of a flow with blocking calls. All that differs from asyncio is in these few lines."""

import time

from tencentserverless._core import flow as core
from tencentserverless._sync.pool import Pool
from tencentserverless.exception import CredentialError, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._core.flow import Exchange, Flow
    from tencentserverless._core.http11 import Response
    from tencentserverless.credentials import Provider
    from tencentserverless.models import InvokeResult


def run(flow: "Flow[Any]", pool: Pool, provider: "Provider") -> "InvokeResult":
    """Drive the flow to its end: its result is returned, its error is raised."""
    answer: "Any" = None
    try:
        while True:
            effect: "Any" = flow.send(answer)
            kind = type(effect)
            if kind is core.Exchange:
                answer = _exchange(effect, pool)
            elif kind is core.GetCredentials:
                answer = get_credentials(effect, provider)
            else:
                answer = None
                time.sleep(effect.seconds)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        answer = None  # perhaps the error being raised, which must not hold itself by this frame
        flow.close()


def get_credentials(effect: "core.GetCredentials", provider: "Provider") -> "Any":
    """The keys, or the error that says why there are none."""
    try:
        return provider.get(effect.refresh)
    except CredentialError as error:
        return error


def _exchange(effect: "Exchange", pool: Pool) -> "Response | NetworkError":
    """Send a request and read its answer on a connection of the pool, which gets it back or sees it dropped."""
    connection = None
    is_reusable = is_unsent = False
    try:
        connection = pool.acquire(effect.origin, effect.deadline, effect.mark)
        response = connection.exchange(effect.request, effect.deadline)
        is_reusable = response.reusable
        return response
    except NetworkError as error:
        if connection is not None and connection.sent_at:
            effect.mark("send", connection.sent_at)
        is_unsent = error.executed is Verdict.NO
        return error
    finally:
        if connection is not None:
            if is_reusable:
                pool.release(connection)
            else:
                effect.may_have_left = connection.has_handed_over
                pool.discard(connection, abort=is_unsent or not connection.has_handed_over)
