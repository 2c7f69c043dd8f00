"""``scf event``: print a sample event of a trigger."""

import click

from tencentserverless.cli.output import printing


@click.command()
@click.argument("kind", metavar="[TYPE]", required=False)
@click.option(
    "--set", "changes", metavar="KEY=VALUE", multiple=True, help="Change a value: Records.0.cos.cosObject.key=a.jpg"
)
@click.option("--json", "as_json", is_flag=True, help="Print the list of types as JSON; an event is JSON anyway.")
def event(kind: str | None, changes: tuple[str, ...], as_json: bool) -> None:
    """Print a sample event of the trigger TYPE, for scf invoke; without TYPE, list what there are.

    A place in the event is named by its keys and numbers with dots between. A value that is JSON is taken as JSON.
    """
    from tencentserverless.cli.reference.sample_events import change, list_samples, take_sample

    if kind is None:
        if changes:
            raise click.UsageError("--set changes an event: name its TYPE")
        if as_json:
            printing.answer_json(list_samples())
        else:
            printing.answer_table(["TYPE", "WHAT IT IS"], [[name, about] for name, about in list_samples().items()])
        return
    sample = take_sample(kind)
    for assignment in changes:
        change(sample, assignment)
    printing.answer_json(sample)
