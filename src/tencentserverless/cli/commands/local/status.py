"""``scf local status``: print the address, the functions, their URLs and the load of the local SCF."""

from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.url_lines import show_url


@click.command()
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(state: Path | None, env_file: Path | None, as_json: bool) -> None:
    """Show where the local SCF is, its functions with their URLs, and what it is doing. Code 6 says that none runs.

    The last line calls the first event function by curl. It holds a token, which is good for this server until it
    stops.
    """
    from tencentserverless.local.serve import curl_line, server_status

    source = find_source(state, env_file)
    found = server_status(source)
    if as_json:
        printing.answer_json(found)
        return
    printing.tell(f"SCF local runs at {found['url']} as process {found['pid']}")
    printing.tell(f"{found['calls']} calls under way, {found['instances']} instances, {found['idle_instances']} idle")
    for name in found["functions"]:
        printing.answer(name)
    for url in found.get("urls", ()):
        printing.tell(show_url(url))
    invoked = [name for name in found["functions"] if name not in found.get("web_functions", ())]
    if invoked:
        printing.answer(curl_line(source, invoked[0]))
