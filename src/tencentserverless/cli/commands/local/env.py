"""``scf local env``: print the variables that lead clients to the running local SCF."""

import shlex
from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.output import printing


@click.command()
@server_options
@click.option("--unset", is_flag=True, help="Print the command after which clients call the cloud again.")
@click.option("--json", "as_json", is_flag=True, help="Print the variables as JSON.")
def env(state: Path | None, env_file: Path | None, unset: bool, as_json: bool) -> None:
    """Print export lines for your shell, so that clients call the local SCF: eval "$(scf local env)"."""
    from tencentserverless.local.serve import leaving_exports, leaving_variables, running_environment

    if unset:
        printing.answer("unset " + " ".join(leaving_variables()))
    variables = leaving_exports() if unset else running_environment(find_source(state, env_file))
    if as_json and not unset:
        printing.answer_json(variables)
        return
    for name, value in variables.items():
        printing.answer(f"export {name}={shlex.quote(value)}")
