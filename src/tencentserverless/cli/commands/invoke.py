"""``scf invoke``: call a function from the terminal."""

import click

from tencentserverless.cli.api.completion import complete_function
from tencentserverless.cli.api.target import Place, choose_target, target_options


@click.command()
@click.argument("name", shell_complete=complete_function)
@click.argument("dash", metavar="[-]", required=False)
@click.option("-d", "--data", metavar="JSON", help="The event.")
@click.option("-f", "--file", metavar="FILE", help="File with the event; - is standard input.")
@target_options
@click.option("--qualifier", default="$LATEST", show_default=True, help="Version or alias.")
@click.option("--async", "is_async", is_flag=True, help="Start it and print the request id; do not wait.")
@click.option("--wait", "waits", is_flag=True, help="With --async: wait for the result.")
@click.option("--tail", "shows_log", is_flag=True, help="Also print the last 4 KB of its log.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Stop waiting after this time."
)
@click.option(
    "--repeat", type=click.IntRange(min=1), metavar="N", default=1, help="Call it N times, and show the latency."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result and its facts as JSON.")
def invoke(
    *,
    name: str,
    dash: str | None,
    data: str | None,
    file: str | None,
    place: Place,
    qualifier: str,
    is_async: bool,
    waits: bool,
    shows_log: bool,
    timeout: float | None,
    repeat: int,
    as_json: bool,
) -> None:
    """Call the function NAME and print its result.

    Give the event with -d JSON, with -f FILE, or with - for standard input. Without them, no event is sent. The result
    goes to stdout. The log, the traceback and a summary go to stderr. If the function fails, the exit code is 10.
    """
    from tencentserverless.cli.api.event_input import read_event
    from tencentserverless.cli.api.function_call import FunctionCall

    if waits and not is_async:
        raise click.UsageError("--wait needs --async; without --async, scf waits for the result anyway")
    if is_async and (repeat > 1 or shows_log):
        raise click.UsageError("--async can't be combined with --repeat or --tail; use scf map or scf logs")
    if dash not in (None, "-"):
        raise click.UsageError(
            f"{dash!r} is not an option; give the event with -d JSON, -f FILE, or - for standard input"
        )
    event = read_event(data, file, dash)
    call = FunctionCall(choose_target(place), name, qualifier, event, timeout, shows_log, as_json)
    if is_async:
        call.start(waits=waits)
    else:
        call.run(repeat)
