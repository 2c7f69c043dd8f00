"""A local SCF that runs, as others of its user find it: by its state folder, or the file of its --env-file."""

import shlex
import socket
from pathlib import Path

from tencentserverless.local import state
from tencentserverless.local.settings import STATE_FOLDER_NAME, TRUST_VARIABLES, Reason, StartRefused, trust_of_ours

_CONNECT_SECONDS = 2.0


def find_state(start: Path) -> Path:
    """The state folder of the project that a folder is in: its own, or that of the nearest folder around it.

    :return: the folder's own one where there is none, for an error to name
    """
    folder = start.resolve()
    found = (each / STATE_FOLDER_NAME for each in (folder, *folder.parents) if (each / STATE_FOLDER_NAME).is_dir())
    return next(found, start / STATE_FOLDER_NAME)


def running_environment(source: Path) -> dict[str, str]:
    """The variables that make a client call the server that runs.

    :param source: the state folder of a server, or the file of its --env-file
    :raises StartRefused: if no server runs there
    """
    variables = read_environment(source)
    only_with_tls = (*TRUST_VARIABLES, state.PROXY_VARIABLE)
    names = (*state.ENV_VARIABLES, *(name for name in only_with_tls if name in variables))
    return {name: variables.get(name, "") for name in names}


def read_environment(source: Path) -> dict[str, str]:
    """All that the server has written there, its admin token too.

    :raises StartRefused: if no server runs there
    """
    path = state.environment_file(source) if source.is_dir() else source
    try:
        variables = state.read_variables(path)
    except (OSError, ValueError):
        variables = {}
    url = variables.get(state.ENDPOINT_VARIABLE, "")
    if not url or not _answers(url):
        raise StartRefused(
            Reason.STATE, f"no local SCF runs from {shlex.quote(str(source))}; start one with: scf local start"
        )
    return variables


def leaving_variables() -> list[str]:
    """The variables to unset, so that clients call the cloud again. Roots that are not a local SCF's stay."""
    return [*state.ENV_VARIABLES, state.PROXY_VARIABLE, *trust_of_ours()]


def _answers(url: str) -> bool:
    """Whether anything listens at a URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_SECONDS):
            return True
    except (OSError, ValueError):
        return False
