"""``scf local logs``: print the output of the local SCF and its functions."""

import time
from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.output import printing

_PAUSE_SECONDS = 0.25


@click.command("logs")
@server_options
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C or until the server stops.")
@click.option("-n", "--lines", type=click.IntRange(min=0), metavar="N", help="Begin with the last N lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as a JSON list.")
def local_logs(state: Path | None, env_file: Path | None, follow: bool, lines: int | None, as_json: bool) -> None:
    """Print what functions and the local SCF itself have written, the last 2,000 lines."""
    from tencentserverless.local.errors import StartupError
    from tencentserverless.local.serve import server_lines

    if follow and as_json:
        raise click.UsageError("--json prints one list, and --follow has no end: choose one")
    source = find_source(state, env_file)
    found, count = server_lines(source)
    found = found[max(0, len(found) - lines) :] if lines is not None else found
    if as_json:
        printing.answer_json(found)
        return
    try:
        while True:
            for line in found:
                printing.answer(line)
            if not follow:
                return
            time.sleep(_PAUSE_SECONDS)
            found, count = server_lines(source, count)
    except StartupError:
        printing.notice("the local SCF has stopped")
    except KeyboardInterrupt:
        if not follow:
            raise  # else it is how the user ends the command
