"""Clients whose requests are known: synchronous calls of JSON, signed by TC3, with the headers of a call before.

The headers of a client's calls are the same from call to call, but for time, signature, length and trace id. The facts
that the first call has shown are kept by these headers, a cache of the authentication: the next call of the kind needs
its signature checked and its body read, and no task. Every request that is unusual goes through ``dispatch``, which
alone refuses.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tencentserverless._core import signing, wire
from tencentserverless.local.access_keys import AccessKey
from tencentserverless.local.actions import invoke
from tencentserverless.local.actions.parameters import Call
from tencentserverless.local.api import envelope
from tencentserverless.local.errors import ApiError
from tencentserverless.local.http.connection import Connection
from tencentserverless.local.http.messages import Headers, Request
from tencentserverless.local.invocation import new_request_id
from tencentserverless.local.services import Services

Key = tuple[tuple[bytes, bytes], ...]
Parameters = invoke.InvokeTable | invoke.InvokeFunctionTable

_MAX_KINDS = 256  # ours
_AUTHORIZATION, _TIMESTAMP, _TRACE_ID = b"authorization", b"x-tc-timestamp", b"x-tc-traceid"
#: The official SDK for Python sends a new trace id with every call. It is not signed, and changes nothing here.
VARYING = frozenset((_AUTHORIZATION, _TIMESTAMP, b"content-length", _TRACE_ID))
_TIMESTAMP_CHARS = range(1, 13)


class _Kind(NamedTuple):
    """The facts that all requests with the same headers share.

    :param signer: makes the Authorization header of a correctly signed request
    """

    key: AccessKey
    signer: signing.Signer
    decoder: "msgspec.json.Decoder[Parameters]"
    region: str


class _Known(NamedTuple):
    """A kind whose head a connection remembers.

    :param timestamp: the position of its value among those that vary
    :param authorization: likewise
    :param trace_id: likewise, -1 if there is none
    """

    kind: _Kind
    timestamp: int
    authorization: int
    trace_id: int


class FastPath:
    """Remembers the kinds of calls that came recently.

    :param clock: UNIX seconds
    """

    def __init__(self, services: Services, clock: Callable[[], float], skew_seconds: int) -> None:
        self._services = services
        self._clock = clock
        self._skew_seconds = skew_seconds
        self._kinds: dict[Key, _Kind] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def learn(self, headers: Headers, key: AccessKey, action: str, region: str) -> None:
        """A call was found in order: the next one of its kind is known.

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
        self._kinds[_key(headers)] = _Kind(key, signer, action_of.decoder, region)

    def serve(self, request: Request, connection: Connection) -> bool:
        """Answer a whole request of a kind that is known. False if it is none; it has no answer then."""
        kind = self._kinds.get(_key(request.headers))
        if kind is None or request.method != "POST" or request.url != b"/":
            return False
        timestamp, authorization = request.header(_TIMESTAMP), request.header(_AUTHORIZATION)
        if not timestamp or not authorization:
            return False
        if names := connection.remember(kind, VARYING):
            connection.known = _Known(
                kind,
                names.index(_TIMESTAMP),
                names.index(_AUTHORIZATION),
                names.index(_TRACE_ID) if _TRACE_ID in names else -1,
            )
        return self.serve_known(_Known(kind, 0, 1, -1), [timestamp, authorization], request.body, connection)

    def serve_known(self, known: object, values: list[bytes], body: bytes, connection: Connection) -> bool:
        """Answer a request whose head the connection remembers. False if it has to be read like any other."""
        assert isinstance(known, _Known)
        kind, key, timestamp = known.kind, known.kind.key, values[known.timestamp]
        if known.trace_id >= 0 and not values[known.trace_id].replace(b"-", b"").isalnum():
            return False
        if key.is_revoked or len(timestamp) not in _TIMESTAMP_CHARS or not timestamp.isdigit():
            return False
        now, seconds = self._clock(), int(timestamp)
        if abs(now - seconds) > self._skew_seconds or (key.expires_at is not None and now >= key.expires_at):
            return False
        made = kind.signer.sign(key.credentials, seconds, body)
        if not hmac.compare_digest(made, values[known.authorization]):
            return False
        try:
            parameters = kind.decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return False
        self._call(kind, parameters, connection)
        return True

    def _call(self, kind: _Kind, parameters: Parameters, connection: Connection) -> None:
        """Run the function, or accept the event."""
        request_id = new_request_id()
        call = Call(request_id, kind.region, nested=kind.key.expires_at is not None)
        if isinstance(parameters, invoke.InvokeTable) and parameters.InvocationType not in (None, "", wire.SYNC):
            self._accept(parameters, call, connection)
            return
        try:
            invocation = invoke.prepare(
                parameters, call, self._services, Reply(connection=connection, services=self._services)
            )
        except ApiError as error:
            connection.reply(envelope.failure(error, request_id))
            return
        if invocation.record.runs_async:
            self._accept(parameters, call, connection)
        else:
            self._services.runner.submit(invocation)

    def _accept(self, parameters: Parameters, call: Call, connection: Connection) -> None:
        """Accept an asynchronous invocation: it has to be kept before it is answered."""
        show = self._services.console.show

        async def answer() -> None:
            is_invoke = isinstance(parameters, invoke.InvokeTable)
            handle = invoke.invoke if is_invoke else invoke.invoke_function
            handling = handle(parameters, call, self._services)  # type: ignore[arg-type]
            connection.reply(await envelope.answered(handling, call.request_id, show))

        task = asyncio.get_running_loop().create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Reply(invoke.ApiCall, kw_only=True, eq=False):
    """A call whose answer goes to its connection."""

    connection: Connection
    services: Services

    def reply(self, answer: invoke.Answered, request_id: str) -> None:
        """Send an answer."""
        damage = self.services.damage
        try:
            if isinstance(answer, ApiError):
                body = envelope.failure(answer, request_id)
            else:
                body = envelope.result(answer, request_id)
        except Exception as error:  # noqa: BLE001  # the end of a call must not be disturbed
            body = envelope.internal_error(error, request_id, self.services.console.show)
        self.connection.reply(body, damage.pop(request_id, "") if damage else "")


def _key(headers: Headers) -> Key:
    return tuple([pair for pair in headers if pair[0] not in VARYING])
