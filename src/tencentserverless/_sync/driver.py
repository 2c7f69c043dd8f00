"""Performs the effects of a flow, in the calling thread or in steps. Both clients differ only here.

A single call waits for its answer without steps: steps would cost a fifth of its CPU time.
"""

import time

from tencentserverless._base.runtime import monotonic
from tencentserverless._base.sockets import answer_deadline
from tencentserverless._core.flow import Exchange, GetCredentials
from tencentserverless._core.http11 import ResponseReader
from tencentserverless._sync import waiting
from tencentserverless._sync.waiting import READ, WAKE
from tencentserverless.exception import CredentialError, NetworkError
from tencentserverless.models import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._base.environment_keys import Provider
    from tencentserverless._core.flow import Effect, Flow, Result
    from tencentserverless._core.http11 import Response
    from tencentserverless._sync.net import Connection
    from tencentserverless._sync.pool import MakeWaker, Pool
    from tencentserverless._sync.waiting import Steps
    from tencentserverless.models import Credentials, InvokeResult


def run(flow: "Flow[Result]", pool: "Pool", provider: "Provider") -> "Result":
    """Drive the flow to its end: its result is returned, its error is raised."""
    if waiting.has_left():
        waiting.settle_left()
    answer: object = None
    try:
        while True:
            effect: "Effect" = flow.send(answer)
            if isinstance(effect, Exchange):
                answer = _exchange(effect, pool)
            elif isinstance(effect, GetCredentials):
                answer = get_credentials(effect, provider)
            else:
                answer = None
                time.sleep(effect.seconds)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        answer = None  # break the cycle error -> traceback -> this frame -> answer -> error
        flow.close()


def call_steps(flow: "Flow[InvokeResult]", pool: "Pool", provider: "Provider", make_waker: "MakeWaker") -> "Steps":
    """Do the same in steps.

    :param make_waker: makes the waker that ends a wait for another thread
    """
    answer: object = None
    try:
        while True:
            effect: "Effect" = flow.send(answer)
            if isinstance(effect, Exchange):
                answer = yield from _exchange_steps(effect, pool, make_waker)
            elif isinstance(effect, GetCredentials):
                answer = get_credentials(effect, provider)
            else:
                answer = None
                yield None, WAKE, monotonic() + effect.seconds
    except StopIteration as end:
        return end.value
    finally:
        answer = None  # break the cycle error -> traceback -> this frame -> answer -> error
        flow.close()


def get_credentials(effect: GetCredentials, provider: "Provider") -> "Credentials | CredentialError":
    """Get the keys, or the error if there are none."""
    try:
        return provider.get(effect.refresh)
    except CredentialError as error:
        return error


def _exchange(effect: Exchange, pool: "Pool") -> "Response | NetworkError":
    """Send a request and read its answer on a connection of the pool; then release or drop the connection."""
    connection = response = None
    is_unsent = False
    try:
        connection = pool.take_idle(effect.origin) or pool.acquire(effect.origin, effect.deadline, effect.mark)
        effect.connection = connection
        response = connection.exchange(effect.request, effect.deadline)
        effect.is_whole = connection.has_handed_over
        return response
    except NetworkError as error:
        is_unsent = error.executed is Verdict.NO
        _note_sent(effect, connection)
        return error
    finally:
        effect.connection = None
        if connection is not None:
            effect.may_have_left = connection.has_handed_over and not is_unsent  # first, in case of an interrupt here
            _give_back(connection, response, pool, is_unsent)


def _exchange_steps(effect: Exchange, pool: "Pool", make_waker: "MakeWaker") -> "Steps":
    """Do the same in steps.

    Many of these generators wait at once, and the garbage collector scans each object that they hold. So sending and
    reading are not generators of their own, and the reader is made when there are bytes to read.
    """
    connection = response = reader = None
    is_unsent = False
    try:
        connection = pool.take_idle(effect.origin)
        if connection is None:
            connection = yield from pool.acquire_steps(effect.origin, effect.deadline, effect.mark, make_waker)
        effect.connection = connection
        left = connection.send_some(effect.request)
        if left is not None:
            reader = ResponseReader()
            response = yield from connection.send_rest_steps(left, reader, effect.deadline)
        while response is None:
            if not (yield connection.sock, READ, effect.deadline):
                raise answer_deadline(effect.origin)
            reader = reader or ResponseReader()
            response = connection.read_some(reader)
        effect.is_whole = connection.has_handed_over
        return response
    except NetworkError as error:
        is_unsent = error.executed is Verdict.NO
        _note_sent(effect, connection)
        return error
    finally:
        effect.connection = None
        if connection is not None:
            effect.may_have_left = connection.has_handed_over and not is_unsent  # first, in case of an interrupt here
            _give_back(connection, response, pool, is_unsent)


def _note_sent(effect: Exchange, connection: "Connection | None") -> None:
    if connection is not None and connection.sent_at:
        effect.mark("send", connection.sent_at)


def _give_back(connection: "Connection", response: "Response | None", pool: "Pool", is_unsent: bool) -> None:
    """Give the pool a connection that can carry another call, else drop it."""
    if response is not None and response.reusable and connection.has_handed_over:
        connection.has_handed_over = False
        pool.release(connection)
    else:
        pool.discard(connection, abort=is_unsent or not connection.has_handed_over)
