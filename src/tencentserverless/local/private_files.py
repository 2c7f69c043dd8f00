"""Files that are private to their owner, mode 0600; ``KEY=VALUE`` lines; and folders without write permission."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tencentserverless.local.errors import Reason, StartupError

_MAX_FILE_BYTES = 64 * 1024


def write_private(path: Path, variables: Mapping[str, str]) -> None:
    """Write ``KEY=VALUE`` lines that a shell can source, mode 0600, completely or not at all.

    :raises StartupError: if the file can't be written
    """
    text = "".join(f"{name}={shlex.quote(value) if value else ''}\n" for name, value in variables.items())
    write_private_bytes(path, text.encode("utf-8"))


def write_private_bytes(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, completely or not at all.

    :raises StartupError: if the file can't be written
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # created with mode 0600
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
    """Read the ``KEY=VALUE`` lines of a file that ``write_private`` or a person wrote.

    :raises OSError: if the file can't be read
    :raises ValueError: if a line has another form
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
    """Give a folder and its subfolders write permission, so that they can be removed: folders of code have none.

    Folders that can't be changed stay as they are. Links are not followed.
    """
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for name in names:  # before the walk enters it
            path = os.path.join(place, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
