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
        click.option("--state", type=_PATH, help="Its project or state folder.  [default: here, else the only one]"),
    ):
        command = option(command)
    return command


def find_source(state: Path | None, env_file: Path | None) -> Path:
    """The file or folder in which the server has written its address and keys.

    :raises StartupError: if none is named and no running server is found
    """
    from tencentserverless.local.serve import choose_source, find_server

    return env_file or (choose_source(state) if state else find_server(Path()))


def find_state_folder(state: Path | None) -> Path:
    """The state folder of a server, which need not run."""
    from tencentserverless.local.serve import choose_source, find_state

    return choose_source(state) if state else find_state(Path())
