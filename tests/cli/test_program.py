"""Ctrl-C, and how fast it starts."""

import os
import signal
import statistics
import subprocess
import sys
import time

from tests.conftest import child_environment, scf_command


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


def test_help_is_there_before_one_looks_for_it():
    def run():
        before = time.perf_counter()
        subprocess.run(scf_command("--help"), env=child_environment(), stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - before

    # Others may be at work on this machine, so it is measured against a Python that does nothing.
    def run_nothing():
        before = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import click"], env=child_environment(), check=True)
        return time.perf_counter() - before

    pairs = [run() - run_nothing() for _ in range(7)]
    assert statistics.median(pairs) < 0.075


def test_signals_are_named_by_their_exit_codes():
    from tencentserverless.cli.exits import Exit

    assert Exit.INTERRUPTED == 128 + signal.SIGINT
    assert Exit.PIPE_CLOSED == 128 + signal.SIGPIPE
    assert os.EX_OK == Exit.OK
