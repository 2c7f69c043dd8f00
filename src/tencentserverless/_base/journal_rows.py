"""Writes and reads the rows of a journal: an input's digest, its call's state, and its result or error."""

import json
from hashlib import blake2b

from tencentserverless import exception
from tencentserverless.models import InvokeResult, Verdict, rebuild_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    Failed = exception.CallError | exception.TencentServerlessSDKException
    #: position, input_digest, state, executed, text, facts
    Row = tuple[int, bytes, int, "str | None", "bytes | None", "str | None"]

SENT, DONE, FAILED = 0, 1, 2

_FACTS = ("code", "message", "request_id", "stack_trace", "status_code")
CUT = "the run was cut while this call was under way; whether the function ran is not known"


def tell_result(result: InvokeResult) -> "tuple[bytes, str]":
    """Write a result as its text, and its facts as JSON."""
    return result.encode("utf-8", "surrogatepass"), json.dumps(result._facts)  # noqa: SLF001  # a value of this package


def digest_event(event: "str | None") -> bytes:
    """Compute the digest of an input."""
    return b"" if event is None else blake2b(event.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def tell_failure(error: "Failed") -> str:
    """Write an error's facts as JSON, without the whole answer and the attempts."""
    facts = {name: getattr(error, name, None) for name in _FACTS}
    # The nearest class in our module: a subclass of the caller's could not be found again when the row is read.
    facts["class"] = next(kind.__name__ for kind in type(error).__mro__ if vars(exception).get(kind.__name__) is kind)
    return json.dumps(facts, default=str)


def name_failure(state: int, facts: str) -> "tuple[str, str]":
    """Read code and message of a call without a result."""
    if state == SENT:
        return "", CUT
    known = json.loads(facts)
    return str(known["code"]), str(known["message"])


def read_outcome(row: "Row") -> "InvokeResult | Failed":
    """Read the result or the error of a row."""
    _, _, state, executed, text, facts = row
    if state == SENT:
        return exception.NetworkError("ClientNetworkError", CUT, executed=Verdict.MAYBE)
    known = json.loads(facts or "{}")
    if state == DONE:
        return rebuild_result((text or b"").decode("utf-8", "surrogatepass"), tuple(known))
    failure: "Failed"
    kind = getattr(exception, known.pop("class"))
    if issubclass(kind, exception.TencentServerlessSDKException):
        failure = kind(
            known["code"],
            known["message"],
            known["request_id"],
            stack_trace=known["stack_trace"],
            status_code=known["status_code"],
            executed=Verdict(executed),
        )
    else:
        failure = kind(known["code"], known["message"], known["request_id"], executed=Verdict(executed))
    return failure
