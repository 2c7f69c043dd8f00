"""Performs the effects of a flow by awaiting. The asynchronous client differs from the synchronous one only here."""

import asyncio
import copy

from tencentserverless._aio.pool import Pool
from tencentserverless._base.runtime import monotonic
from tencentserverless._core import flow as core
from tencentserverless.exception import CallError, CredentialError, DeadlineExceeded, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless._core.flow import Effect, Exchange, Flow, GetCredentials, Result
    from tencentserverless._core.http11 import Response
    from tencentserverless.models import Credentials


async def run(flow: "Flow[Result]", pool: Pool, provider: "Provider") -> "Result":
    """Drive the flow to its end: its result is returned, its error is raised."""
    answer: object = None
    try:
        while True:
            effect: "Effect" = flow.send(answer)
            if isinstance(effect, core.Exchange):
                answer = await _exchange(effect, pool)
            elif isinstance(effect, core.GetCredentials):
                answer = None if effect.refresh else _peek(provider)
                if answer is None:
                    answer = await _search(effect, pool, provider)
            else:
                answer = None
                await asyncio.sleep(effect.seconds)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        answer = None  # break the cycle error -> traceback -> this frame -> answer -> error
        flow.close()


def _peek(provider: "Provider") -> "Credentials | CredentialError | None":
    """Return the keys if that needs no blocking call; else None."""
    try:
        return provider.peek()
    except CredentialError as error:
        return error


async def _search(effect: "GetCredentials", pool: Pool, provider: "Provider") -> "Credentials | CallError":
    """Get the keys from a thread; tasks with the same request at the same time share one search.

    A task that is cancelled, or has no time left, leaves the search to the others.
    """
    search = pool.search(provider, effect.refresh)
    await asyncio.wait([search], timeout=max(0.0, effect.deadline - monotonic()))
    if not search.done():
        place = provider.source() or "the places where keys are looked for"
        message = "the timeout passed before {} gave the keys to sign with".format(place)
        return DeadlineExceeded("ClientNetworkError", message, executed=Verdict.NO)
    try:
        return search.result()
    except CredentialError as error:
        return copy.copy(error)  # each task adds its own attempts to its error


async def _exchange(effect: "Exchange", pool: Pool) -> "Response | NetworkError":
    """Send a request and read its answer on a connection of the pool; then release or drop the connection."""
    connection = response = None
    try:
        connection = pool.take_idle(effect.origin) or await pool.acquire(effect.origin, effect.deadline, effect.mark)
        effect.connection = connection
        response = await connection.exchange(effect.request, effect.deadline)
        effect.is_whole = connection.has_handed_over
        return response
    except NetworkError as error:
        if connection is not None and connection.sent_at:
            effect.mark("send", connection.sent_at)
        return error
    finally:
        effect.connection = None
        if connection is not None:
            effect.may_have_left = connection.has_handed_over
            if response is not None and response.reusable and connection.has_handed_over:
                pool.release(connection)
            else:
                pool.discard(connection)
