"""Errors of the local SCF: refusals of the API, and reasons why a server does not start or has stopped."""

import enum


class ApiError(Exception):
    """A refusal of the API, which becomes ``Response.Error`` of the answer.

    :param code: a code of the platform, such as ``ResourceNotFound.Function``
    :param message: the problem and the remedy; sent to the caller, so it never holds a secret
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Reason(enum.Enum):
    """The reason why ``scf local start`` did not start; the command line gives each an exit code."""

    PROJECT = "project"
    ADDRESS = "address"
    STATE = "state"
    SECRETS = "secrets"
    RUNTIME = "runtime"


class StartupError(Exception):
    """The local SCF can't start with these settings; the message is one line for the terminal."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ServerFailed(Exception):
    """The local SCF has stopped after a part of it had failed; the message is one line for the terminal."""
