"""Outcome of an invocation: status codes, result or error object, and the text of its log."""

import json

import msgspec

SUCCESS = 0

#: Status values of the local SCF, from the platform's page of status codes (document/product/583/42611).
USER_ERROR = 430
OVER_BURST = 429
OVER_QUOTA = 432
TIMED_OUT = 433
MEMORY_EXCEEDED = 434
EXITED = 439
LOAD_FAILED = 443
CANCELLED = 499
EXITED_AT_START = 405  # ContainerStateExited: "check your bootstrap file to see whether it can be properly started"
NOT_LISTENING = 446  # PortBindingFailed
START_FAILED = 445
START_TIMED_OUT = 450


_BEFORE_THE_HANDLER = frozenset(
    {OVER_BURST, OVER_QUOTA, START_FAILED, START_TIMED_OUT, CANCELLED, EXITED_AT_START, NOT_LISTENING}
)


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of one call.

    :param status: ``SUCCESS``, or the platform's status code
    :param text: the return value as JSON text; empty on failure
    :param message: the error; empty on success
    :param stack_trace: the traceback of user code, if it raised an error
    :param output: the last part of the call's stdout and stderr
    :param ending: exit code or signal of a process that has ended, for the server's log; the platform tells neither
    """

    status: int = SUCCESS
    text: str = ""
    message: str = ""
    stack_trace: str = ""
    duration_ms: float = 0.0
    memory_bytes: int = 0
    output: bytes = b""
    ending: str = ""

    @property
    def has_run(self) -> bool:
        """True if the function's handler got the event."""
        return self.status not in _BEFORE_THE_HANDLER


def timed_out(timeout_seconds: int, memory_bytes: int, output: bytes) -> Outcome:
    """Make the outcome of a function that ran longer than its timeout."""
    return Outcome(
        TIMED_OUT,
        message=f"Invoking task timed out after {timeout_seconds} seconds",
        duration_ms=timeout_seconds * 1000.0,
        memory_bytes=memory_bytes,
        output=output,
    )


def memory_exceeded(duration_ms: float, memory_bytes: int, limit_mb: int, output: bytes) -> Outcome:
    """Make the outcome of a process that held more memory than the function may use."""
    return Outcome(
        MEMORY_EXCEEDED,
        message=f"Task memory exceeded {limit_mb} MB",
        duration_ms=duration_ms,
        memory_bytes=memory_bytes,
        output=output,
    )


def exited(duration_ms: float, output: bytes, ending: str = "") -> Outcome:
    """Make the outcome of a process that ended while the function ran.

    :param ending: its exit code or signal, in words
    """
    message = "User process exit when running"
    return Outcome(EXITED, message=message, duration_ms=duration_ms, output=output, ending=ending)


def start_timed_out(timeout_seconds: int, output: bytes) -> Outcome:
    """Make the outcome of a module that took longer to load than the init timeout."""
    message = f"Initialization timed out after {timeout_seconds} seconds, before the handler was called"
    return Outcome(START_TIMED_OUT, message=message, output=output)


def start_failed(detail: str, output: bytes = b"") -> Outcome:
    """Make the outcome of a process that ended before the handler was ready, or could not start."""
    return Outcome(START_FAILED, message=f"The function's process could not start: {detail}", output=output)


def bootstrap_failed(detail: str) -> Outcome:
    """Make the outcome of a bootstrap that can't be executed, with the platform's line before the reason."""
    return Outcome(LOAD_FAILED, message=f"ReloadFail: Bootstrap not executable\n{detail}")


def not_startable(message: str) -> Outcome:
    """Make the outcome of a web function whose start file the platform does not start.

    :param message: the platform's
    """
    return Outcome(LOAD_FAILED, message=message)


def not_listening(output: bytes) -> Outcome:
    """Make the outcome of a web function that does not listen on port 9000, with the message that was seen."""
    return Outcome(NOT_LISTENING, message="context deadline exceeded", output=output)


def over_quota(name: str, quota_mb: int) -> Outcome:
    """Make the outcome of a call above the region's memory quota."""
    message = f"Function [ {name} ] concurrency exceeded region unreserved quota {quota_mb} MB"
    return Outcome(OVER_QUOTA, message=message)


def no_instance(name: str, processes: int, queue_seconds: float) -> Outcome:
    """Make the outcome of a call for which no instance became free, while no further process was allowed."""
    message = f"Resource limit exceed for function [{name}]: no instance came free in {queue_seconds:g} seconds, and "
    return Outcome(OVER_QUOTA, message=message + f"the local SCF runs at most {processes} processes")


def over_burst(name: str, instances: int) -> Outcome:
    """Make the outcome of a call in a region that has started its limit of instances in this minute."""
    message = f"Resource limit exceed for function [{name}]: over {instances} new instances of the region in a minute"
    return Outcome(OVER_BURST, message=message)


def cancelled() -> Outcome:
    """Make the outcome of an asynchronous invocation that was ended before it ran."""
    return Outcome(CANCELLED, message="The invocation was terminated before it ran")


def terminated(duration_ms: float, memory_bytes: int, output: bytes) -> Outcome:
    """Make the outcome of an asynchronous invocation that was ended while it ran."""
    message = "The invocation was terminated while it ran"
    return Outcome(CANCELLED, message=message, duration_ms=duration_ms, memory_bytes=memory_bytes, output=output)


def throttled(name: str, status: int) -> Outcome:
    """Make the outcome of a call that a fault rule throttles."""
    return Outcome(status, message=f"Resource limit exceed for function [{name}], by a fault rule")


def error_object(outcome: Outcome, request_id: str) -> str:
    """Return the platform's error object, as the text of RetMsg: compact, keys in alphabetical order."""
    error: dict[str, object] = {
        # Both 1 and -1 have been seen for most errors; the documentation shows -1, and 1 only for this one.
        "errorCode": 1 if outcome.status == OVER_QUOTA else -1,
        "errorMessage": outcome.message,
        "requestId": request_id,
    }
    if outcome.stack_trace:
        error["stackTrace"] = outcome.stack_trace
    error["statusCode"] = outcome.status
    return json.dumps(error, ensure_ascii=False, separators=(",", ":"))


def call_log(request_id: str, output: bytes, duration_ms: float, memory_mb: int, memory_bytes: int) -> bytes:
    """Return the log of one call, in the layout of ``Result.Log``.

    :param output: output of the function
    :param memory_mb: configured memory of the function
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
    """Return the last bytes of a log as text, cut at the beginning of a character."""
    part = log[-limit_bytes:]
    if len(log) > limit_bytes:
        start = 0
        while start < min(4, len(part)) and part[start] & 0xC0 == 0x80:  # the rest of a character that is cut off
            start += 1
        part = part[start:]
    return part.decode("utf-8", "replace")
