"""Performs the effects of a flow in steps. All that differs from asyncio is in these few lines."""

from time import monotonic

from tencentserverless._core import flow as core
from tencentserverless._sync import waiting
from tencentserverless._sync.waiting import WAKE, ThreadWaker, wait_one
from tencentserverless.exception import CredentialError, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tencentserverless._core.flow import Exchange, Flow
    from tencentserverless._sync.pool import MakeWaker, Pool
    from tencentserverless._sync.waiting import Steps
    from tencentserverless.credentials import Provider
    from tencentserverless.models import Credentials, InvokeResult


def run(flow: "Flow[Any]", pool: "Pool", provider: "Provider") -> "InvokeResult":
    """Drive the flow to its end: its result is returned, its error is raised."""
    if waiting.has_left():
        waiting.settle_left()
    steps = call_steps(flow, pool, provider, ThreadWaker, is_alone=True)
    return wait_one(steps, pool)  # type: ignore[no-any-return]


def call_steps(
    flow: "Flow[Any]", pool: "Pool", provider: "Provider", make_waker: "MakeWaker", is_alone: bool = False
) -> "Steps":
    """Perform the flow's effects. Returns its result, raises its error.

    :param make_waker: makes what ends a wait for another thread
    :param is_alone: nothing else is driven by this thread, so that an exchange may wait by itself, which costs less
    """
    answer: "Any" = None
    try:
        while True:
            effect: "Any" = flow.send(answer)
            kind = type(effect)
            if kind is core.Exchange:
                answer = yield from _exchange_steps(effect, pool, make_waker, is_alone)
            elif kind is core.GetCredentials:
                answer = get_credentials(effect, provider)
            else:
                answer = None
                yield None, WAKE, monotonic() + effect.seconds
    except StopIteration as end:
        return end.value
    finally:
        answer = None  # perhaps the error being raised, which must not hold itself by this frame
        flow.close()


def get_credentials(effect: "core.GetCredentials", provider: "Provider") -> "Credentials | CredentialError":
    """The keys, or the error that says why there are none."""
    try:
        return provider.get(effect.refresh)
    except CredentialError as error:
        return error


def _exchange_steps(effect: "Exchange", pool: "Pool", make_waker: "MakeWaker", is_alone: bool) -> "Steps":
    """Send a request and read its answer on a connection of the pool, which gets it back or sees it dropped."""
    connection = response = None
    is_unsent = False
    try:
        connection = pool.take_idle(effect.origin)
        if connection is None:
            connection = yield from pool.acquire_steps(effect.origin, effect.deadline, effect.mark, make_waker)
        connection.has_handed_over = False
        effect.connection = connection
        if is_alone:
            response = connection.exchange(effect.request, effect.deadline)
        else:
            response = yield from connection.exchange_steps(effect.request, effect.deadline)
        effect.is_whole = connection.has_handed_over
        return response
    except NetworkError as error:
        if connection is not None and connection.sent_at:
            effect.mark("send", connection.sent_at)
        is_unsent = error.executed is Verdict.NO
        return error
    finally:
        effect.connection = None
        if connection is not None:
            if response is not None and response.reusable and connection.has_handed_over:
                pool.release(connection)
            else:
                effect.may_have_left = connection.has_handed_over and not is_unsent and response is None
                pool.discard(connection, abort=is_unsent or not connection.has_handed_over)
