"""``scf invoke``: call a function and print what it returns."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tencentserverless.cli import output
from tencentserverless.cli.events import read_event
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.failure import Failure
from tencentserverless.cli.target import Target, targeted

if TYPE_CHECKING:
    from tencentserverless.models import InvokeResult
    from tencentserverless.scf import Function


@click.command()
@click.argument("name")
@click.argument("source", required=False, type=click.Choice(["-"]), metavar="[-]")
@click.option("-d", "--data", metavar="JSON", help="The event.")
@click.option("-f", "--file", type=click.Path(path_type=Path), help="File that holds the event.")
@click.option("--qualifier", default="$LATEST", show_default=True, help="Version or alias.")
@click.option("--async", "is_async", is_flag=True, help="Start it only, and print its request id.")
@click.option("--wait", is_flag=True, help="With --async: wait for the result.")
@click.option("--tail", is_flag=True, help="Show the end of its log too, on stderr.")
@click.option("--timeout", type=click.FloatRange(min=0.001), help="Seconds.  [default: 910]")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Call it so many times.")
@click.option("--json", "as_json", is_flag=True, help="Print the result with its facts, as JSON.")
@targeted
def invoke(
    *,
    name: str,
    source: str | None,
    data: str | None,
    file: Path | None,
    qualifier: str,
    is_async: bool,
    wait: bool,
    tail: bool,
    timeout: float | None,
    repeat: int,
    as_json: bool,
    target: Target,
) -> None:
    """Call the function NAME and print what it returns.

    The event is -d, the file of -f, or standard input where - stands behind NAME; without one, none is sent. A line
    about the execution goes to stderr.
    """
    if wait and not is_async:
        raise click.UsageError("--wait belongs to --async; other calls wait anyway")
    if tail and is_async:
        raise click.UsageError("--tail belongs to calls that wait; for this one, use: scf logs " + name)
    event = read_event(data, file, source)
    with target.open_client() as client:
        options = {"namespace": target.namespace, "qualifier": qualifier}
        if timeout is not None:
            options["timeout"] = timeout  # type: ignore[assignment]  # options are of several types
        if tail:
            options["log_type"] = "Tail"
        function = client.function(name, **options)
        try:
            if is_async:
                _start(function, event, wait, timeout, as_json)
            else:
                _call(function, event, repeat, as_json)
        except Exception as error:
            raise _with_names(error, target, name) from error


def _call(function: "Function", event: Any, repeat: int, as_json: bool) -> None:
    durations = []
    for _ in range(repeat):
        result = function.invoke(event)
        durations.append(result.duration_ms)
        _show(result, as_json)
    if repeat > 1:
        ranked = sorted(durations)
        middle, high = (ranked[math.ceil(share * repeat) - 1] for share in (0.5, 0.95))
        output.notice(f"{repeat} calls: {middle:.1f} ms at the median, 95 % within {high:.1f} ms")


def _start(function: "Function", event: Any, wait: bool, timeout: float | None, as_json: bool) -> None:
    invocation = function.spawn(event)
    if not wait:
        output.answer_json({"request_id": invocation.request_id}) if as_json else output.answer(invocation.request_id)
        return
    output.notice(f"started, request {invocation.request_id}")
    _show(invocation.result(timeout), as_json)


def _show(result: "InvokeResult", as_json: bool) -> None:
    if result.log:
        output.detail(result.log)
    facts = {
        "request_id": result.request_id,
        "function_request_id": result.function_request_id,
        "duration_ms": result.duration_ms,
        "billed_duration_ms": result.billed_duration_ms,
        "memory_bytes": result.memory_bytes,
    }
    if as_json:
        output.answer_json({"result": _decode(result), **facts})
        return
    output.answer(str(result))
    output.notice(
        f"{result.duration_ms:.1f} ms, billed {result.billed_duration_ms} ms, "
        f"{result.memory_bytes / 1048576:.1f} MB, request {result.function_request_id or result.request_id}"
    )


def _decode(result: "InvokeResult") -> Any:
    try:
        return result.json()
    except ValueError:
        return str(result)


def _with_names(error: Exception, target: Target, name: str) -> Exception:
    """The same error; where there is no such function, a failure that names the closest ones."""
    from difflib import get_close_matches

    from tencentserverless.exception import ResourceNotFound, TencentCloudSDKException
    from tencentserverless.management import call_action

    if not isinstance(error, ResourceNotFound) or "Function" not in str(error.code):
        return error
    try:
        with target.open_client() as client:
            fields = {"Namespace": target.namespace, "Limit": 100}
            found = call_action(client, "ListFunctions", fields, timeout=5.0, idempotent=True)
    except TencentCloudSDKException:
        return error
    names = [function["FunctionName"] for function in found.get("Functions", [])]
    close = get_close_matches(name, names, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(names[:10]) or 'none'}"
    where = f"in {target.namespace} of {client.region}"
    return Failure(Exit.API, f"there is no function {name!r} {where}; {hint} (scf explain {error.code})")
