"""``scf local stop``: end the local SCF that runs."""

from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.output import printing


@click.command()
@server_options
@click.option("--now", "is_hurried", is_flag=True, help="Do not give calls under way their four seconds.")
def stop(state: Path | None, env_file: Path | None, is_hurried: bool) -> None:
    """Stop the local SCF, with all that it has started, and wait until it is gone."""
    from tencentserverless.local.serve import stop_server

    stop_server(find_source(state, env_file), is_hurried=is_hurried)
    printing.notice("the local SCF has stopped")
