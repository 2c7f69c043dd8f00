"""Invoke and InvokeFunction: run a function and return its result.

Sources: cloud.tencent.com/document/api/583/17243 (Invoke), 58400 (InvokeFunction), 17244 (Result) and
document/product/583/42611 (status codes).
"""

import asyncio
import json
import math
from collections.abc import Mapping

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.lookup import Codes, check_code, find_function, no_version
from tencentserverless.local.actions.parameters import Action, Call, Table, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.invocation import Invocation, Stopping
from tencentserverless.local.invocations.queue import QueueFull
from tencentserverless.local.outcome import call_log, tail
from tencentserverless.local.registry.event_tables import Event
from tencentserverless.local.registry.function_version import DEFAULT_ALIAS, LATEST, FunctionRecord
from tencentserverless.local.services import Services
from tencentserverless.local.worker.interpreters import can_run

#: The pages of these actions list no code for a namespace, and a special code for a name.
_CODES = Codes(name="InvalidParameter.FunctionName", namespace="ResourceNotFound.Function")
_NO_ROUTING_KEY: Mapping[str, str] = {}
_routing_keys = msgspec.json.Decoder(dict[str, str])
_ORIGIN = "CLOUD_API"  # ours: the source of an event; the pages show COS and TRIGGER_TIMER
# the console sends this if no event is given; the event that the platform passes then is not documented
_MAX_TARGETS = 1024  # ours
_EMPTY_EVENT = "{}"


class InvokeTable(Table, frozen=True):
    """Parameters of Invoke."""

    FunctionName: str
    ClientContext: str | None = None
    InvocationType: str | None = None
    Qualifier: str | None = None
    LogType: str | None = None
    Namespace: str | None = None
    RoutingKey: str | None = None


class InvokeFunctionTable(Table, frozen=True):
    """Parameters of InvokeFunction."""

    FunctionName: str
    Event: str | None = None
    Qualifier: str | None = None
    LogType: str | None = None
    Namespace: str | None = None
    RoutingKey: str | None = None


class Result(msgspec.Struct):
    """The fields of ``Result`` (document/api/583/17244)."""

    FunctionRequestId: str
    RetMsg: str = ""
    ErrMsg: str = ""
    Log: str = ""
    Duration: float = 0.0
    BillDuration: int = 0
    MemUsage: int = 0
    InvokeResult: int = 0


class ApiCall(msgspec.Struct, eq=False):
    """A synchronous call: its invocation tells it of the end, and it replies. ``prepare`` sets the attributes.

    :ivar log_bytes: of the end of the log that the answer has
    """

    gets_answer = True
    qualifier: str = ""
    is_invoke: bool = False
    log_bytes: int = 0

    def __repr__(self) -> str:  # what a subclass holds would fill a page
        return f"<{type(self).__name__} of {self.qualifier!r}>"

    def reply(self, answer: "Answered", request_id: str) -> None:
        """Send the result or the refusal; called once."""
        raise NotImplementedError

    def end(self, invocation: Invocation) -> None:
        """Answer the call."""
        outcome, failure, request_id = invocation.outcome, invocation.failure, invocation.request_id
        if outcome is None:
            self.reply(failure if isinstance(failure, ApiError) else stopped(), request_id)
            return
        result = Result(
            FunctionRequestId=request_id,
            RetMsg=invocation.message,
            ErrMsg=outcome.stack_trace or outcome.message,
            Duration=outcome.duration_ms,
            BillDuration=math.ceil(outcome.duration_ms),
            MemUsage=outcome.memory_bytes,
            InvokeResult=FAILED if self.is_invoke and outcome.status else outcome.status,
        )
        if self.log_bytes:
            memory_mb = invocation.record.memory_mb
            log = call_log(request_id, outcome.output, outcome.duration_ms, memory_mb, outcome.memory_bytes)
            result.Log = tail(log, self.log_bytes)
        self.reply(result, request_id)


Answered = Result | ApiError


class _AwaitedCall(ApiCall, kw_only=True, eq=False):
    """A call for whose answer a task waits."""

    answered: "asyncio.Future[Answered]"

    def reply(self, answer: Answered, request_id: str) -> None:
        """Wake the task; one that was cancelled does not wait any more."""
        if not self.answered.done():
            self.answered.set_result(answer)


def prepare(
    parameters: InvokeTable | InvokeFunctionTable, call: Call, services: Services, caller: ApiCall
) -> Invocation:
    """Check a synchronous call.

    :raises ApiError: with the platform's code, if it can't be
    """
    is_invoke = isinstance(parameters, InvokeTable)
    payload = parameters.ClientContext if isinstance(parameters, InvokeTable) else parameters.Event
    qualifier = parameters.Qualifier or (LATEST if is_invoke else DEFAULT_ALIAS)
    record = find_target(parameters, qualifier, call, services)
    log_type = parameters.LogType
    shows_log = log_type is not None and choose("LogType", log_type, wire.LOG_TYPES, "None") == "Tail"
    event = _checked_event(payload, services.settings.limits.event_bytes)
    caller.qualifier, caller.is_invoke = qualifier, is_invoke
    caller.log_bytes = services.settings.limits.log_tail_bytes if shows_log else 0
    return Invocation(record, call.request_id, event, caller, nested=call.nested, origin=call.origin)


def stopped() -> ApiError:
    """Make the refusal of a call that was still running when the server stopped."""
    return ApiError("InternalError", "The local SCF is stopping; the function may or may not have run.")


async def invoke(parameters: InvokeTable, call: Call, services: Services) -> dict[str, object]:
    """Run a function, with the parameters of Invoke."""
    kind = choose("InvocationType", parameters.InvocationType, wire.INVOCATION_TYPES, wire.SYNC)
    if kind == wire.EVENT:
        return {"Result": await _push(parameters, call, services)}
    return await invoke_function(parameters, call, services)


async def invoke_function(
    parameters: InvokeTable | InvokeFunctionTable, call: Call, services: Services
) -> dict[str, object]:
    """Run a function, named and given its event in the way of InvokeFunction."""
    caller = _AwaitedCall(answered=asyncio.get_running_loop().create_future())
    invocation = prepare(parameters, call, services, caller)
    if invocation.record.runs_async:
        return {"Result": await accept(invocation.record, caller.qualifier, invocation.event, call, services)}
    services.runner.submit(invocation)
    answer = await caller.answered
    if isinstance(answer, ApiError):
        raise answer
    return {"Result": answer}


#: InvokeResult of a failed function, as Invoke gave it to clients of 2019, which read it; InvokeFunction gives the
#: status. Today's documentation only says that the field is no longer maintained.
FAILED = 1

ACTIONS = {
    wire.INVOKE: Action(msgspec.json.Decoder(InvokeTable), invoke),
    wire.INVOKE_FUNCTION: Action(msgspec.json.Decoder(InvokeFunctionTable), invoke_function),
}


def find_target(
    parameters: InvokeTable | InvokeFunctionTable, qualifier: str, call: Call, services: Services
) -> FunctionRecord:
    """The version that a call runs. One that does not depend on chance is looked up once, until a function changes.

    :raises ApiError: if there is none, or it can't run
    """
    catalogue, targets = services.catalogue, services.targets
    place = (call.region, parameters.Namespace, parameters.FunctionName, qualifier)
    known = targets.get(place)
    if known is not None and known[0] == catalogue.generation and not parameters.RoutingKey:
        return known[1]
    function = find_function(catalogue, call.region, parameters.Namespace, parameters.FunctionName, _CODES)
    record = function.resolve(qualifier, services.rng, _routing_key(parameters.RoutingKey))
    if record is None:
        raise no_version(function, qualifier, "ResourceNotFound.Qualifier")
    check_code(catalogue, function, record, _CODES.function)
    _check_runtime(record)
    if services.pace.is_busy:  # its state will end, so that it is asked for again
        services.pace.check_call(record)
        return services.pace.running(record)
    if not function.is_routed(qualifier):
        if len(targets) >= _MAX_TARGETS:
            targets.clear()
        targets[place] = (catalogue.generation, record)
    return record


async def _push(parameters: InvokeTable, call: Call, services: Services) -> Result:
    """Accept an event of Invoke."""
    qualifier = parameters.Qualifier or LATEST
    record = find_target(parameters, qualifier, call, services)
    choose("LogType", parameters.LogType, wire.LOG_TYPES, "None")
    event = _checked_event(parameters.ClientContext, services.settings.limits.async_event_bytes)
    # The version of a routed alias is chosen now, by this call's routing key: retries run the same version.
    named = record.version if parameters.RoutingKey else qualifier
    return await accept(record, named, event, call, services)


async def accept(record: FunctionRecord, qualifier: str, event: bytes, call: Call, services: Services) -> Result:
    """Accept an asynchronous invocation: its event is stored before the answer is sent.

    :raises ApiError: if it can't be accepted
    """
    mark = "" if call.origin == "api" else call.origin
    pushed = Event(
        *(0, call.request_id, record.key, qualifier, _ORIGIN, event, services.clock()),
        is_traced=record.runs_async,
        mark=mark,
    )
    try:
        await services.queue.push(pushed)
    except QueueFull as full:
        raise ApiError("RequestLimitExceeded", f"{full}.") from None
    except Stopping:
        raise ApiError("InternalError", "The local SCF is stopping; nothing was accepted.") from None
    return Result(call.request_id)


def _routing_key(text: str | None) -> Mapping[str, str]:
    """Return the texts by which an alias chooses a version."""
    if not text:
        return _NO_ROUTING_KEY
    if len(text.encode()) > wire.MAX_ROUTING_KEY_BYTES:
        raise ApiError("InvalidParameterValue", f"RoutingKey is over {wire.MAX_ROUTING_KEY_BYTES} bytes.")
    try:
        return _routing_keys.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise ApiError(
            "InvalidParameterValue", 'RoutingKey must be a JSON object of texts, such as {"User": "42"}.'
        ) from None


def _check_runtime(record: FunctionRecord) -> None:
    if record.type != "Event":
        raise ApiError(
            "InvalidParameterValue.FunctionType",
            f"Function {record.key.name!r} is a web function: send a request to its URL (scf curl {record.key.name}).",
        )
    if not can_run(record.runtime):
        raise ApiError(
            "UnsupportedOperation",
            f"Function {record.key.name!r} has the runtime {record.runtime}, which is not supported by the local SCF; "
            "it runs Python functions, and CustomRuntime.",
        )


def _checked_event(payload: str | None, limit_bytes: int) -> bytes:
    """Return the event as JSON text in UTF-8.

    :raises ApiError: if the event is too large or no JSON
    """
    event = (payload or _EMPTY_EVENT).encode("utf-8")
    if len(event) > limit_bytes:
        raise ApiError(
            "InvalidParameter.RequestTooLarge", f"The event has {len(event)} bytes, the limit is {limit_bytes}."
        )
    try:
        msgspec.json.decode(event, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        if not _is_json(event):
            reason = str(error).rstrip(".")[:200]
            raise ApiError("InvalidParameterValue.Param", f"The event is not standard JSON: {reason}.") from None
    return event


def _is_json(event: bytes) -> bool:
    """True if the standard library reads the event: half a surrogate pair, which ``json.dumps`` writes, is valid."""
    try:
        json.loads(event, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not standard JSON")
