"""``scf invocations``: the result, the state and the end of invocations that were started before."""

from typing import Any

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing

_FUNCTION = click.option("--function", "name", metavar="NAME", help="Its function.  [default: look at all of them]")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command("list")
@click.argument("name")
@target_options
@click.option("-n", "--count", type=click.IntRange(1, 100), default=20, show_default=True, help="So many.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answered as JSON.")
def list_invocations(name: str, place: Place, count: int, as_json: bool) -> None:
    """List the last asynchronous invocations of the function NAME, which has AsyncRunEnable: the newest first."""
    from tencentserverless.cli.api.actions import Api

    found = Api(choose_target(place)).call_function("ListAsyncEvents", name, Limit=count)["EventList"]
    if as_json:
        printing.answer_json(found)
        return
    keys = ("InvokeRequestId", "Status", "Qualifier", "InvokeType", "StartTime", "EndTime")
    heads = ["REQUEST", "STATUS", "QUALIFIER", "TYPE", "STARTED", "ENDED"]
    printing.answer_table(heads, [[str(each.get(key) or "") for key in keys] for each in found])


@click.command("show")
@click.argument("request_id", metavar="ID")
@target_options
@_FUNCTION
@_AS_JSON
def show_invocation(request_id: str, place: Place, name: str | None, as_json: bool) -> None:
    """Print the result of the invocation with the request id ID, as scf invoke prints it, or its error.

    The last calls are known, synchronous ones too: in the cloud those of three days. Code 1 says that it still runs.
    """
    from tencentserverless.cli.api.past_invocation import find_invocation, wait_for_record
    from tencentserverless.cli.output.failures import Failure
    from tencentserverless.cli.output.results import print_result

    target = choose_target(place)
    with target.open_client() as client, target.reached():
        found = find_invocation(client, target, request_id, name)
        if not found.status.has_ended:
            wait = f"scf invocations show {request_id} --function {found.name}{target.option}"
            raise Failure(Exit.FAILED, f"{request_id} of {found.name} has not ended; later, run: {wait}")
        print_result(wait_for_record(found), as_json=as_json)


@click.command("status")
@click.argument("request_id", metavar="ID")
@target_options
@_FUNCTION
@_AS_JSON
def show_status(request_id: str, place: Place, name: str | None, as_json: bool) -> None:
    """Print the status of the invocation with the request id ID: running, finished, failed or aborted."""
    from tencentserverless.cli.api.past_invocation import find_invocation

    target = choose_target(place)
    with target.open_client() as client, target.reached():
        found = find_invocation(client, target, request_id, name)
    if as_json:
        facts: dict[str, Any] = {"request_id": request_id, "function_name": found.name, "status": found.status.value}
        printing.answer_json(facts)
    else:
        printing.answer(found.status.value)


@click.command("cancel")
@click.argument("request_id", metavar="ID")
@target_options
@_FUNCTION
@click.option("--grace", is_flag=True, help="Send it SIGTERM, and do not kill it.")
def cancel_invocation(request_id: str, place: Place, name: str | None, grace: bool) -> None:
    """End the asynchronous invocation with the request id ID, of a function with AsyncRunEnable."""
    from tencentserverless.cli.api.past_invocation import find_invocation

    target = choose_target(place)
    with target.open_client() as client, target.reached():
        found = find_invocation(client, target, request_id, name)
        found.invocation.cancel(grace)
    printing.notice(f"{request_id} of {found.name} is cancelled")


@click.command("dead-letters")
@click.argument("name", required=False)
@target_options
@click.option("-n", "--count", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many.")
@_AS_JSON
def list_dead_letters(name: str | None, place: Place, count: int, as_json: bool) -> None:
    """List the asynchronous invocations that a local SCF has given up, the oldest first; of the function NAME alone.

    The cloud sends dead letters to the topic that the function's DeadLetterConfig names.
    """
    from tencentserverless.cli.api.local_server import find_source
    from tencentserverless.local.serve import read_dead_letters

    if not choose_target(place).is_local:
        raise click.UsageError("the cloud sends dead letters to the topic of DeadLetterConfig; --local has a list")
    found = read_dead_letters(find_source(place.server_path, None), name, count)
    if as_json:
        printing.answer_json(found)
        return
    rows = []
    for letter in found:
        body, lines = letter["Body"], str(letter["ErrorMessage"]).strip().splitlines()
        tries = str(body["RetryNum"] + 1)
        rows.append([letter["RequestId"], body["FunctionName"], body["PushTime"], tries, lines[-1] if lines else ""])
    printing.answer_table(["REQUEST", "FUNCTION", "ACCEPTED", "TRIES", "ERROR"], rows)
