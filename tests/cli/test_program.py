"""Ctrl-C, and how fast it starts."""

import os
import resource
import signal
import statistics
import subprocess
import sys

import pytest

from tests.conftest import child_environment, scf_command


@pytest.mark.usefixtures("sigint_is_heard")
def test_ctrl_c_while_it_loads_is_130_without_a_traceback():
    code = (
        "import sys, signal, os\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from tencentserverless.cli.main import main\n"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=child_environment(), check=False
    )
    assert (done.returncode, done.stderr) == (130, "scf: error: interrupted\n")


def test_help_costs_little_beside_click_itself():
    def cpu_seconds(command):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=child_environment(), stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of processor time, and against what can't be avoided: others may be at work on this machine.
    ours = statistics.median(cpu_seconds(scf_command("--help")) for _ in range(7))
    clicks = statistics.median(cpu_seconds([sys.executable, "-c", "import click"]) for _ in range(7))
    assert ours - clicks < 0.08


def test_signals_are_named_by_their_exit_codes():
    from tencentserverless.cli.exits import Exit

    assert Exit.INTERRUPTED == 128 + signal.SIGINT
    assert Exit.PIPE_CLOSED == 128 + signal.SIGPIPE
    assert os.EX_OK == Exit.OK
