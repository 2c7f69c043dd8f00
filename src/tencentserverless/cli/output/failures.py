"""Failures of a command, each with its exit code and its message for the terminal.

This module loads only after an error, so that the error classes need not load before.
"""

from collections.abc import Sequence
from typing import Any

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.causes import join_trace
from tencentserverless.exception import (
    APIError,
    AuthFailure,
    CallError,
    ConnectError,
    CredentialError,
    DeadlineExceeded,
    FunctionLoadError,
    NetworkError,
    TencentCloudSDKException,
    TencentServerlessSDKException,
)
from tencentserverless.local.errors import Reason, ServerFailed, StartupError
from tencentserverless.models import Verdict

_START_EXITS = {
    Reason.PROJECT: Exit.PROJECT,
    Reason.ADDRESS: Exit.ADDRESS,
    Reason.STATE: Exit.STATE,
    Reason.SECRETS: Exit.SECRETS,
    Reason.RUNTIME: Exit.RUNTIME,
}
_CALL_EXITS = (
    (CredentialError, Exit.CREDENTIALS),
    (AuthFailure, Exit.CREDENTIALS),
    (APIError, Exit.API),
    (NetworkError, Exit.NETWORK),
)
_API_EXITS = {
    "AuthFailure": Exit.CREDENTIALS,
    "ClientNetworkError": Exit.NETWORK,
    "ServerNetworkError": Exit.NETWORK,
}
_MAX_CHARS = 500
_VERDICTS = {
    Verdict.NO: "{}; the function did not run",
    Verdict.MAYBE: "{}; the function may have run",
    Verdict.YES: "{}; the function ran",
}
#: An attribute of an error of an action that calls no function: the action if it changes something, else "".
_CHANGE = "_change_of_scf"


class Failure(Exception):
    """A failure of a command; the message is one line for the terminal.

    :param detail: lines to print before it
    :param facts: for its JSON; see ``printing.describe_failure``
    :param faults: lines to print after it, each about a further fault
    """

    def __init__(
        self,
        code: Exit,
        message: str,
        detail: str = "",
        faults: Sequence[str] = (),
        *,
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail
        self.faults = faults
        self.facts = facts


def translate(error: Exception) -> Failure | None:
    """Translate an exception to a failure; None for an exception that is a defect of ours."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, StartupError):
        message, *faults = str(error).split("\n")
        return Failure(_START_EXITS[error.reason], message, faults=faults)
    if isinstance(error, ServerFailed):
        return Failure(Exit.FAILED, str(error))
    if isinstance(error, TencentServerlessSDKException):
        return _of_function(error)
    if isinstance(error, CallError):
        return _of_call(error)
    if isinstance(error, TencentCloudSDKException):  # raised by Tencent's own code
        return _of_api(str(error.code), str(error.message))
    return None


def mark_action(error: Exception, action: str, *, only_reads: bool) -> None:
    """Note on an error that its action calls no function, so that its message says nothing of one that ran."""
    setattr(error, _CHANGE, "" if only_reads else action)


def no_local_server(address: str) -> Failure:
    """The failure when no local SCF listens at an address of this machine."""
    return Failure(Exit.NETWORK, f"no local SCF answers at {address}; start one with: scf local start")


def _of_function(error: TencentServerlessSDKException) -> Failure:
    """The failure of a function. Its detail is the function's own traceback."""
    trace, message = error.stack_trace, error.message
    if isinstance(error, FunctionLoadError):
        trace, message = error.detail, error.summary
    detail = join_trace(trace)
    status = error.status_code
    words = f"{type(error).__name__} {error.code if status is None else status}: {message}"
    facts = _facts_of(error, error.code if status is None else status)
    line = _VERDICTS[error.executed].format(_end(words))
    if status is not None:  # an errorCode alone explains nothing
        line = f"{line}; run: scf explain {status}"
    return Failure(Exit.FUNCTION, line, detail, facts=facts)


def _facts_of(error: TencentServerlessSDKException | CallError, code: object) -> dict[str, Any]:
    return {
        "name": type(error).__name__,
        "code": code,
        "message": error.message,
        "executed": error.executed.value,
        "request_id": error.request_id,
        "stack_trace": error.stack_trace or None,
    }


def _end(sentence: str) -> str:
    """The sentence without its full stop, to go on with a semicolon."""
    return sentence.rstrip().removesuffix(".")


def _of_api(code: str, message: str) -> Failure:
    shown = message if len(message) <= _MAX_CHARS else message[:_MAX_CHARS] + "..."  # it may be a web page
    words = f"{_end(f'{code}: {shown}')}; run: scf explain {code}"
    return Failure(_API_EXITS.get(code.partition(".")[0], Exit.API), words, facts={"code": code, "message": message})


def _of_call(error: CallError) -> Failure:
    exit_code = next((each for kind, each in _CALL_EXITS if isinstance(error, kind)), Exit.FAILED)
    line = _add_outcome(error, _end(f"{error.code}: {error.message}"))
    topic = type(error).__name__ if isinstance(error, DeadlineExceeded) else error.code
    return Failure(exit_code, f"{line}; run: scf explain {topic}", facts=_facts_of(error, error.code))


def _add_outcome(error: CallError, line: str) -> str:
    """Add what may have happened: whether the function ran, or whether a change may be done all the same."""
    if isinstance(error, CredentialError | ConnectError):
        return line
    change = getattr(error, _CHANGE, None)
    if change is None:
        return _VERDICTS[error.executed].format(line)
    if change and isinstance(error, NetworkError) and error.executed is Verdict.MAYBE:
        return f"{line}; {change} may be done: look before you repeat it"
    return line
