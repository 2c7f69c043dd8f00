"""Outcome of an invocation: status codes, result or error object, and the text of its log."""

import json

import msgspec

SUCCESS = 0

#: Status values that the local SCF gives, by the platform's page of status codes (document/product/583/42611).
USER_ERROR = 430
OVER_BURST = 429
OVER_QUOTA = 432
TIMED_OUT = 433
MEMORY_EXCEEDED = 434
EXITED = 439
CANCELLED = 499
START_FAILED = 445
START_TIMED_OUT = 450


_BEFORE_THE_HANDLER = frozenset({OVER_BURST, OVER_QUOTA, START_FAILED, START_TIMED_OUT, CANCELLED})


class Outcome(msgspec.Struct, frozen=True):
    """What came of one call.

    :param status: ``SUCCESS``, or the platform's status code
    :param text: the return value as JSON text; empty on failure
    :param message: what failed; empty on success
    :param stack_trace: of user code, where it raised
    :param output: the last part of what the call wrote to stdout and stderr
    """

    status: int = SUCCESS
    text: str = ""
    message: str = ""
    stack_trace: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0
    output: bytes = b""

    @property
    def has_succeeded(self) -> bool:
        """Whether the function returned."""
        return self.status == SUCCESS

    @property
    def has_run(self) -> bool:
        """Whether the event came before the function's handler."""
        return self.status not in _BEFORE_THE_HANDLER


def timed_out(timeout_seconds: int, memory_bytes: int, output: bytes) -> Outcome:
    """The function ran longer than its timeout."""
    return Outcome(
        TIMED_OUT,
        message=f"Invoking task timed out after {timeout_seconds} seconds",
        duration_ms=timeout_seconds * 1000.0,
        memory_bytes=memory_bytes,
        output=output,
    )


def memory_exceeded(duration_ms: float, memory_bytes: int, limit_mb: int, output: bytes) -> Outcome:
    """The process held more memory than the function may."""
    return Outcome(
        MEMORY_EXCEEDED,
        message=f"Task memory exceeded {limit_mb} MB",
        duration_ms=duration_ms,
        memory_bytes=memory_bytes,
        output=output,
    )


def exited(duration_ms: float, output: bytes) -> Outcome:
    """The process ended while the function ran."""
    return Outcome(EXITED, message="User process exit when running", duration_ms=duration_ms, output=output)


def start_timed_out(timeout_seconds: int, output: bytes) -> Outcome:
    """The function's module took longer to load than its init timeout."""
    message = f"Initialization timed out after {timeout_seconds} seconds, before the handler was called"
    return Outcome(START_TIMED_OUT, message=message, output=output)


def start_failed(detail: str, output: bytes = b"") -> Outcome:
    """The process ended, or could not be started, before the handler was ready."""
    return Outcome(START_FAILED, message=f"The function's process could not start: {detail}", output=output)


def over_quota(name: str, quota_mb: int) -> Outcome:
    """More calls at once than the memory quota of the region allows."""
    message = f"Function [ {name} ] concurrency exceeded region unreserved quota {quota_mb} MB"
    return Outcome(OVER_QUOTA, message=message)


def no_instance(name: str, processes: int, queue_seconds: float) -> Outcome:
    """This machine runs as many processes as it may, and none came free."""
    message = f"Resource limit exceed for function [{name}]: no instance came free in {queue_seconds:g} seconds, and "
    return Outcome(OVER_QUOTA, message=message + f"the local SCF runs at most {processes} processes")


def over_burst(name: str, instances: int) -> Outcome:
    """The region has started as many instances in this minute as it may."""
    message = f"Resource limit exceed for function [{name}]: over {instances} new instances of the region in a minute"
    return Outcome(OVER_BURST, message=message)


def cancelled() -> Outcome:
    """An asynchronous invocation was ended before it ran."""
    return Outcome(CANCELLED, message="The invocation was terminated before it ran")


def throttled(name: str, status: int) -> Outcome:
    """There was no room for a call, by a fault rule."""
    return Outcome(status, message=f"Resource limit exceed for function [{name}], by a fault rule")


def error_object(outcome: Outcome, request_id: str) -> str:
    """The platform's error object, as the text that RetMsg holds: compact, keys in alphabetical order."""
    error: dict[str, object] = {
        # Both 1 and -1 have been seen for most; the documentation shows -1, and 1 for this one alone.
        "errorCode": 1 if outcome.status == OVER_QUOTA else -1,
        "errorMessage": outcome.message,
        "requestId": request_id,
    }
    if outcome.stack_trace:
        error["stackTrace"] = outcome.stack_trace
    error["statusCode"] = outcome.status
    return json.dumps(error, ensure_ascii=False, separators=(",", ":"))


def call_log(request_id: str, output: bytes, duration_ms: float, memory_mb: int, memory_bytes: int) -> bytes:
    """The log of one call, in the layout that ``Result.Log`` has.

    :param output: what the function wrote
    :param memory_mb: what the function is configured with
    """
    head = f"START RequestId: {request_id}\nEvent RequestId: {request_id}\n"
    end = (
        f"\nEND RequestId: {request_id}\n"
        f"Report RequestId: {request_id} Duration:{duration_ms:.0f}ms "
        f"Memory:{memory_mb}MB MemUsage:{memory_bytes / 1048576:.4f}MB"
    )
    line_end = b"" if not output or output.endswith(b"\n") else b"\n"
    return head.encode("ascii") + output + line_end + end.encode("ascii")


def tail(log: bytes, limit_bytes: int) -> str:
    """The last bytes of a log as text, cut where a character begins."""
    part = log[-limit_bytes:]
    if len(log) > limit_bytes:
        start = 0
        while start < min(4, len(part)) and part[start] & 0xC0 == 0x80:  # the rest of a character that is cut off
            start += 1
        part = part[start:]
    return part.decode("utf-8", "replace")
