"""The options of ``scf local`` commands that find a running local SCF."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)


def server_options(command: _Command) -> _Command:
    """Add the options to a command that takes ``state`` and ``env_file``."""
    for option in (
        click.option("--env-file", type=_PATH, help="The server's --env-file, in place of its state folder."),
        click.option("--state", type=_PATH, help="Its state folder.  [default: .scf, here or in a folder around]"),
    ):
        command = option(command)
    return command


def choose_source(state: Path | None, env_file: Path | None) -> Path:
    """The file or folder in which the server has written its address and keys."""
    from tencentserverless.local.serve import find_state

    return env_file or state or find_state(Path())
