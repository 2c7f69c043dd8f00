"""Tells the errors of signal handlers from the errors of the code that they interrupt."""

from tencentserverless._base.arguments import find_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType

_TAKES_VARARGS = 0x04  # inspect.CO_VARARGS


def raised_by_handler(error: BaseException) -> bool:
    """True if a signal handler, or a function that it called, raised this.

    Python runs handlers in the middle of the main thread's code, so an ``except`` around the caller's code sees their
    errors too. Such an error is no failure of that code: it is a time limit or a request to stop, and must reach the
    caller unchanged.
    """
    trace = error.__traceback__
    if trace is None:
        return False
    codes = _list_handlers()
    interrupted: "FrameType | None" = None
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code in codes or (interrupted is not None and _was_given(frame, interrupted)):
            return True
        interrupted = frame
        trace = trace.tb_next
    return False


def _list_handlers() -> "set[CodeType]":
    """List the code of all handlers that are set now."""
    import signal

    found = {find_code(signal.getsignal(number)) for number in range(1, signal.NSIG)}
    return {code for code in found if code is not None}


def _was_given(frame: "FrameType", interrupted: "FrameType") -> bool:
    """True if the arguments are a number and the interrupted frame, which Python passes to signal handlers only.

    A handler may have set another handler before it raised; then ``signal.getsignal`` does not return it any more.
    """
    code = frame.f_code
    values = frame.f_locals
    given: "list[object]" = [values.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & _TAKES_VARARGS:
        given.extend(values.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount]) or ())
    return any(second is interrupted and isinstance(first, int) for first, second in zip(given, given[1:]))
