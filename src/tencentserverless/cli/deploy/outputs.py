"""The option ``--output``: values of outputs that configuration files name."""

from pathlib import Path

import click


def read_outputs(texts: tuple[str, ...]) -> dict[str, str]:
    """Read ``STAGE:APP:INSTANCE.KEY=VALUE`` texts, and lines of this form from files that are given as ``@FILE``."""
    found = {}
    for text in texts:
        for line in _lines(text):
            name, equals, value = line.partition("=")
            if not equals or name.count(":") != 2 or "." not in name:
                raise click.BadParameter(f"{line!r} is not STAGE:APP:INSTANCE.KEY=VALUE", param_hint="--output")
            found[name.strip()] = value.strip()
    return found


def _lines(text: str) -> list[str]:
    if not text.startswith("@"):
        return [text]
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{text[1:]}: {error}", param_hint="--output") from error
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
