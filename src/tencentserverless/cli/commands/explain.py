"""``scf explain``: print the meaning of a status or an error code, without a network."""

import dataclasses

import click

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing


@click.command()
@click.argument("code")
@click.option(
    "--language", type=click.Choice(["en", "zh", "both"]), default="both", show_default=True, help="Of the answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(code: str, language: str, as_json: bool) -> None:
    """Say what CODE means: a status such as 432, or an API code such as ResourceNotFound.Function.

    Meaning, whether the function ran, the cause, what to do, and the setting to change. Needs no network.
    """
    from tencentserverless.cli.output.failures import Failure
    from tencentserverless.cli.reference.error_catalogue import Catalogue

    catalogue = Catalogue()
    entry = catalogue.find(code)
    if entry is None:
        close = catalogue.suggest(code)
        hint = f"did you mean {', '.join(close)}?" if close else "codes look like 432 or ResourceNotFound.Function"
        raise Failure(Exit.FAILED, f"there is no code {code!r}; {hint}")
    children = catalogue.children(entry.code)
    if as_json:
        printing.answer_json({**dataclasses.asdict(entry), "children": children})
        return
    printing.answer(f"{entry.code} {entry.name}".rstrip())
    for chosen in ("en", "zh") if language == "both" else (language,):
        labels = catalogue.labels[chosen]
        texts = (
            entry.meaning[chosen],
            catalogue.ran[chosen][entry.executed],
            entry.cause[chosen],
            entry.fix[chosen],
            entry.setting[chosen],
            ", ".join(child.partition(".")[2] for child in children),
        )
        for label, text in zip(labels, texts, strict=True):
            if text:
                printing.answer(f"  {label}: {text}")
