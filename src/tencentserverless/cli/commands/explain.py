"""``scf explain``: print the meaning of a status, an error code or a name, without a network."""

import dataclasses
import re

import click
from click.shell_completion import CompletionItem

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing

_NEGATIVE = re.compile(r"-\d+")


class _Command(click.Command):
    """A command whose argument may be a negative number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; ``-1`` is the argument and no option."""
        numbers = [word for word in args if _NEGATIVE.fullmatch(word)]
        if numbers and "--" not in args:
            args = [*(word for word in args if word not in numbers), "--", *numbers]
        return super().parse_args(ctx, args)


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from tencentserverless.cli.reference.error_catalogue import Catalogue

    return [CompletionItem(name) for name in Catalogue().names() if name.lower().startswith(incomplete.lower())]


@click.command(cls=_Command)
@click.argument("code", shell_complete=_complete)
@click.option(
    "--lang",
    "--language",
    "language",
    type=click.Choice(["en", "zh", "both"]),
    help="Language of the answer.  [default: that of your terminal]",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def explain(code: str, language: str | None, as_json: bool) -> None:
    """Explain CODE: a status such as 432, an API code such as ResourceNotFound.Function, or another printed name.

    The answer has the meaning, whether the function ran, the cause, the fix, and the setting to change. It needs no
    network. Errors, states and exit codes of scf and the SDK are known too, such as FunctionTimeout.
    """
    from tencentserverless.cli.output.failures import Failure
    from tencentserverless.cli.output.translation import is_chinese
    from tencentserverless.cli.reference.error_catalogue import Catalogue

    catalogue = Catalogue()
    entry = catalogue.find(code)
    if entry is None:
        close = catalogue.suggest(code)
        hint = f"did you mean {', '.join(close)}?" if close else "codes look like 432 or ResourceNotFound.Function"
        raise Failure(Exit.INPUT, f"there is no code {code!r}; {hint}")
    if as_json:
        printing.answer_json(dataclasses.asdict(entry))
        return
    printing.answer(f"{entry.code} {entry.name}".rstrip())
    language = language or ("zh" if is_chinese() else "en")
    for chosen in ("en", "zh") if language == "both" else (language,):
        texts = (
            entry.meaning[chosen],
            catalogue.ran[chosen].get(entry.executed, ""),
            entry.cause[chosen],
            entry.fix[chosen],
            entry.setting[chosen],
            ", ".join(child.removeprefix(f"{entry.code}.") for child in entry.children),
        )
        for label, text in zip(catalogue.labels[chosen], texts, strict=True):
            if text:
                printing.answer(f"  {label}: {text}")
