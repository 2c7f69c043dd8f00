"""The options ``--variable``, ``--variables`` and ``--packages``: settings of functions for local runs alone."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click

from tencentserverless.local.settings import PackageFolder

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_FORM = "NAME.KEY=VALUE"


def read_variables(texts: tuple[str, ...], file: Path | None) -> dict[str, dict[str, str]]:
    """Return variables by function and key. What an option says comes before a line of the file.

    :param texts: of ``--variable``
    :param file: of ``--variables``; empty lines and those that begin with ``#`` do not count
    :raises click.BadParameter: if a text has another form, or the file can't be read
    """
    found: dict[str, dict[str, str]] = {}
    given = [("--variables", where, text) for where, text in (_lines(file) if file else ())]
    for option, where, text in (*given, *(("--variable", "", text) for text in texts)):
        place, equals, value = text.partition("=")
        name, dot, key = place.strip().partition(".")
        if not equals or not dot or not _NAME.match(name) or not key:
            raise click.BadParameter(f"{where}{text.split('=')[0]!r} is not of the form {_FORM}", param_hint=option)
        found.setdefault(name, {})[key] = _unquoted(value.strip()) if where else value
    return found


def read_packages(texts: tuple[str, ...]) -> tuple[PackageFolder, ...]:
    """Return the folders of packages.

    :param texts: ``DIR``, or ``NAME=DIR`` for one function alone
    """
    found = []
    for text in texts:
        name, equals, folder = text.partition("=")
        if not equals or not _NAME.match(name):
            name, folder = "", text
        if not folder:
            raise click.BadParameter(f"{text!r} is neither DIR nor NAME=DIR", param_hint="--packages")
        found.append(PackageFolder(name, Path(os.path.abspath(folder))))
    return tuple(found)


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file}: {_reason(file, error)}", param_hint="--variables") from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield f"{file}:{number}: ", line


def _reason(file: Path, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not a text in UTF-8"
    if not isinstance(error, FileNotFoundError):
        return str(getattr(error, "strerror", None) or error)
    names = sorted(each.name for each in file.parent.iterdir() if each.is_file()) if file.parent.is_dir() else []
    return f"no such file; {file.parent} has {', '.join(names[:10]) or 'no files'}{', ...' if len(names) > 10 else ''}"


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
