"""Tencent's words for an invocation: actions, field names, limits, and the verdict of each code.

The tables are data: pages in ``docs/`` are generated from them; ``response`` and the local SCF use them.
Sources: cloud.tencent.com/document/api/583/17243 (Invoke), 58400 (InvokeFunction), 17240 (common error codes), and
document/product/583/42611 (status codes). The verdict NO of a code follows the documentation's statement that
invocation errors come before execution.
"""

from tencentserverless import exception
from tencentserverless.models import InvocationStatus, Verdict

SERVICE = "scf"
VERSION = "2018-04-16"
CONTENT_TYPE = "application/json"

INVOKE = "Invoke"
INVOKE_FUNCTION = "InvokeFunction"
GET_REQUEST_STATUS = "GetRequestStatus"
GET_ASYNC_EVENT_STATUS = "GetAsyncEventStatus"
TERMINATE_ASYNC_EVENT = "TerminateAsyncEvent"
NO_ASYNC_EVENT = "ResourceNotFound.AsyncEvent"

#: The name of the payload's field differs by action.
PAYLOAD_FIELDS = {INVOKE: "ClientContext", INVOKE_FUNCTION: "Event"}

SYNC = "RequestResponse"
EVENT = "Event"
INVOCATION_TYPES = (SYNC, EVENT)
LOG_TYPES = ("None", "Tail")

MAX_EVENT_BYTES = 6 * 1024 * 1024  # synchronous event, JSON text
MAX_ASYNC_EVENT_BYTES = 128 * 1024  # asynchronous event, JSON text
MAX_BODY_BYTES = 10485760  # the request body, in which the event is escaped once more
MAX_ROUTING_KEY_BYTES = 1024

DEFAULT_REGION = "ap-guangzhou"
DEFAULT_NAMESPACE = "default"
DEFAULT_QUALIFIER = "$LATEST"

#: Every host of Tencent Cloud's API is in this domain.
API_DOMAIN = "tencentcloudapi.com"
PUBLIC_HOST = "scf.tencentcloudapi.com"
INTERNAL_HOST = "scf.internal.tencentcloudapi.com"
REGIONAL_HOST = "scf.{region}.tencentcloudapi.com"
#: Finance regions are reached by a domain of their own only.
FINANCE_REGIONS = ("ap-shanghai-fsi", "ap-shenzhen-fsi")

#: Keys that an error object of the platform can have; an object with any other key is the function's own data.
ERROR_KEYS = frozenset(("errorCode", "errorMessage", "requestId", "stackTrace", "statusCode"))

ABORTED = 499  # the status of an invocation that was terminated
#: Function-level status codes: the verdict on user code, and the error class. A code that is not listed is MAYBE.
STATUSES = {
    400: (Verdict.NO, exception.FunctionRefused),
    401: (Verdict.NO, exception.FunctionRefused),
    402: (Verdict.NO, exception.FunctionRefused),
    404: (Verdict.NO, exception.FunctionRefused),
    405: (Verdict.MAYBE, exception.FunctionLoadError),
    406: (Verdict.NO, exception.FunctionRefused),
    407: (Verdict.YES, exception.FunctionResultTooLarge),
    410: (Verdict.NO, exception.FunctionRefused),
    429: (Verdict.NO, exception.FunctionThrottled),
    430: (Verdict.YES, exception.FunctionError),
    432: (Verdict.NO, exception.FunctionThrottled),
    433: (Verdict.YES, exception.FunctionTimeout),
    434: (Verdict.YES, exception.FunctionMemoryExceeded),
    435: (Verdict.NO, exception.FunctionRefused),
    436: (Verdict.NO, exception.FunctionRefused),
    437: (Verdict.MAYBE, exception.FunctionLoadError),
    438: (Verdict.NO, exception.FunctionRefused),
    439: (Verdict.YES, exception.FunctionExited),
    441: (Verdict.NO, exception.FunctionRefused),
    442: (Verdict.NO, exception.FunctionRefused),
    443: (Verdict.MAYBE, exception.FunctionLoadError),
    444: (Verdict.MAYBE, exception.FunctionLoadError),
    445: (Verdict.MAYBE, exception.FunctionLoadError),
    446: (Verdict.MAYBE, exception.FunctionLoadError),
    447: (Verdict.MAYBE, exception.FunctionLoadError),
    449: (Verdict.MAYBE, exception.FunctionLoadError),
    450: (Verdict.MAYBE, exception.FunctionLoadError),
    ABORTED: (Verdict.MAYBE, exception.FunctionAborted),
}

#: Statuses of an asynchronous call after which the platform runs it again by itself, every minute until MsgTTL.
REQUEUED_STATUSES = frozenset((432, 500))
MAX_EVENT_AGE_SECONDS = 21600  # the longest MsgTTL

#: RetCode of a RequestStatus; with any other code, the function failed.
RECORD_STATUSES = {0: InvocationStatus.FINISHED, 1: InvocationStatus.RUNNING}
#: Status of an AsyncEventStatus.
EVENT_STATUSES = {
    "RUNNING": InvocationStatus.RUNNING,
    "FINISHED": InvocationStatus.FINISHED,
    "FAILED": InvocationStatus.FAILED,
    "ABORTED": InvocationStatus.ABORTED,
}

#: API error codes, exact or by the category before the dot, that prove that the function did not run.
REFUSALS = frozenset(
    (
        "ActionOffline",
        "AuthFailure",
        "DryRunOperation",
        "FailedOperation.FunctionStatusError",
        "InvalidAction",
        "InvalidParameter",
        "InvalidParameterValue",
        "InvalidRequest",
        "IpInBlacklist",
        "IpNotInWhitelist",
        "LimitExceeded",
        "MissingParameter",
        "NoSuchProduct",
        "NoSuchVersion",
        "OperationDenied",
        "RequestLimitExceeded",
        "RequestSizeLimitExceeded",
        "ResourceInUse",
        "ResourceInsufficient",
        "ResourceNotFound",
        "ResourceUnavailable",
        "UnauthorizedOperation",
        "UnknownParameter",
        "UnsupportedOperation",
        "UnsupportedProtocol",
        "UnsupportedRegion",
    )
)

#: The error class of an API error, by category.
API_ERRORS = {
    "AuthFailure": exception.AuthFailure,
    "RequestLimitExceeded": exception.RequestThrottled,
    "ResourceNotFound": exception.ResourceNotFound,
}


def category(code: str) -> str:
    """Cut a code to its category: ``ResourceNotFound`` of ``ResourceNotFound.Function``."""
    return code.partition(".")[0]


def api_verdict(code: str) -> Verdict:
    """Find the verdict for the code of ``Response.Error``."""
    if code in REFUSALS or category(code) in REFUSALS:
        return Verdict.NO
    return Verdict.MAYBE
