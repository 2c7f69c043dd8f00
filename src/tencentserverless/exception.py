"""The errors of a call. ``error.executed`` is the verdict: did the function run?

::

    TencentServerlessSDKException        the function failed (an error object inside Result)
    |-- FunctionError                    its code raised an exception (430)
    |-- FunctionTimeout                  it ran longer than its timeout (433)
    |-- FunctionMemoryExceeded           it needed more memory than it has (434)
    |-- FunctionExited                   its process exited while it ran (439)
    |-- FunctionLoadError                its code or handler could not be loaded (437, 443 and others)
    |-- FunctionResultTooLarge           it returned more than 6 MB (407)
    |-- FunctionThrottled                no instance was free for it (429, 432)
    |-- FunctionAborted                  its asynchronous invocation was terminated (499)
    `-- FunctionRefused                  the platform refused before user code (400, 401, 406, 435 and others)

    TencentCloudSDKException             (Tencent's own class, from tencentcloud-sdk-python-common)
    `-- CallError
        |-- APIError                     the API answered with Response.Error
        |   |-- AuthFailure              key, signature, token or clock refused
        |   |-- ResourceNotFound         no such function, namespace or version
        |   `-- RequestThrottled         too many API requests
        |-- NetworkError                 the connection failed; also a ConnectionError of Python
        |   |-- ConnectError             no connection could be made
        |   |   `-- ConnectTimeout       none was made within connect_timeout; also a TimeoutError
        |   |-- DeadlineExceeded         the call's timeout passed; also a TimeoutError
        |   |   `-- ResultTimeout        the result of an asynchronous invocation was not there in time
        |   |-- ProtocolError            the answer was not in the API's format
        |   `-- ServerError              an HTTP status other than 200
        `-- CredentialError              no usable key pair was found

Facts are stored and ``str()`` is built from them; every error survives ``pickle`` and ``copy``.
"""

import re

from tencentserverless.models import Attempt, Verdict, decode_headers

try:
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
except ImportError as _error:
    raise ImportError(
        "tencentserverless needs the files of tencentcloud-sdk-python-common, and they are missing. Uninstalling the "
        "full tencentcloud-sdk-python takes them along; put them back with: "
        "pip install --force-reinstall --no-deps tencentcloud-sdk-python-common",
        name="tencentcloud",
    ) from _error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "APIError",
    "AuthFailure",
    "CallError",
    "ConnectError",
    "ConnectTimeout",
    "CredentialError",
    "DeadlineExceeded",
    "FunctionAborted",
    "FunctionError",
    "FunctionExited",
    "FunctionLoadError",
    "FunctionMemoryExceeded",
    "FunctionRefused",
    "FunctionResultTooLarge",
    "FunctionThrottled",
    "FunctionTimeout",
    "NetworkError",
    "ProtocolError",
    "RequestThrottled",
    "ResourceNotFound",
    "ResultTimeout",
    "ServerError",
    "TencentCloudSDKException",
    "TencentServerlessSDKException",
    "TencentserverlessSDKException",
]


def _rebuild(cls: "type[Exception]", args: "tuple[object, ...]", facts: "dict[str, object]") -> Exception:
    """Make an error again from its facts, for pickle and copy."""
    error = cls.__new__(cls)
    error.__dict__.update(facts)
    error.args = args
    return error


class _Facts(Exception):
    """The facts of both families of errors, their repr and their pickling."""

    code: "Any"
    message: "str | None"
    request_id: "Any"
    response: "Any"
    stack_trace: "Any"
    executed: Verdict
    #: All attempts, in order; the last one is this failure.
    attempts: "tuple[Attempt, ...]" = ()
    #: The position of its input in a ``map``, from 0; None for other calls.
    position: "int | None" = None
    #: The pause that the server asked for before another try (``Retry-After``), None if it asked for none.
    retry_after_seconds: "float | None" = None
    _headers: "dict[bytes, bytes] | None" = None

    @property
    def headers(self) -> "dict[str, str]":
        """Headers of the API's answer, by lower-case name; repeated ones are joined. Empty where there was none."""
        return decode_headers(self._headers or {})

    def get_code(self) -> "Any":
        """Return the error code: an int of the platform's status family, or a string such as ``AuthFailure``."""
        return self.code

    def get_message(self) -> "str | None":
        """Return the description of the failure."""
        return self.message

    def get_request_id(self) -> "Any":
        """Return the RequestId of the API call, or None where no answer came."""
        return self.request_id

    def get_response(self) -> "Any":
        """Return the decoded answer; for an answer that could not be decoded, the start of its text; else None."""
        return self.response

    def get_stack_trace(self) -> "Any":
        """Return the function's own traceback, ``""`` where there is none."""
        return self.stack_trace

    def __repr__(self) -> str:
        return "{}(code={!r}, message={!r}, request_id={!r}, executed={})".format(
            type(self).__name__, self.code, self.message, self.request_id, self.executed.name
        )

    def __reduce__(self) -> "tuple[object, ...]":
        return _rebuild, (type(self), self.args, dict(self.__dict__))


class TencentServerlessSDKException(_Facts):
    """The function failed, or the platform would not run it.

    :param code: ``errorCode`` of the error object; -1 where there is none
    :param message: ``errorMessage``
    :param request_id: RequestId of the API call
    :param response: the whole decoded answer
    :param stack_trace: the function's traceback, ``""`` where there is none
    :param status_code: ``statusCode``, the platform's status (430, 433, ...), None where there is none
    :param executed: the verdict: did the function run?
    """

    status_code: "int | None"

    def __init__(
        self,
        code: "Any" = None,
        message: "str | None" = None,
        request_id: "str | None" = None,
        response: "Any" = None,
        stack_trace: "Any" = "",
        *,
        status_code: "int | None" = None,
        executed: Verdict = Verdict.MAYBE,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.request_id = request_id
        self.response = response
        self.stack_trace = stack_trace
        self.status_code = status_code
        self.executed = executed

    def __str__(self) -> str:
        text = (
            "[TencentServerlessSDKException] \ncode:{} \nmessage:{} \nstack_trace:{} \nrequestId:{} \nexecuted:{}"
        ).format(self.code, self._shown_message(), self.stack_trace, self.request_id, self.executed.value)
        return text if self.status_code is None else text + " (scf explain {})".format(self.status_code)

    def _shown_message(self) -> "str | None":
        return self.message


#: The spelling of Tencent's API reference.
TencentserverlessSDKException = TencentServerlessSDKException


class FunctionError(TencentServerlessSDKException):
    """The function's code raised an exception; ``stack_trace`` holds its traceback."""


class FunctionTimeout(TencentServerlessSDKException):
    """The function ran longer than its configured timeout and was stopped."""


class FunctionMemoryExceeded(TencentServerlessSDKException):
    """The function needed more memory than it was configured with and was stopped."""


class FunctionExited(TencentServerlessSDKException):
    """The function's process exited while it handled the event."""


class FunctionLoadError(TencentServerlessSDKException):
    """The function's code, handler or container could not be started.

    Where the code could not be loaded, ``message`` is the platform's text: a traceback, with the frames of the runtime.
    ``str()`` shows ``summary`` and ``detail`` in its place.
    """

    @property
    def summary(self) -> str:
        """Return the reason in one line: ``ModuleNotFoundError: No module named 'json5' (index.py, line 1)``."""
        return self._explained()[0]

    @property
    def detail(self) -> str:
        """Return the lines of the traceback that are about the function's own code, ``""`` if there are none."""
        return self._explained()[1]

    def _shown_message(self) -> "str | None":
        return "\n".join(part for part in self._explained() if part)

    def _explained(self) -> "tuple[str, str]":
        text = self.message
        return explain_traceback(text) if isinstance(text, str) else (str(text), "")


class FunctionResultTooLarge(TencentServerlessSDKException):
    """The function ran and returned more than the platform carries."""


class FunctionThrottled(TencentServerlessSDKException):
    """No instance could take the event: a concurrency or scaling limit."""


class FunctionAborted(TencentServerlessSDKException):
    """The asynchronous invocation was terminated, by ``Invocation.cancel`` or in the console."""


class FunctionRefused(TencentServerlessSDKException):
    """The platform refused the call before any user code ran."""


class CallError(_Facts, TencentCloudSDKException):  # type: ignore[misc]  # the base has no types
    """The call failed outside the function: refused by the API, lost on the wire, or never signed.

    :param code: the official code, such as ``ResourceNotFound.Function`` or ``ClientNetworkError``
    :param message: the description of the failure
    :param requestId: RequestId of the API call, None where no answer came
    :param response: the decoded answer, or the start of its text where it could not be decoded
    :param executed: the verdict: did the function run?
    """

    #: The name to look up in place of the code, which says less.
    _topic = ""

    def __init__(
        self,
        code: "Any" = None,
        message: "str | None" = None,
        requestId: "str | None" = None,  # noqa: N803  # the name of Tencent's class
        *,
        response: "Any" = None,
        executed: Verdict = Verdict.MAYBE,
    ) -> None:
        super().__init__(code, message, requestId)
        self.requestId = requestId
        self.code = code
        self.message = message
        self.response = response
        self.stack_trace = ""
        self.executed = executed

    @property
    def request_id(self) -> "Any":
        """The same as ``requestId``, the name of Tencent's class."""
        return self.requestId

    def __str__(self) -> str:
        return "[TencentCloudSDKException] code:{} message:{} requestId:{} executed:{} (scf explain {})".format(
            self.code, self.message, self.requestId, self.executed.value, self._topic or self.code
        )


class APIError(CallError):
    """The API answered with an error of its own (``Response.Error``)."""


class AuthFailure(APIError):
    """The key, the signature, the token or the clock was refused."""


class ResourceNotFound(APIError):
    """There is no such function, namespace, version or alias in that region."""


class RequestThrottled(APIError):
    """Too many API requests; the function was not called."""


class NetworkError(CallError, ConnectionError):
    """The connection failed: ``executed`` says if the function may have run."""

    #: True if the cause may pass by itself, so that another attempt makes sense.
    is_transient = True

    def __new__(cls, *args: object, **_: object) -> "NetworkError":
        """Make the error as any other: OSError would take the first of two arguments for an errno."""
        error = super().__new__(cls)
        error.args = args
        return error


class ConnectError(NetworkError):
    """No connection could be made, so nothing was sent."""


class ConnectTimeout(ConnectError, TimeoutError):
    """No connection could be made within ``connect_timeout``, so nothing was sent."""


class DeadlineExceeded(NetworkError, TimeoutError):
    """The call's timeout passed, whatever was under way."""

    _topic = "DeadlineExceeded"


class ResultTimeout(DeadlineExceeded):
    """The result of an asynchronous invocation was not there in time. The invocation goes on; ask again."""

    _topic = "ResultTimeout"


class ProtocolError(NetworkError):
    """The answer was not in the API's format; ``response`` holds the start of it."""


class ServerError(NetworkError):
    """The answer had an HTTP status other than 200: ``status``. ``response`` holds the start of its body."""

    status = 0


class CredentialError(CallError):
    """No usable key pair was found; the message lists the places that were tried. Nothing was sent."""


_HEADER = "Traceback (most recent call last):"
# Patterns are texts, which ``re`` compiles at the first use and keeps: at the import they would cost 0.3 ms.
_FRAME = r'  File "(.+)", line (\d+)(?:, in .*)?$'
#: Files of the runtime: the bootstraps of the platform and of the local SCF, the import system, the standard library.
_OF_RUNTIME = r"<frozen |/var/runtime/|(?:.*/)?_scf_\w+\.py$|.*/lib\w*/python\d[\d.]*/(?!(?:site|dist)-packages/)"
_OWN_ERROR = "_scf_bootstrap."


def explain_traceback(text: str) -> "tuple[str, str]":
    """Return a traceback as people read it: its last line first.

    :return: the last line with the place in the function's code, and the lines about that code; the text itself and
        ``""`` for a text that is no traceback
    """
    lines = text.splitlines()
    headers = [number for number, line in enumerate(lines) if line == _HEADER]
    ends = [number for number in range(headers[-1] + 1, len(lines)) if lines[number][:1] != " "] if headers else []
    if not ends:
        return text, ""
    kept, places = _own_lines(lines[: ends[0]])
    head = lines[ends[0]]
    if head.startswith(_OWN_ERROR):  # the class is ours, and its text says all
        head = head.partition(": ")[2] or head
    if places and not re.search(r"\bline \d+\)$", head):
        head += " ({}, line {})".format(_short_name(places[-1][0], places[0][0]), places[-1][1])
    return head, "\n".join(lines[ends[0] + 1 :] + kept).strip("\n")


def _own_lines(lines: "list[str]") -> "tuple[list[str], list[tuple[str, str]]]":
    """Return the lines of a traceback that are not about the runtime, and the file and line of each frame in them."""
    kept, places, is_kept = [], [], False
    for line in lines:
        frame = re.match(_FRAME, line)
        if frame:
            is_kept = not re.match(_OF_RUNTIME, frame.group(1))
            if is_kept:
                places.append((frame.group(1), frame.group(2)))
        elif line[:1] != " ":
            is_kept = line != _HEADER
        if is_kept:
            kept.append(line)
    return kept, places


def _short_name(path: str, entry: str) -> str:
    """Return a path as it is below the folder of the entry file, else the name of the file alone."""
    folder = entry.rpartition("/")[0] + "/"
    return path[len(folder) :] if path.startswith(folder) else path.rpartition("/")[2]
