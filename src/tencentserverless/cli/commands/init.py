"""``scf init``: make the folder of a new function."""

import shlex
from pathlib import Path

import click

from tencentserverless.cli.output import printing


@click.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to make it.  [default: NAME/]")
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON.")
def init(name: str, folder: Path | None, as_json: bool) -> None:
    """Make the folder of a function NAME: handler, serverless.yml, a test, and how to run them."""
    from tencentserverless.cli.deploy.project_template import NEXT, make_project

    made = make_project(name, folder or Path(name))
    if as_json:
        printing.answer_json([str(path) for path in made])
        return
    for path in made:
        printing.remark(f"made {path}")
    printing.tell(NEXT.format(name=name, folder=shlex.quote(str(folder or name))))
