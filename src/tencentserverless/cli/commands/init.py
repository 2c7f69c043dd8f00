"""``scf init``: make the folder of a new function."""

import shlex
from pathlib import Path

import click

from tencentserverless.cli.output import printing


@click.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder to create.  [default: NAME/]")
@click.option("--web", is_flag=True, help="Make a web function, with FastAPI.")
@click.option("--json", "as_json", is_flag=True, help="Print the names of the files as JSON.")
def init(name: str, folder: Path | None, web: bool, as_json: bool) -> None:
    """Create a folder for the function NAME, with its code, a serverless.yml and a test."""
    from tencentserverless.cli.deploy.project_template import make_project, next_steps

    made = make_project(name, folder or Path(name), is_web=web)
    if as_json:
        printing.answer_json([str(path) for path in made])
        return
    for path in made:
        printing.remark(f"created {path}")
    printing.tell(next_steps(name, shlex.quote(str(folder or name)), is_web=web))
