"""``scf local status``: print the address, the functions and the load of the local SCF."""

from pathlib import Path

import click

from tencentserverless.cli.api.local_server import choose_source, server_options
from tencentserverless.cli.output import printing


@click.command()
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(state: Path | None, env_file: Path | None, as_json: bool) -> None:
    """Show where the local SCF is, its functions, and what it is doing. Code 6 says that none runs."""
    from tencentserverless.local.serve import server_status

    found = server_status(choose_source(state, env_file))
    if as_json:
        printing.answer_json(found)
        return
    printing.tell(f"SCF local runs at {found['url']} as process {found['pid']}")
    printing.tell(f"{found['calls']} calls under way, {found['instances']} instances, {found['idle_instances']} idle")
    for name in found["functions"]:
        printing.answer(name)
