"""Printing of a function's result: what it returned goes to stdout, a summary to stderr."""

from tencentserverless.cli.output import printing
from tencentserverless.cli.output.number_format import show_bytes, show_ms
from tencentserverless.models import InvokeResult


def print_result(result: InvokeResult, *, as_json: bool) -> None:
    """Print a result and its facts."""
    if as_json:
        printing.answer_json(_facts(result))
        return
    if not result:  # RetMsg of a function that returned nothing is null
        printing.remark(f"started; request {result.function_request_id or result.request_id}")
        return
    printing.answer(str(result))
    parts = [
        show_ms(result.duration_ms),
        f"billed {result.billed_duration_ms:,} ms",
        show_bytes(result.memory_bytes),
        f"request {result.function_request_id or result.request_id}",
    ]
    printing.remark(", ".join(parts))


def decode_result(result: InvokeResult) -> object:
    """The value that the function returned; its text where that is not JSON."""
    try:
        return result.json()
    except ValueError:
        return str(result)


def _facts(result: InvokeResult) -> dict[str, object]:
    return {
        "result": decode_result(result),
        "request_id": result.request_id,
        "function_request_id": result.function_request_id,
        "duration_ms": result.duration_ms,
        "billed_duration_ms": result.billed_duration_ms,
        "memory_bytes": result.memory_bytes,
        "log": result.log,
    }
