"""Ctrl-C, and how little it loads."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.conftest import child_environment


@pytest.mark.usefixtures("sigint_is_heard")
def test_ctrl_c_while_it_loads_is_130_without_a_traceback():
    code = (
        "import sys, signal, os\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['scf', 'explain', '430']\n"
        "from tencentserverless.cli.main import main\n"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=child_environment(), check=False
    )
    assert (done.returncode, done.stderr) == (130, "scf: interrupted\n")


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("local",), ("local", "--help"), ("functions", "-h")])
def test_help_of_a_group_loads_next_to_nothing(words):
    """What is loaded is what a command costs before it does anything, on every machine alike."""
    program = (
        "import sys; before = set(sys.modules); from tencentserverless.cli.main import main; main();"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=child_environment(), check=True)
    assert done.stdout.startswith("Usage: scf")
    loaded = set(done.stderr.split())
    assert loaded <= {
        "tencentserverless",
        "tencentserverless.cli",
        "tencentserverless.cli.command_table",
        "tencentserverless.cli.extras",
        "tencentserverless.cli.listing",
        "tencentserverless.cli.main",
        "tencentserverless.cli.output",
        "tencentserverless.cli.output.printing",
        "tencentserverless.cli.output.translation",
    }


def test_a_command_loads_little_beside_click_itself():
    def modules_after(code):
        program = f"import atexit, json, sys; atexit.register(lambda: json.dump([*sys.modules], sys.stderr))\n{code}"
        command = [sys.executable, "-c", program, "explain", "--help"]
        done = subprocess.run(command, capture_output=True, text=True, env=child_environment(), check=True)
        return set(json.loads(done.stderr))

    ours = modules_after("from tencentserverless.cli.main import main; main()")
    assert "tencentserverless.cli.program" in ours
    assert len(ours - modules_after("import click")) < 40


def test_signals_are_named_by_their_exit_codes():
    from tencentserverless.cli.exits import Exit

    assert Exit.INTERRUPTED == 128 + signal.SIGINT
    assert Exit.PIPE_CLOSED == 128 + signal.SIGPIPE
    assert os.EX_OK == Exit.OK
