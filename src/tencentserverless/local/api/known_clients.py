"""A cache of authentication: a fast path for calls that repeat an earlier one (synchronous, JSON, TC3, same client).

Headers of a client's calls are the same from call to call, except time, signature and length. So the result of the full
path is kept. The next call of the same kind needs only a check of its signature and the reading of its body, and no
task. Any unusual request takes the full path; only the full path refuses.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tencentserverless._core import signing, wire
from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.api import envelope
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.invocations.execution import Done
from tencentserverless.local.services import Services

Pairs = list[tuple[bytes, bytes]]
Key = tuple[tuple[bytes, bytes], ...]
Reply = Callable[[bytes, str], None]

_MAX_KINDS = 256  # ours
_AUTHORIZATION, _TIMESTAMP, _LENGTH = b"authorization", b"x-tc-timestamp", b"content-length"
_VARYING = frozenset((_AUTHORIZATION, _TIMESTAMP, _LENGTH))
_TIMESTAMP_CHARS = range(1, 13)


class _Kind(NamedTuple):
    """The cached facts about all requests with the same headers.

    :param signer: makes the Authorization header of a correctly signed request
    """

    access_key: AccessKey
    signer: signing.Signer
    decoder: "msgspec.json.Decoder[Any]"
    region: str


class KnownClients:
    """Remembers the kinds of calls that came recently.

    :param clock: UNIX seconds
    """

    def __init__(self, services: Services, keys: KeyRing, clock: Callable[[], float], skew_seconds: int) -> None:
        self._services = services
        self._keys = keys
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._kinds: dict[Key, _Kind] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def learn(self, headers: Pairs, access_key: AccessKey, action: str, region: str) -> None:
        """Remember a call that has passed the full path, so that the next call of its kind takes the fast path.

        :param headers: as received, names in lower case
        """
        action_of = invoke.ACTIONS.get(action)
        values = dict(headers)
        if action_of is None or len(values) != len(headers) or b"x-tc-content-sha256" in values:
            return
        host, content_type = values[b"host"].decode("latin-1"), values[b"content-type"].decode("latin-1")
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds.clear()
        signer = signing.Signer(host, wire.SERVICE, content_type)
        self._kinds[_key(headers)] = _Kind(access_key, signer, action_of.decoder, region)

    def serve(self, headers: Pairs, body: bytes, reply: Reply) -> bool:
        """Answer a whole POST to ``/`` without a query.

        Returns False, with nothing done, if the full path must take it.

        :param reply: called once, perhaps before this returns, with the envelope and the fault that damages it
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
        call = Call(request_id, kind.region, nested=kind.access_key.expires_at is not None)
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

        damage = services.executor.damage

        def end(done: Done | Exception) -> None:
            answer = _answer(prepared, done, services, request_id)
            reply(answer, damage.pop(request_id, "") if damage else "")

        services.executor.start(prepared.execution, end)
        return True

    def _handle(self, parameters: Any, call: Call, reply: Reply) -> None:
        """Answer a call that is only accepted (asynchronous): its event must be stored before the answer."""
        handle = invoke.invoke if isinstance(parameters, invoke.InvokeTable) else invoke.invoke_function
        show = self._services.console.show

        async def answer() -> None:
            reply(await envelope.answered(handle(parameters, call, self._services), call.request_id, show), "")

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_proven(self, kind: _Kind, headers: Pairs, body: bytes) -> bool:
        """True if a request is fresh and signed by the key of its kind."""
        access_key = kind.access_key
        if self._keys.find(access_key.credentials.secret_id) is not access_key:
            return False
        values = dict(headers)
        timestamp, authorization = values.get(_TIMESTAMP, b""), values.get(_AUTHORIZATION, b"")
        if len(timestamp) not in _TIMESTAMP_CHARS or not timestamp.isdigit():
            return False
        now = self._clock()
        if abs(now - int(timestamp)) > self._skew_seconds or (
            access_key.expires_at is not None and now >= access_key.expires_at
        ):
            return False
        made = kind.signer.sign(access_key.credentials, int(timestamp), body)
        return hmac.compare_digest(made, authorization)


def _answer(prepared: invoke.Prepared, done: Done | Exception, services: Services, request_id: str) -> bytes:
    if not isinstance(done, Done):
        return envelope.failure(done if isinstance(done, ApiError) else invoke.stopped(), request_id)
    try:
        return envelope.success(invoke.answer(prepared, done, services), request_id)
    except Exception as error:  # noqa: BLE001  # the last handler: it protects the code that ends the call
        return envelope.internal_error(error, request_id, services.console.show)


def _key(headers: Pairs) -> Key:
    return tuple([pair for pair in headers if pair[0] not in _VARYING])
