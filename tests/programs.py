"""Programs that a test runs in an interpreter of their own."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

#: Every warning is an error; every resource that was forgotten shows on standard error. Development mode is left out
#: on Python 3.8, whose memory debugger aborts every forked child that ends in the normal way, with any program.
STRICT = ("-W", "error") if sys.version_info[:2] == (3, 8) else ("-X", "dev", "-W", "error")
SECONDS = 100


def needs_package(name: str) -> None:
    """Skip a test where its program's package is missing. It is not loaded: some change what forks and sockets do."""
    if find_spec(name) is None:
        pytest.skip("no package " + name)


def run_program(
    code: str, *arguments: str, flags: "tuple[str, ...]" = STRICT, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program with this interpreter and its path, and nothing of the developer's own cloud."""
    child = {name: value for name, value in os.environ.items() if not name.startswith("TENCENT")}
    child.update(environment, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    return subprocess.run(  # noqa: UP022  # Python 3.6 has no capture_output
        [sys.executable, *flags, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=child,
        timeout=SECONDS,
        check=False,
    )
