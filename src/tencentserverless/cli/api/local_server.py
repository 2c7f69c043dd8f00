"""The options by which a command finds a local SCF that runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)


def server_options(command: _Command) -> _Command:
    """The options for a command that takes ``state`` and ``env_file``."""
    for option in (
        click.option("--env-file", type=_PATH, help="The server's --env-file, in place of its state folder."),
        click.option("--state", type=_PATH, help="Its state folder.  [default: .scf, here or in a folder around]"),
    ):
        command = option(command)
    return command


def choose_source(state: Path | None, env_file: Path | None) -> Path:
    """Where the server that is meant has written how to reach it."""
    from tencentserverless.local.app import find_state

    return env_file or state or find_state(Path())
