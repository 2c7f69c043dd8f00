"""The id of the process is what the system says, in every child, however it was forked."""

import ctypes
import os
import subprocess
import sys

import pytest

from tencentserverless._base import process

OLD_FORK = """
import os, sys
from tencentserverless._base import process
{break_hook}
assert process.getpid() == process.getpid() == os.getpid()
child = {fork}()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if process.getpid() == process.getpid() == os.getpid() else 3)
    told = os.waitpid(grandchild, 0)[1]
    os._exit(0 if told == 0 and process.getpid() == process.getpid() == os.getpid() else 4)
status = os.waitpid(child, 0)[1]
assert status == 0, status
assert process.getpid() == os.getpid()
"""


def test_it_is_what_the_system_says() -> None:
    assert process.getpid() == process.getpid() == os.getpid()


def run(fork: str, break_hook: str = "") -> None:
    program = OLD_FORK.format(fork=fork, break_hook=break_hook)
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_child_and_its_child_know_themselves() -> None:
    run("os.fork")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the page is Linux's")
def test_a_child_that_python_does_not_know_of_does_too() -> None:
    """An embedding server may fork by C alone, so that no hook runs."""
    assert ctypes.CDLL(None).fork
    run("__import__('ctypes').CDLL(None).fork")


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="the page is not used there")
def test_a_system_that_takes_the_advice_and_does_not_follow_it_is_no_harm() -> None:
    run("os.fork", "if process._page is not None: process._page.madvise(19)  # MADV_KEEPONFORK")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_where_there_is_no_such_page_the_system_is_asked() -> None:
    program = "import sys; sys.platform = 'other'; from tencentserverless._base import process; import os; "
    done = subprocess.run(
        [sys.executable, "-c", program + "assert process.getpid is os.getpid"], timeout=60, check=False
    )
    assert done.returncode == 0
