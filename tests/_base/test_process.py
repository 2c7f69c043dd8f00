"""The id of the process is what the system says, in every child, however it was forked."""

import ctypes
import os
import subprocess
import sys

import pytest

from tencentserverless._base import process

FORKING = """
import os, sys
from tencentserverless._base import process
asks = {asks}
for _ in range(asks):
    assert process.getpid() == os.getpid()
if asks and sys.platform.startswith("linux") and sys.version_info >= (3, 8):
    assert process._page is not process._NO_PAGE
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


def run(fork: str, break_hook: str = "", asks: int = 200) -> None:
    program = FORKING.format(fork=fork, break_hook=break_hook, asks=asks)
    done = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize("asks", [0, 98, 200])
def test_a_child_and_its_child_know_themselves(asks: int) -> None:
    run(
        "os.fork", asks=0 if asks < 100 else asks, break_hook="[process.getpid() for _ in range({})]".format(asks % 100)
    )


HANDLER_FORKS = """
import os
from tencentserverless._base import process

[process.getpid() for _ in range(200)]
true_ask, forks = os.getpid, []

def ask_and_fork():
    pid = true_ask()
    if not forks:
        forks.append(os.fork())
    return pid

process._wipe()
os.getpid = ask_and_fork
found = process.getpid()
assert found == process.getpid() == true_ask(), found
if forks[0]:
    assert os.waitpid(forks[0], 0)[1] == 0
"""


@pytest.mark.skipif(sys.version_info < (3, 8) or not hasattr(os, "fork"), reason="no answer is kept there")
def test_a_handler_that_forks_while_the_answer_is_kept_leaves_no_wrong_one() -> None:
    done = subprocess.run([sys.executable, "-c", HANDLER_FORKS], stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the page is Linux's")
def test_a_child_that_python_does_not_know_of_does_too() -> None:
    """An embedding server may fork by C alone, so that no hook runs."""
    assert ctypes.CDLL(None).fork
    run("__import__('ctypes').CDLL(None).fork")


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="the page is not used there")
def test_a_system_that_takes_the_advice_and_does_not_follow_it_is_no_harm() -> None:
    run("os.fork", "if process._page is not process._NO_PAGE: process._page.madvise(19)  # MADV_KEEPONFORK")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_where_there_is_no_such_page_the_system_is_asked() -> None:
    program = "import sys; sys.platform = 'other'; from tencentserverless._base import process; import os; "
    done = subprocess.run(
        [sys.executable, "-c", program + "assert process.getpid is os.getpid"], timeout=60, check=False
    )
    assert done.returncode == 0
