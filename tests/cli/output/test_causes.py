"""The cause of a failure, from errors and tracebacks of many kinds."""

import pytest

from tencentserverless import exception
from tencentserverless.cli.output.causes import Cause, find_cause, read_trace

TRACE = """Traceback (most recent call last):
  File "/code/index.py", line 9, in main_handler
    return work(event)
  File "/code/steps/work.py", line 3, in work
    raise KeyError("gold")
KeyError: 'gold'
"""
CHAINED = (
    TRACE
    + """
The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/code/index.py", line 11, in main_handler
    raise shop.OrderFailed("first line\\nsecond: line") from error
shop.OrderFailed: first line
second: line
"""
)
SYNTAX = """Traceback (most recent call last):
  File "/x/_scf_bootstrap.py", line 92, in _serve
    load()
  File "./index.py", line 2
    def
       ^
SyntaxError: invalid syntax
"""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (TRACE, Cause("KeyError", "'gold'", "work.py:3 in work")),
        (CHAINED, Cause("shop.OrderFailed", "first line\nsecond: line", "index.py:11 in main_handler")),
        (SYNTAX, Cause("SyntaxError", "invalid syntax", "index.py:2")),
        (
            '  File "C:\\code\\index.py", line 1, in <module>\nKeyboardInterrupt\n',
            Cause("KeyboardInterrupt", "", "index.py:1 in <module>"),
        ),
        ("Error: nope\n    at main (index.js:3:7)", None),
        ('  File "index.py", line 1, in f\n', None),
        ('  File "index.py", line 1, in f\n(more)\n', None),
        ("", None),
    ],
)
def test_a_traceback_ends_with_its_cause(text, cause):
    assert read_trace(text) == cause


def test_the_cause_of_each_kind_of_error():
    raised = exception.FunctionError(-1, "user code exception caught", stack_trace=TRACE.splitlines(), status_code=430)
    assert find_cause(raised) == Cause("KeyError", "'gold'", "work.py:3 in work")
    loading = exception.FunctionLoadError(-1, SYNTAX, status_code=443)
    assert find_cause(loading).kind == "SyntaxError"
    late = exception.FunctionTimeout(-1, "Invoking task timed out after 3 seconds", status_code=433)
    assert find_cause(late) == Cause("FunctionTimeout", "Invoking task timed out after 3 seconds", "")
    refused = exception.RequestThrottled("RequestLimitExceeded", "too many")
    assert find_cause(refused) == Cause("RequestLimitExceeded", "too many", "")
    assert find_cause(ValueError("x" * 1000)) == Cause("ValueError", "x" * 500, "")
