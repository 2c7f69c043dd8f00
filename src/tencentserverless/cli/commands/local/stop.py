"""``scf local stop``: end the local SCF that runs."""

from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.output import printing


@click.command()
@server_options
@click.option("--now", "is_hurried", is_flag=True, help="Stop at once; do not wait four seconds for running calls.")
def stop(state: Path | None, env_file: Path | None, is_hurried: bool) -> None:
    """Stop the local SCF and all its processes, and wait until they have ended."""
    from tencentserverless.local.serve import stop_server

    stop_server(find_source(state, env_file), is_hurried=is_hurried)
    printing.notice("the local SCF has stopped")
