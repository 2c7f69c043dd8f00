"""``scf event``: print a sample event of a trigger."""

import click
from click.shell_completion import CompletionItem

from tencentserverless.cli.output import printing


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from tencentserverless.cli.reference.sample_events import list_samples

    return [CompletionItem(name, help=about) for name, about in list_samples().items() if name.startswith(incomplete)]


@click.command()
@click.argument("kind", metavar="[TYPE]", required=False, shell_complete=_complete)
@click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True, help="Change a value: Records.0.cos.cosObject.key=a.jpg"
)
@click.option("--json", "as_json", is_flag=True, help="Print the list of types as JSON. An event is always JSON.")
def event(kind: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Print a sample event of the trigger TYPE, for scf invoke. Without TYPE, list the types.

    A KEY is the path to a value: keys and list positions with dots between. A VALUE that is valid JSON is read as JSON.
    """
    from tencentserverless.cli.reference.sample_events import change, list_samples, take_sample

    if kind is None:
        if changes:
            raise click.UsageError("--set needs the TYPE of an event")
        if as_json:
            printing.answer_json(list_samples())
        else:
            printing.answer_table(["TYPE", "MEANING"], [[name, about] for name, about in list_samples().items()])
        return
    sample = take_sample(kind)
    for assignment in changes:
        change(sample, assignment)
    printing.answer_json(sample)
