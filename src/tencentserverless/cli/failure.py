"""What can go wrong in a command, as an exit code and one line. The SDK's and the local SCF's errors are put into words
here, and nowhere else.
"""

import sys

from tencentserverless.cli.exits import Exit


class Failure(Exception):
    """A command can't go on.

    :param detail: lines that are shown before the message: a traceback, or where a text is wrong
    """

    def __init__(self, code: Exit, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail


def explain(error: Exception) -> Failure | None:
    """The failure that an error is, None if it is a defect of ours."""
    if isinstance(error, Failure):
        return error
    # What is not loaded has not been raised.
    settings = sys.modules.get("tencentserverless.local.settings")
    if settings is not None and isinstance(error, settings.StartRefused):
        return Failure(Exit[error.reason.name], str(error))
    exception = sys.modules.get("tencentserverless.exception")
    if exception is None:
        return None
    if isinstance(error, exception.TencentServerlessSDKException):
        return _explain_function(error)
    if isinstance(error, exception.TencentCloudSDKException):
        return _explain_call(error)
    if isinstance(error, (ValueError, TypeError)) and _is_refused_argument(error):
        return Failure(Exit.USAGE, str(error))
    return None


def _is_refused_argument(error: Exception) -> bool:
    """Did the SDK refuse an argument: was it raised in a room of the SDK's, and not by a defect of a command?"""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    name = traceback.tb_frame.f_globals.get("__name__", "") if traceback is not None else ""
    return name.startswith("tencentserverless.") and not name.startswith("tencentserverless.cli")


def _explain_function(error: "object") -> Failure:
    from tencentserverless.models import Verdict

    status = error.status_code  # type: ignore[attr-defined]
    ran = error.executed is Verdict.YES  # type: ignore[attr-defined]
    subject = "the function failed" if ran else "the platform did not run the function"
    if error.executed is Verdict.MAYBE:  # type: ignore[attr-defined]
        subject = "the call failed, and the function may have run"
    known = f"status {status}" if status else f"code {error.code}"  # type: ignore[attr-defined]
    message = f"{subject}: {error.message} ({known}, request {error.request_id})"  # type: ignore[attr-defined]
    if status:
        message += f"; more: scf explain {status}"
    trace = error.stack_trace  # type: ignore[attr-defined]
    return Failure(Exit.FUNCTION if ran else Exit.REFUSED, message, trace if isinstance(trace, str) else str(trace))


def _explain_call(error: "object") -> Failure:
    from tencentserverless import exception

    code = getattr(error, "code", "")
    message = f"{code}: {getattr(error, 'message', error)}"
    request_id = getattr(error, "requestId", None)
    if request_id:
        message += f" (request {request_id})"
    if isinstance(error, exception.CredentialError):
        return Failure(Exit.CREDENTIALS, message + "; see: scf doctor")
    if isinstance(error, exception.NetworkError):
        return Failure(Exit.NETWORK, f"{message}; did it run: {error.executed.value}")
    return Failure(Exit.API, f"{message}; more: scf explain {code}")
