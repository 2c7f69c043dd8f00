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
@click.option(
    "--local", "is_local", is_flag=True, help="Deploy to the local SCF of PATH, or of the folder that you are in."
)
@click.option("--runtime", help="Of a new function without a serverless.yml.  [default: Python3.10]")
@click.option("--handler", metavar="FILE.FUNCTION", help="Likewise.  [default: index.main_handler]")
@click.option("--memory", type=int, metavar="MB", help="Likewise.  [default: 128]")
@click.option("--timeout", type=int, metavar="SECONDS", help="Likewise.  [default: 3]")
@click.option("--variable", "variables", metavar="KEY=VALUE", multiple=True, help="Likewise; may be given often.")
@click.option("--yes", is_flag=True, help="Do not ask before the cloud is changed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def deploy(
    *,
    path: Path,
    region: str | None,
    is_local: bool,
    runtime: str | None,
    handler: str | None,
    memory: int | None,
    timeout: int | None,
    variables: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Create the functions of PATH, or bring what is there up to date.

    PATH holds serverless.yml files, or folders with an index.py, as for scf local start. Code is sent in the request,
    up to 7 MB zipped. Settings that can't be deployed are named; triggers other than timers are left alone. Without a
    serverless.yml, an option that is not given leaves an existing function as it is.
    """
    from tencentserverless.cli.confirmation import confirm

    given: dict[str, object] = {
        "Runtime": runtime,
        "Handler": handler,
        "MemorySize": memory,
        "Timeout": timeout,
        "Environment": _environment(variables),
    }
    plan = _plan(path, region, {name: value for name, value in given.items() if value is not None}, is_local)
    for each in plan:
        if each.function.left_out:
            output.notice(f"{each.function.place}: not deployed: {', '.join(each.function.left_out)}")
    verbs = [f"{'update' if each.exists else 'create'} {each.function.name}" for each in plan]
    places = sorted({each.target.place for each in plan})
    confirm(f"Do you want to {', '.join(verbs)} in {' and '.join(places)}?", yes or plan[0].target.is_local)
    done: list[dict[str, object]] = []
    try:
        for each in plan:
            each.run()
            done.append(each.facts())
            if not as_json:
                verb = "updated" if each.exists else "created"
                output.answer(f"{verb} {each.function.name} in {each.target.place}, {each.code_bytes:,} bytes")
    finally:
        if as_json:  # also where one of them has failed: the others are there
            output.answer_json(done)


def _plan(path: Path, region: str | None, flags: dict[str, object], is_local: bool) -> "list[Deployment]":
    """What is to be done, all of it checked before the first change."""
    from tencentserverless.cli.api import Api
    from tencentserverless.cli.deploying import Deployment
    from tencentserverless.cli.target import choose_target
    from tencentserverless.local.app import pack_code, read_deployables

    default = choose_target(region, "default", is_local, path)
    functions = read_deployables(path, default.region)
    if flags and all(each.is_described for each in functions):
        raise click.UsageError(f"{functions[0].place} says what the options say: change it there")
    apis: dict[tuple[str, str], Api] = {}
    plan = []
    for each in functions:
        key = (each.region, each.namespace)
        if key not in apis:
            apis[key] = Api(choose_target(each.region, each.namespace, is_local, path))
        plan.append(Deployment(apis[key], each, flags, pack_code(each.code_folder)))
    return plan


def _environment(variables: tuple[str, ...]) -> dict[str, object] | None:
    """The structure Environment of ``KEY=VALUE`` texts."""
    pairs = [text.partition("=") for text in variables]
    if not all(name and equals for name, equals, _ in pairs):
        raise click.BadParameter("must be KEY=VALUE", param_hint="--variable")
    return {"Variables": [{"Key": name, "Value": value} for name, _, value in pairs]} if pairs else None
