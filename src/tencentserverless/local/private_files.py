"""Files that are private to their owner, mode 0600; ``KEY=VALUE`` lines; and folders whose write bits are gone."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError

_MAX_FILE_BYTES = 64 * 1024


def write_private(path: Path, variables: Mapping[str, str]) -> None:
    """Write ``KEY=VALUE`` lines that a shell can source, mode 0600, whole or not at all.

    :raises StartupError: if it can't be written
    """
    text = "".join(f"{name}={shlex.quote(value) if value else ''}\n" for name, value in variables.items())
    write_private_bytes(path, text.encode("utf-8"))


def write_private_bytes(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, whole or not at all.

    :raises StartupError: if it can't be written
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise StartupError(Reason.STATE, f"{path}: can't be written: {error.strerror}") from error


def read_variables(path: Path) -> dict[str, str]:
    """The ``KEY=VALUE`` lines of a file, as ``write_private`` or a person wrote them.

    :raises OSError: if it can't be read
    :raises ValueError: if a line is none
    """
    with path.open(encoding="utf-8") as file:
        text = file.read(_MAX_FILE_BYTES)
    variables = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not equals:
            raise ValueError(f"line {number} is not KEY=VALUE")
        try:
            variables[name.strip()] = "".join(shlex.split(value))
        except ValueError:
            raise ValueError(f"line {number} has a quote that is not closed") from None
    return variables


def let_write(folder: Path) -> None:
    """Give a folder, and those in it, the bits that it takes to remove them: those of code have no write bits.

    What can't be changed stays as it is. Links are not followed.
    """
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for name in names:  # before the walk goes into it
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
