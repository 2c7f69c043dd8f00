"""``scf deploy``: bring the functions of a folder to the cloud, or to a local SCF."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tencentserverless.cli.api.target import Place, choose_target, local_options
from tencentserverless.cli.deploy.outputs import read_outputs
from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from tencentserverless.cli.deploy.deployment import Deployment
    from tencentserverless.local.serve import Deployable, PackedCode


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--region", help="Region of functions that name none.  [default: TENCENTCLOUD_REGION, else ap-guangzhou]")
@local_options
@click.option("--runtime", help="Runtime of a new function without a serverless.yml.  [default: Python3.10]")
@click.option("--handler", metavar="FILE.FUNCTION", help="Handler of such a function.  [default: index.main_handler]")
@click.option("--memory", type=int, metavar="MB", help="Memory of such a function.  [default: 128]")
@click.option("--timeout", type=int, metavar="SECONDS", help="Timeout of such a function.  [default: 3]")
@click.option(
    "--variable",
    "variables",
    metavar="KEY=VALUE",
    multiple=True,
    help="Environment variable of such a function. Repeat it for more.",
)
@click.option(
    "--output",
    "outputs",
    metavar="STAGE:APP:INSTANCE.KEY=VALUE",
    multiple=True,
    help="Value of an ${output:...} of another project. @FILE reads such lines from a file.",
)
@click.option("--dry-run", is_flag=True, help="Only list the files that would be packed. Nothing is sent.")
@click.option("--yes", is_flag=True, help="Change the cloud without a question.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def deploy(
    *,
    path: Path,
    region: str | None,
    is_local: bool,
    server_path: Path | None,
    runtime: str | None,
    handler: str | None,
    memory: int | None,
    timeout: int | None,
    variables: tuple[str, ...],
    outputs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Create the functions of PATH, or update those that exist.

    PATH holds serverless.yml files, or folders with an index.py, as for scf local start. If one function can't be read,
    nothing is deployed.

    The code may have 7 MB as a zip file. Left out are .env files, virtual environments, caches and version control.

    Settings that can't be deployed are listed. Of triggers, timers and function URLs are deployed. Without a
    serverless.yml, an existing function keeps each setting that no option gives.
    """
    from tencentserverless.cli.output.confirmation import confirm

    given: dict[str, object] = {
        "Runtime": runtime,
        "Handler": handler,
        "MemorySize": memory,
        "Timeout": timeout,
        "Environment": _environment(variables),
    }
    if dry_run:
        _show_packing(path, region, read_outputs(outputs), as_json=as_json)
        return
    flags = {name: value for name, value in given.items() if value is not None}
    plan = _plan(path, Place(region, is_local=is_local, server_path=server_path), flags, read_outputs(outputs))
    _tell_all(plan[0].function)
    for each in plan:
        _tell(each.function, each.code)
    verbs = [f"{'update' if each.exists else 'create'} {each.function.name}" for each in plan]
    places = sorted({each.target.place for each in plan})
    confirm(f"Do you want to {', '.join(verbs)} in {' and '.join(places)}?", yes or plan[0].target.is_local)
    done = _run_all(plan, as_json=as_json)
    if as_json:
        printing.answer_json(done)


def _run_all(plan: "list[Deployment]", *, as_json: bool) -> list[dict[str, object]]:
    """Deploy one after the other. A failure tells in its JSON which are deployed already."""
    from tencentserverless.cli.output.failures import translate

    done: list[dict[str, object]] = []
    for each in plan:
        try:
            each.run()
        except Exception as error:
            failure = translate(error)
            if failure is None:
                raise
            failure.facts = {**(failure.facts or {}), "done": done}
            raise failure from error
        done.append(each.facts())
        if not as_json:
            verb = "updated" if each.exists else "created"
            printing.tell(f"{verb} {each.function.name} in {each.target.place}, {each.code_bytes:,} bytes")
    return done


def _plan(path: Path, place: Place, flags: dict[str, object], outputs: dict[str, str]) -> "list[Deployment]":
    """Plan the deployments, and check all of them before the first change."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.deploy.deployment import Deployment
    from tencentserverless.local.serve import pack_code, read_deployables

    default = choose_target(place, path)
    functions = read_deployables(path, default.region, outputs)
    if flags and all(each.is_described for each in functions):
        raise click.UsageError(
            f"the options for settings have no effect beside {functions[0].place}; set memorySize and the others there"
        )
    apis: dict[tuple[str, str], Api] = {}
    plan = []
    for each in functions:
        key = (each.region, each.namespace)
        if key not in apis:
            where = dataclasses.replace(place, region=each.region, namespace=each.namespace)
            apis[key] = Api(choose_target(where, path))
        plan.append(Deployment(apis[key], each, flags, pack_code(each)))
    return plan


def _tell_all(first: "Deployable") -> None:
    """Print the lines about the files of the folder."""
    for line in first.told:
        printing.notice(line)


def _tell(function: "Deployable", code: "PackedCode") -> None:
    """Print notices on settings and files that are not deployed."""
    if function.left_out:
        printing.notice(f"{function.place}: not deployed: {', '.join(function.left_out)}")
    for notice in code.contents.notices():
        printing.notice(f"{function.code_folder}: {notice}")


def _show_packing(path: Path, region: str | None, outputs: dict[str, str], *, as_json: bool) -> None:
    """List the files that a deployment would pack, and those that it would leave out."""
    from tencentserverless.config import check_region
    from tencentserverless.local.serve import pack_code, read_deployables

    try:
        region = check_region(region)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    found = []
    functions = read_deployables(path, region, outputs)
    _tell_all(functions[0])
    for function in functions:
        code = pack_code(function)
        _tell(function, code)
        found.append(_packing(function, code))
        if not as_json:
            _list_packing(function, code)
    if as_json:
        printing.answer_json(found)


def _packing(function: "Deployable", code: "PackedCode") -> dict[str, object]:
    """The packed files as data for a program."""
    return {
        "name": function.name,
        "region": function.region,
        "namespace": function.namespace,
        "files": [{"name": file.name, "bytes": file.size_bytes} for file in code.contents.files],
        "bytes": code.contents.size_bytes,
        "code_bytes": len(code.archive),
        "left_out": [{"name": each.name, "reason": each.reason} for each in code.contents.left_out],
        "not_deployed": list(function.left_out),
    }


def _list_packing(function: "Deployable", code: "PackedCode") -> None:
    contents = code.contents
    rows = [(f"{file.size_bytes:,}", file.name, "") for file in contents.files]
    rows += [("-", each.name, f"  left out: {each.reason}") for each in contents.left_out]
    width = max(len(size) for size, _, _ in rows)
    for size, name, reason in rows:
        printing.answer(f"{size.rjust(width)}  {name if name.isprintable() else repr(name)}{reason}")
    printing.tell(
        f"{function.name}: {len(contents.files)} files, {contents.size_bytes:,} bytes, {len(code.archive):,} zipped"
    )


def _environment(variables: tuple[str, ...]) -> dict[str, object] | None:
    """The API's structure ``Environment`` of ``KEY=VALUE`` texts."""
    pairs = [text.partition("=") for text in variables]
    if not all(name and equals for name, equals, _ in pairs):
        raise click.BadParameter("give KEY=VALUE", param_hint="--variable")
    return {"Variables": [{"Key": name, "Value": value} for name, _, value in pairs]} if pairs else None
