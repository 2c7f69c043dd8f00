"""The short way of a call that is like one before: synchronous, of JSON, signed by TC3, from the same client.

Headers of a client's calls are the same from call to call, but for time, signature and length. So what the long way
found out about them is kept, and the next call of the kind needs its signature checked, its body read, and no task of
its own. Whatever is unusual about a request sends it the long way, which alone refuses.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tencentserverless._core import signing, wire
from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.action import Call, Services
from tencentserverless.local.actions.execution import Done, start
from tencentserverless.local.front import envelope
from tencentserverless.local.ids import new_request_id
from tencentserverless.local.keys import Grant, KeyRing
from tencentserverless.local.refusals import ApiError

Pairs = list[tuple[bytes, bytes]]
Key = tuple[tuple[bytes, bytes], ...]
Reply = Callable[[bytes, str], None]

_MAX_KINDS = 256  # ours
_AUTHORIZATION, _TIMESTAMP, _LENGTH = b"authorization", b"x-tc-timestamp", b"content-length"
_VARYING = frozenset((_AUTHORIZATION, _TIMESTAMP, _LENGTH))
_TIMESTAMP_CHARS = range(1, 13)


class _Kind(NamedTuple):
    """What is known of all requests with the same headers.

    :param signer: makes the Authorization header that a right one has
    """

    grant: Grant
    signer: signing.Signer
    decoder: "msgspec.json.Decoder[Any]"
    region: str


class Lane:
    """Knows the kinds of calls that came lately.

    :param clock: UNIX seconds
    """

    def __init__(self, services: Services, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._services = services
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._kinds: dict[Key, _Kind] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def learn(self, headers: Pairs, grant: Grant, action: str, region: str) -> None:
        """A call has come the long way and was found in order: the next one of its kind need not.

        :param headers: as they came, names in lower case
        """
        action_of = invoke.ACTIONS.get(action)
        values = dict(headers)
        if action_of is None or len(values) != len(headers) or b"x-tc-content-sha256" in values:
            return
        host, content_type = values[b"host"].decode("latin-1"), values[b"content-type"].decode("latin-1")
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds.clear()
        signer = signing.Signer(host, wire.SERVICE, content_type)
        self._kinds[_key(headers)] = _Kind(grant, signer, action_of.decoder, region)

    def serve(self, headers: Pairs, body: bytes, reply: Reply) -> bool:
        """Answer a whole POST to ``/`` without a query. False if it has to go the long way; nothing has happened then.

        :param reply: called once, perhaps at once, with the envelope and what spoils it
        """
        kind = self._kinds.get(_key(headers))
        if kind is None or not self._is_proven(kind, headers, body):
            return False
        try:
            parameters = kind.decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return False
        request_id = new_request_id()
        services = self._services
        call = Call(request_id, kind.region, nested=kind.grant.expires_at is not None)
        if isinstance(parameters, invoke.InvokeTable) and parameters.InvocationType not in (None, "", wire.SYNC):
            self._handle(parameters, call, reply)
            return True
        try:
            prepared = invoke.prepare(parameters, call, services)
        except ApiError as error:
            reply(envelope.failure(error, request_id), "")
            return True
        if prepared.execution.record.runs_async:
            self._handle(parameters, call, reply)
            return True

        def end(done: Done | Exception) -> None:
            answer = _answer(prepared, done, services, request_id)
            reply(answer, services.spoiled.pop(request_id, "") if services.spoiled else "")

        start(prepared.execution, services, end)
        return True

    def _handle(self, parameters: Any, call: Call, reply: Reply) -> None:
        """Answer what is only accepted: it has to be kept first."""
        handle = invoke.invoke if isinstance(parameters, invoke.InvokeTable) else invoke.invoke_function
        show = self._services.console.show

        async def answer() -> None:
            reply(await envelope.answered(handle(parameters, call, self._services), call.request_id, show), "")

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_proven(self, kind: _Kind, headers: Pairs, body: bytes) -> bool:
        """Whether a request is fresh and signed by the key of its kind."""
        grant = kind.grant
        if self._keys.find(grant.credentials.secret_id) is not grant:
            return False
        values = dict(headers)
        timestamp, authorization = values.get(_TIMESTAMP, b""), values.get(_AUTHORIZATION, b"")
        if len(timestamp) not in _TIMESTAMP_CHARS or not timestamp.isdigit():
            return False
        now = self._clock()
        if abs(now - int(timestamp)) > self._skew_seconds or (grant.expires_at is not None and now >= grant.expires_at):
            return False
        made = kind.signer.sign(grant.credentials, int(timestamp), body)
        return hmac.compare_digest(made, authorization)


def _answer(prepared: invoke.Prepared, done: Done | Exception, services: Services, request_id: str) -> bytes:
    if not isinstance(done, Done):
        return envelope.failure(done if isinstance(done, ApiError) else invoke.stopped(), request_id)
    try:
        return envelope.success(invoke.answer(prepared, done, services), request_id)
    except Exception as error:  # noqa: BLE001  # the last line: whoever ends the call must not be disturbed
        return envelope.internal_error(error, request_id, services.console.show)


def _key(headers: Pairs) -> Key:
    return tuple([pair for pair in headers if pair[0] not in _VARYING])
