"""Errors of the local SCF: refusals of the API, and reasons why a server does not start or has stopped."""

import enum


class ApiError(Exception):
    """Becomes ``Response.Error`` of the answer.

    :param code: a code of the platform, such as ``ResourceNotFound.Function``
    :param message: what is wrong and what to do; goes to whoever asked, so it never holds a secret
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Reason(enum.Enum):
    """Why ``scf local start`` would not start; the command line gives each an exit code."""

    PROJECT = "project"
    ADDRESS = "address"
    STATE = "state"
    SECRETS = "secrets"
    RUNTIME = "runtime"


class StartupError(Exception):
    """The local SCF can't start as it was told to; the message is one line for the terminal."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ServerFailed(Exception):
    """The local SCF has stopped, and not all of it ran until then; the message is one line for the terminal."""
