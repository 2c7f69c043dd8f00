"""The pages of asynchronous invocations and timers: what waits, what was given up, and when timers fire."""

import asyncio
import itertools
from collections.abc import Iterator

import msgspec

from tencentserverless.local.dashboard.overview import known_functions
from tencentserverless.local.dashboard.queries import Query, read_body, read_cursor
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources
from tencentserverless.local.dashboard.texts import key_fields, shown_text
from tencentserverless.local.registry import event_pages
from tencentserverless.local.registry.event_pages import QueuedEvent
from tencentserverless.local.registry.event_states import State
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.timer_triggers import Trigger, next_fire_time

_PAGE = 200
_LETTERS = 200
_ALL_LETTERS = 1_000_000  # as many as the files hold
_TIMES = 3
_MAX_EVENT_CHARS = 4096
_KINDS = {"TRIGGER_TIMER": "timer"}
_INVOKE, _EVENT = "Invoke", "Event"


class SendTable(msgspec.Struct, forbid_unknown_fields=True):
    """The body of dead-letters/send."""

    id: str


class FireTable(msgspec.Struct, forbid_unknown_fields=True):
    """The body of timers/fire."""

    region: str
    namespace: str
    function: str
    trigger: str


async def show_events(query: Query, sources: Sources) -> JsonObject:
    """Return a page of the queue, and the last dead letters, the newest first."""
    after = read_cursor(query) or 0
    sources.engine.flush_events()
    count, found = await sources.history.read(event_pages.list_events(after, _PAGE + 1))
    page, rest = found[:_PAGE], found[_PAGE:]
    letters = await asyncio.to_thread(sources.engine.read_dead_letters, _LETTERS)
    return {
        "items": [_shown_event(each) for each in page],
        "next": str(page[-1].number) if rest else None,
        "count": count,
        "dead_letters": {"items": [_shown_letter(each, sources) for each in reversed(letters)], "next": None},
    }


async def send_again(body: bytes, sources: Sources) -> JsonObject:
    """Run the event of a dead letter again."""
    wanted = read_body(body, SendTable).id
    letters = await asyncio.to_thread(sources.engine.read_dead_letters, _ALL_LETTERS)
    found = next((each for each in reversed(letters) if each["RequestId"] == wanted), None)
    if found is None:
        raise Refusal(404, "not_found", f"there is no dead letter {wanted[:64]!r} any more")
    letter = _shown_letter(found, sources)
    event = _body_of(found)["ClientContext"]
    key = FunctionKey(str(letter["region"]), str(letter["namespace"]), str(letter["function"]))
    return await _start(key, str(letter["qualifier"]), str(event), sources, again_of=wanted)


async def show_timers(sources: Sources) -> JsonObject:
    """Return every timer, with the next times at which it is due."""
    found = [
        (key, trigger)
        for key, function in sorted(known_functions(sources).items())
        for trigger in function.triggers.values()
    ]
    now = sources.clock()
    items = await asyncio.to_thread(lambda: [_shown_timer(key, trigger, now) for key, trigger in found])
    return {"items": items, "next": None}


async def fire(body: bytes, sources: Sources) -> JsonObject:
    """Fire a timer now: its function gets the event of a timer, which is queued as any other."""
    wanted = read_body(body, FireTable)
    key = FunctionKey(wanted.region, wanted.namespace, wanted.function)
    function = sources.catalogue.find_kept(key)
    trigger = function.triggers.get(wanted.trigger) if function else None
    if trigger is None:
        raise Refusal(404, "not_found", f"function {wanted.function[:64]!r} has no timer {wanted.trigger[:100]!r}")
    event = sources.engine.timer_event(trigger.name, trigger.argument, sources.clock())
    return await _start(key, trigger.qualifier, event.decode("utf-8"), sources)


async def _start(key: FunctionKey, qualifier: str, event: str, sources: Sources, *, again_of: str = "") -> JsonObject:
    """Queue an event by the API."""
    parameters = {
        "FunctionName": key.name,
        "Namespace": key.namespace,
        "Qualifier": qualifier,
        "InvocationType": _EVENT,
        "ClientContext": event,
    }
    answer = await sources.engine.call(_INVOKE, key.region, parameters, again_of=again_of)
    response = answer["Response"]
    assert isinstance(response, dict), "every answer of the API has one"
    if "Error" in response:
        error = response["Error"]
        raise Refusal(409, "action", f"{error['Code']}: {error['Message']}")
    return {"request_id": response["RequestId"]}


def _shown_event(event: QueuedEvent) -> JsonObject:
    kind, _, again_of = event.mark.partition(" ")
    return {
        "request_id": event.request_id,
        **key_fields(event.key),
        "qualifier": event.qualifier,
        "origin": kind or _KINDS.get(event.origin, "queue"),
        "state": event.state,
        "pushed_at": event.pushed_at,
        "due_at": event.due_at if event.state == State.WAITING_RETRY.value else None,
        "tries": event.tries,
        "error": event.error,
        "event": shown_text(event.event, event.event_bytes, limit=_MAX_EVENT_CHARS),
        "can_terminate": event.is_traced and event.state != State.DEAD.value,
        "again_of": again_of or None,
    }


def _body_of(letter: JsonObject) -> JsonObject:
    body = letter["Body"]
    assert isinstance(body, dict), "this server has written it"
    return body


def _shown_letter(letter: JsonObject, sources: Sources) -> JsonObject:
    body = _body_of(letter)
    key = FunctionKey(
        str(letter.get("Region") or sources.settings.region), str(body["Namespace"]), str(body["FunctionName"])
    )
    pushed_ms, retries = body["TimeStampForInvoker"], body["RetryNum"]
    assert isinstance(pushed_ms, int), "this server has written it"
    return {
        "id": letter["RequestId"],
        "request_id": letter["RequestId"],
        **key_fields(key),
        "qualifier": body["Qualifier"],
        "error": letter["ErrorMessage"],
        "event": shown_text(str(body["ClientContext"]), limit=_MAX_EVENT_CHARS),
        "pushed_at": pushed_ms / 1000,
        "retries": retries,
    }


def _shown_timer(key: FunctionKey, trigger: Trigger, now: float) -> JsonObject:
    return {
        **key_fields(key),
        "trigger": trigger.name,
        "qualifier": trigger.qualifier,
        "cron": trigger.cron,
        "argument": trigger.argument,
        "description": trigger.description,
        "is_enabled": trigger.is_enabled,
        "next_at": list(itertools.islice(_due_times(trigger, now), _TIMES)) if trigger.is_enabled else [],
    }


def _due_times(trigger: Trigger, now: float) -> Iterator[float]:
    at: float | None = max(now, trigger.changed_at)
    while at is not None and (at := next_fire_time(trigger.cron, at)) is not None:
        yield at
