"""``scf invoke``: call a function from the terminal."""

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options


@click.command()
@click.argument("name")
@click.argument("dash", metavar="[-]", required=False)
@click.option("-d", "--data", metavar="JSON", help="The event.")
@click.option("-f", "--file", metavar="FILE", help="File with the event; - is stdin.")
@target_options
@click.option("--qualifier", default="$LATEST", show_default=True, help="Version or alias.")
@click.option("--async", "is_async", is_flag=True, help="Start it, and print the request id.")
@click.option("--wait", "waits", is_flag=True, help="With --async: wait for what it returns.")
@click.option("--tail", "shows_log", is_flag=True, help="Print the last 4 KB of its log too.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Give up after so long."
)
@click.option(
    "--repeat", type=click.IntRange(min=1), metavar="N", default=1, help="Call it N times, and show the spread."
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
    """Call the function NAME and print what it returns.

    The event is -d JSON, -f FILE, or - to read it from stdin; without one, none is sent. What the function returned
    goes to stdout; its log, its traceback and a summary go to stderr. A failure of the function ends with code 10.
    """
    from tencentserverless.cli.api.event_input import read_event
    from tencentserverless.cli.api.function_call import FunctionCall

    if dash not in (None, "-"):
        raise click.UsageError(f"{dash!r}: give the event with -d, or its file with -f")
    if data is not None and data.startswith("@"):
        raise click.UsageError(f"-d {data}: give the file of an event with -f {data[1:]}")
    if waits and not is_async:
        raise click.UsageError("--wait goes with --async; without it, a call is waited for anyway")
    if is_async and (repeat > 1 or shows_log):
        raise click.UsageError("--async goes with neither --repeat nor --tail: see scf map and scf logs")
    event = read_event(data, file, dash)
    call = FunctionCall(choose_target(place), name, qualifier, event, timeout, shows_log, as_json)
    if is_async:
        call.start(waits=waits)
    else:
        call.run(repeat)
