"""``scf local env``: how to call the local SCF that runs, as lines for a shell."""

import shlex
from pathlib import Path

import click

from tencentserverless.cli import output
from tencentserverless.local.settings import STATE_FOLDER_NAME

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--state", type=_PATH, default=STATE_FOLDER_NAME, show_default=True, help="State folder of the server.")
@click.option("--env-file", type=_PATH, help="The server's --env-file, in place of its state folder.")
@click.option("--unset", is_flag=True, help="Print how to leave: clients then call the cloud again.")
def env(state: Path, env_file: Path | None, unset: bool) -> None:
    """Print export lines; use: eval "$(scf local env)"."""
    from tencentserverless.local.app import leaving_variables, running_environment

    if unset:
        output.answer("unset " + " ".join(leaving_variables()))
        return
    for name, value in running_environment(env_file or state).items():
        output.answer(f"export {name}={shlex.quote(value)}")
