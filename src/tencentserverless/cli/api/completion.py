"""Completion of function names on the command line."""

import dataclasses

import click
from click.shell_completion import CompletionItem


def complete_function(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The functions of a local SCF whose names begin so. None in the cloud: a key press should not call there."""
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.api.target import Place, choose_target

    values = ctx.params
    try:
        place = Place(values.get("region"), values.get("namespace") or "default", bool(values.get("is_local")))
        target = choose_target(dataclasses.replace(place, server_path=values.get("server_path")))
        names = [each["FunctionName"] for each in Api(target).list_functions()] if target.is_local else []
    except Exception:  # noqa: BLE001  # a completion that fails must not print into the command line
        return []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
