"""Write the tables of pages in docs/ from the data of the code: ``python tools/page_tables.py``.

With ``--check``, it writes nothing, and fails if a page differs from the code.
"""

import enum
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from tencentserverless._base import arguments, client, spawn_map
from tencentserverless._base import map as client_map
from tencentserverless._core import bodies, flow, pool, request, retry, wire
from tencentserverless.cli.reference.sample_events import list_samples, take_sample
from tencentserverless.local import lifecycle
from tencentserverless.local.actions.function_changes import FUNCTIONS_PER_NAMESPACE
from tencentserverless.local.actions.namespaces import NAMESPACES_PER_REGION
from tencentserverless.local.invocations import fault_rules, history, run_ledger
from tencentserverless.local.invocations.retry import RETRY_SECONDS
from tencentserverless.local.project import code_tree
from tencentserverless.local.project.keys import KINDS, Effect
from tencentserverless.local.registry import (
    event_states,
    event_tables,
    function_version,
    invocation_tables,
    layer,
    package_contents,
    packages,
    timer_triggers,
)
from tencentserverless.local.scheduler import instance_states, sessions
from tencentserverless.local.settings import Limits
from tencentserverless.local.worker import runtime_api, worker_states
from tencentserverless.models import Verdict

_State = TypeVar("_State", bound=enum.Enum)
_Move = TypeVar("_Move", bound=enum.Enum)
DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN = "<!-- begin {}: written by tools/page_tables.py -->"
END = "<!-- end {} -->"
#: Of a line of JSON.
WIDTH = 100

#: Sources of limits: pages of cloud.tencent.com, the documentation without a page, and this package.
QUOTAS = "product/583/11637"
REQUESTS = "api/583/17237"
CREATION = "api/583/18586"
STRUCTURES = "api/583/17244"
STATUSES = "product/583/42611"
WEB_REQUESTS = "product/583/56124"
DOCUMENTED = "documented"
OURS = "ours"
#: How the sources that are no pages are written.
OWNERS: Mapping[str, str] = {DOCUMENTED: "platform", OURS: OURS}
SERVER = Limits()

_UNITS = ((1 << 20, "MB"), (1 << 10, "KB"))
_TIMES = ((24 * 3600, "d"), (3600, "h"), (60, "min"))


def _describe_pause(seconds: float | None) -> str:
    return "" if seconds is None else f"from {seconds:g} s"


def _list_statuses() -> list[str]:
    rows = ["| Status | Did it run? | Error | Pause before another try |", "|---|---|---|---|"]
    for status, (verdict, error) in sorted(wire.STATUSES.items()):
        pause = _describe_pause(retry.TRANSIENT_STATUSES.get(status))
        rows.append(f"| {status} | {verdict.name} | `{error.__name__}` | {pause} |")
    rows.append("| any other | MAYBE | `TencentServerlessSDKException` | " + _list_other_pauses() + " |")
    return rows


def _list_other_pauses() -> str:
    others = {status: pause for status, pause in retry.TRANSIENT_STATUSES.items() if status not in wire.STATUSES}
    return ", ".join(f"{status}: {_describe_pause(pause)}" for status, pause in sorted(others.items()))


def _list_codes() -> list[str]:
    rows = ["| Code, or category before the dot | Did it run? | Pause before another try |", "|---|---|---|"]
    for code in sorted(wire.REFUSALS | set(retry.TRANSIENT_CODES)):
        pause = _describe_pause(retry.TRANSIENT_CODES.get(code))
        rows.append(f"| `{code}` | {wire.api_verdict(code).name} | {pause} |")
    rows.append(f"| any other | {wire.api_verdict('Unheard.Of').name} | |")
    return rows


def _list_repairs() -> list[str]:
    rows = ["| Refusal | Mended at once, and once a call, by |", "|---|---|"]
    rows += [f"| `{code}` | {repair.words} |" for code, repair in sorted(flow.REPAIRS.items())]
    return rows


def _list_consents() -> list[str]:
    rows = ["| Did that try run the function? | Tried again | with `idempotent=True` |", "|---|---|---|"]
    for verdict in Verdict:
        answers = ["yes" if retry.is_consented(verdict, consent) else "never" for consent in (False, True)]
        rows.append(f"| {verdict.name} | {answers[0]} | {answers[1]} |")
    return rows


def _list_keys() -> Iterator[str]:
    for kind in KINDS:
        yield ""
        yield f"### {kind.title}"
        for place, keys in kind.tables.items():
            yield ""
            yield f"| {f'`{place}`' if place else 'At the top'} | `scf local start` | `scf deploy` |"
            yield "|---|---|---|"
            for effect in Effect:
                names = [f"`{key}`" for key, each in keys.items() if each is effect]
                if names:
                    yield f"| {', '.join(sorted(names))} | {effect.value[0]} | {effect.value[1]} |"
    yield ""


def _list_states(transitions: Mapping[tuple[_State, _Move], _State]) -> list[str]:
    moves: dict[_State, list[str]] = {}
    for (state, move), after in transitions.items():
        moves.setdefault(state, []).append(f"{move.name} to {after.name}")
        moves.setdefault(after, [])
    states = [state for state in type(next(iter(moves))) if state in moves]
    rows = [f"| {state.name} | {', '.join(moves[state]) or 'none: it has ended'} |" for state in states]
    return ["| State | Moves |", "|---|---|", *rows]


class Limit(NamedTuple):
    """One row: what is limited, how far, and by whom."""

    what: str
    value: str
    source: str


def describe_bytes(number: int) -> str:
    """Write a size in the largest unit that divides it; other sizes in bytes."""
    for size, unit in _UNITS:
        if number >= size and number % size == 0:
            return f"{number // size:,} {unit}"
    return f"{number:,} bytes"


def describe_seconds(seconds: float) -> str:
    """Write a time in seconds, and behind it in a larger unit that divides it, if that is easier to read."""
    text = f"{seconds:,g} s"
    for size, unit in _TIMES:
        if seconds >= 2 * size and seconds % size == 0:
            return f"{text} ({seconds / size:g} {unit})"
    return text


def describe_range(numbers: Sequence[int], unit: str) -> str:
    """Write the first and the last number of a range."""
    return f"{numbers[0]:,} to {numbers[-1]:,} {unit}"


def _list_sizes() -> Iterator[Limit]:
    size = describe_bytes
    yield Limit("the event of a synchronous call, as JSON text", size(wire.MAX_EVENT_BYTES), QUOTAS)
    yield Limit("the event of an asynchronous call", size(wire.MAX_ASYNC_EVENT_BYTES), QUOTAS)
    yield Limit("a return value (above: 407)", size(runtime_api.MAX_BODY_BYTES), STATUSES)
    yield Limit("a request of the API, JSON signed by TC3", size(wire.MAX_BODY_BYTES), REQUESTS)
    yield Limit("a form, signed by HmacSHA1 or HmacSHA256", size(SERVER.v1_body_bytes), REQUESTS)
    yield Limit("the query of a `GET`", size(SERVER.query_bytes), REQUESTS)
    yield Limit("`RoutingKey`", size(wire.MAX_ROUTING_KEY_BYTES), DOCUMENTED)
    yield Limit("`Log` of a result, with `LogType` `Tail`: the last", size(SERVER.log_tail_bytes), "api/583/17243")
    yield Limit(
        "a request to a web function, and its answer unless it streams", size(SERVER.web_body_bytes), WEB_REQUESTS
    )
    yield Limit("all headers of a web function's answer", size(SERVER.web_answer_head_bytes), WEB_REQUESTS)
    yield Limit("request line and headers of a request (above, at a URL: 431)", size(SERVER.head_bytes), OURS)
    yield Limit("output of one call that is kept", size(SERVER.output_bytes), OURS)


def _list_times() -> Iterator[Limit]:
    records = function_version
    seconds = describe_seconds
    yield Limit("`Timeout` of a function", describe_range(records.TIMEOUT_SECONDS, "s"), QUOTAS)
    yield Limit("the same with `AsyncRunEnable`", describe_range(records.ASYNC_TIMEOUT_SECONDS, "s"), DOCUMENTED)
    yield Limit("`InitTimeout`", describe_range(records.INIT_TIMEOUT_SECONDS, "s"), DOCUMENTED)
    yield Limit("`MsgTTL` of an asynchronous call", describe_range(records.ASYNC_TTL_SECONDS, "s"), DOCUMENTED)
    yield Limit("`RetryNum`", describe_range(records.ASYNC_RETRIES, "tries"), DOCUMENTED)
    yield Limit("pause between two tries of an asynchronous call", seconds(RETRY_SECONDS), DOCUMENTED)
    yield Limit("the clock of a request may be off by", seconds(SERVER.skew_seconds), "api/583/17239")
    yield Limit(
        "results of calls with `AsyncRunEnable` are kept for", seconds(event_tables.KEPT_SECONDS), "product/583/59206"
    )
    yield Limit("`IdleTimeOut` of WebSocket", describe_range(records.WEBSOCKET_IDLE_SECONDS, "s"), STRUCTURES)
    yield Limit("temporary keys of a function", seconds(SERVER.temporary_key_seconds), OURS)
    yield Limit("a request has to arrive whole within", seconds(SERVER.request_seconds), OURS)
    yield Limit("an idle connection is closed after", seconds(SERVER.keep_alive_seconds), OURS)
    yield Limit("an idle instance ends after", seconds(SERVER.idle_instance_seconds), OURS)
    yield Limit("a call waits for a process at most (then 432)", seconds(SERVER.queue_seconds), OURS)
    yield Limit("calls under way have, at the end of the server,", seconds(SERVER.drain_seconds), OURS)


def _list_configuration() -> Iterator[Limit]:
    records = function_version
    yield Limit("name of a function", f"`{records.FUNCTION_NAME.pattern[:-2]}`", "product/583/19805")
    yield Limit("name of a namespace", f"`{records.NAMESPACE_NAME.pattern[:-2]}`", QUOTAS)
    yield Limit("both together", f"{records.MAX_NAMES_CHARS} characters", QUOTAS)
    yield Limit("name of a layer", f"`{layer.LAYER_NAME.pattern[:-2]}`", DOCUMENTED)
    yield Limit("name of a timer", f"`{timer_triggers.NAME.pattern[:-2]}`", "api/583/18589")
    yield Limit("`Handler`, for Python", f"`{records.HANDLER.pattern[:-2]}`", CREATION)
    yield Limit("`Description`", f"{records.MAX_DESCRIPTION_CHARS:,} characters", CREATION)
    yield Limit("all environment variables together", describe_bytes(records.MAX_ENVIRONMENT_BYTES), QUOTAS)
    yield Limit("`MemorySize`", _describe_memory(), QUOTAS)
    yield Limit("namespaces of a region", str(NAMESPACES_PER_REGION), QUOTAS)
    yield Limit("functions of a namespace", str(FUNCTIONS_PER_NAMESPACE), QUOTAS)
    yield Limit("published versions of a function", f"{records.MAX_VERSIONS:,}", QUOTAS)
    yield Limit("layers of a region", str(layer.LAYERS_PER_REGION), QUOTAS)
    yield Limit("versions of a layer", str(layer.VERSIONS_PER_LAYER), QUOTAS)
    yield Limit("layers of a function", str(records.MAX_LAYERS), QUOTAS)
    yield Limit("triggers of one type of a function", str(timer_triggers.TRIGGERS_PER_TYPE), QUOTAS)
    yield Limit("argument of a timer", describe_bytes(timer_triggers.MAX_ARGUMENT_BYTES), OURS)
    yield Limit("code and layers of a version, unpacked", describe_bytes(package_contents.MAX_UNPACKED_BYTES), QUOTAS)
    yield Limit("files and folders of a zip file", f"{package_contents.MAX_FILES:,}", OURS)
    yield Limit("levels of folders of a zip file", str(package_contents.MAX_DEPTH), OURS)
    yield Limit("path in a zip file", describe_bytes(packages.MAX_NAME_BYTES), OURS)


def _describe_memory() -> str:
    smallest, *others = sorted(function_version.MEMORY_MB)
    return f"{smallest} MB, and {others[0]} to {others[-1]:,} MB in steps of {others[1] - others[0]} MB"


def _list_concurrency() -> Iterator[Limit]:
    burst = f"{SERVER.burst_instances} a minute"
    yield Limit("memory of all calls of a region (above: 432)", f"{SERVER.region_memory_mb:,} MB", "product/583/51519")
    yield Limit("the same in the five largest regions", f"{SERVER.large_region_memory_mb:,} MB", "product/583/51519")
    yield Limit("new instances of a region (above: 429)", burst, STATUSES)
    yield Limit("starts of provisioned instances of a region", f"{SERVER.provisioned_starts} a minute", STATUSES)
    requests = describe_range(function_version.CONCURRENT_REQUESTS, "requests")
    yield Limit("`MaxConcurrency` of an instance of a web function", requests, STRUCTURES)
    yield Limit("events of a function that wait in the queue", f"{SERVER.queued_events:,}", "product/583/9694")
    yield Limit("events of a function that run at once", str(SERVER.events_at_once), OURS)
    yield Limit("sessions of one version of a web function", f"{sessions.MAX_SESSIONS:,}", OURS)
    yield Limit("tunnels through the proxy", str(SERVER.tunnels), OURS)


def _list_records() -> Iterator[Limit]:
    kept = f"{invocation_tables.MAX_RECORDS:,}"
    yield Limit("records of calls, as far as pages of `GetFunctionLogs` reach", kept, "api/583/18583")
    yield Limit("the same, in bytes", describe_bytes(invocation_tables.MAX_BYTES), OURS)
    yield Limit("a return value in a record", f"{history.MAX_MESSAGE_CHARS:,} characters", OURS)
    yield Limit("invocations in the ledger", f"{run_ledger.MAX_ENTRIES:,}", OURS)
    yield Limit("the text of an event in the ledger", describe_bytes(run_ledger.MAX_EVENT_BYTES), OURS)
    yield Limit("fault rules at once", str(fault_rules.MAX_RULES), OURS)
    yield Limit("folders behind links that are followed", f"{code_tree.MAX_LINKED_FOLDERS:,}", OURS)


def _list_client() -> Iterator[Limit]:
    seconds = describe_seconds
    yield Limit("`timeout` of a call, by default", seconds(client.DEFAULT_SECONDS), OURS)
    yield Limit("`timeout` at most", seconds(arguments.MAX_SECONDS), OURS)
    yield Limit("pause before another try, at most", seconds(retry.CAP_SECONDS), OURS)
    yield Limit("an idle connection is used again within", seconds(pool.IDLE_LIMIT_SECONDS), OURS)
    yield Limit("`concurrency` of a map, by default", str(client_map.DEFAULT_CONCURRENCY), OURS)
    yield Limit("`concurrency` of a `spawn_map`, by default", str(spawn_map.DEFAULT_CONCURRENCY), OURS)
    yield Limit("headers of the caller's own", str(request.MAX_CALLER_HEADERS), OURS)
    yield Limit("these headers together", describe_bytes(request.MAX_CALLER_HEADER_BYTES), OURS)
    yield Limit("status line and headers of an answer", describe_bytes(bodies.MAX_HEAD_BYTES), OURS)
    yield Limit("body of an answer", describe_bytes(bodies.MAX_BODY_BYTES), OURS)


#: The tables of the page of limits, by the name in their marks.
LIMITS: Mapping[str, Callable[[], Iterator[Limit]]] = {
    "sizes": _list_sizes,
    "times": _list_times,
    "configuration": _list_configuration,
    "concurrency": _list_concurrency,
    "records": _list_records,
    "client": _list_client,
}


def _list_limits(table: str) -> Iterator[str]:
    yield "| What | Limit | Whose |"
    yield "|---|---|---|"
    for what, value, source in LIMITS[table]():
        link = f"platform, [{source}](https://cloud.tencent.com/document/{source})"
        yield f"| {what} | {value} | {OWNERS.get(source, link)} |"


def _list_kinds() -> Iterator[str]:
    yield "| Event | What it is |"
    yield "|---|---|"
    for name, about in list_samples().items():
        yield f"| [`{name}`](#{name}) | {about} |"


def _write_json(value: object, margin: str = "") -> str:
    """Write a value as JSON, in one line where it fits."""
    text = json.dumps(value, ensure_ascii=False)
    if len(margin + text) <= WIDTH or not isinstance(value, dict | list):
        return text
    deeper = margin + "  "
    if isinstance(value, list):
        lines = [_write_json(each, deeper) for each in value]
    else:
        lines = [f"{json.dumps(key)}: {_write_json(each, deeper)}" for key, each in value.items()]
    opened, closed = "[]" if isinstance(value, list) else "{}"
    return f"{opened}\n{deeper}" + f",\n{deeper}".join(lines) + f"\n{margin}{closed}"


def _show_samples() -> Iterator[str]:
    for name, about in list_samples().items():
        text = _write_json(take_sample(name))
        yield from ("", f"### {name}", "", f"{about[0].upper()}{about[1:]}:", "", "```json", text, "```")
    yield ""


#: The tables of each page, by the name in their marks.
PAGES: Mapping[str, Mapping[str, Callable[[], Iterable[str]]]] = {
    "understand/architecture.md": {
        "server": lambda: _list_states(lifecycle.TRANSITIONS),
        "instance": lambda: _list_states(instance_states.TRANSITIONS),
        "worker": lambda: _list_states(worker_states.TRANSITIONS),
        "event": lambda: _list_states(event_states.TRANSITIONS),
    },
    "understand/delivery.md": {
        "consents": _list_consents,
        "statuses": _list_statuses,
        "codes": _list_codes,
        "repairs": _list_repairs,
    },
    "reference/events.md": {"kinds": _list_kinds, "samples": _show_samples},
    "reference/limits.md": {table: partial(_list_limits, table) for table in LIMITS},
    "reference/projects.md": {"keys": _list_keys},
}


def fill(name: str, page: str) -> str:
    """The text of a page with the tables of the current code."""
    for table, list_rows in PAGES[name].items():
        begin, end = BEGIN.format(table), END.format(table)
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(end)
        if not found:
            raise SystemExit(f"{name} has no place for the table {table}: it needs {begin} and {end}")
        page = "\n".join((head + begin, *list_rows(), end)) + tail
    return page


def main() -> None:
    """Write the pages, or check them."""
    for name in PAGES:
        path = DOCS / name
        page = path.read_text("utf-8")
        filled = fill(name, page)
        if "--check" not in sys.argv[1:]:
            path.write_text(filled, "utf-8")
        elif page != filled:
            raise SystemExit(f"docs/{name} differs from the code; write it anew: python tools/page_tables.py")


if __name__ == "__main__":
    main()
