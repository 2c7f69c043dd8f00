"""``scf local reset``: remove the faults, the ledger, or all that the server has kept."""

from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, find_state_folder, server_options
from tencentserverless.cli.output import printing


@click.command()
@server_options
@click.option(
    "--all", "is_whole", is_flag=True, help="Of a stopped server: delete its data, but not its keys and certificates."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(state: Path | None, env_file: Path | None, is_whole: bool, yes: bool) -> None:
    """Remove the faults of the running local SCF and empty its ledger.

    With --all, delete the data of a stopped one: functions that came through the API, versions, layers, aliases,
    triggers, custom domains, waiting events, and the history of calls. Your own folders are not changed.
    """
    from tencentserverless.cli.output.confirmation import confirm
    from tencentserverless.local.serve import forget_state, reset_server

    if not is_whole:
        reset_server(find_source(state, env_file))
        printing.notice("the faults are removed and the ledger is empty")
        return
    if env_file:
        raise click.UsageError("--all needs the state folder: give it with --state")
    source = find_state_folder(state)
    confirm(f"Delete everything but keys and certificates in {source}?", yes)
    gone = forget_state(source)
    printing.notice(f"removed: {', '.join(gone)}" if gone else "there was nothing to remove")
