"""``scf deploy``: bring the functions of a folder to the cloud, or to a local SCF."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tencentserverless.cli import output

if TYPE_CHECKING:
    from tencentserverless.cli.deploying import Deployment


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--region", help="Of functions that name none.  [default: TENCENTCLOUD_REGION, else ap-guangzhou]")
@click.option("--runtime", default="Python3.10", show_default=True, help="Of new functions that name none.")
@click.option(
    "--local", "is_local", is_flag=True, help="Deploy to the local SCF of PATH, or of the folder that you are in."
)
@click.option("--yes", is_flag=True, help="Do not ask before the cloud is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def deploy(path: Path, region: str | None, runtime: str, is_local: bool, yes: bool, as_json: bool) -> None:
    """Create the functions of PATH, or bring what is there up to date.

    PATH holds serverless.yml files, or folders with an index.py, as for scf local start. Code is sent in the request,
    up to 7 MB zipped. Settings that can't be deployed are named; triggers other than timers are left alone.
    """
    from tencentserverless.cli.confirmation import confirm

    plan = _plan(path, region, runtime, is_local)
    for each in plan:
        if each.function.left_out:
            output.notice(f"{each.function.place}: not deployed: {', '.join(each.function.left_out)}")
    verbs = [f"{'update' if each.exists else 'create'} {each.function.name}" for each in plan]
    places = sorted({each.target.place for each in plan})
    confirm(f"Do you want to {', '.join(verbs)} in {' and '.join(places)}?", yes or plan[0].target.is_local)
    done = []
    for each in plan:
        each.run()
        verb = "updated" if each.exists else "created"
        done.append(each.facts())
        if not as_json:
            output.answer(f"{verb} {each.function.name} in {each.target.place}, {each.code_bytes:,} bytes")
    if as_json:
        output.answer_json(done)


def _plan(path: Path, region: str | None, runtime: str, is_local: bool) -> "list[Deployment]":
    """What is to be done, all of it checked before the first change."""
    from tencentserverless.cli.api import Api
    from tencentserverless.cli.deploying import Deployment
    from tencentserverless.cli.target import choose_target
    from tencentserverless.local.app import pack_code, read_deployables

    default = choose_target(region, "default", is_local, path)
    apis: dict[tuple[str, str], Api] = {}
    plan = []
    for each in read_deployables(path, default.region):
        key = (each.region, each.namespace)
        if key not in apis:
            apis[key] = Api(choose_target(each.region, each.namespace, is_local, path))
        plan.append(Deployment(apis[key], each, runtime, pack_code(each.code_folder)))
    return plan
