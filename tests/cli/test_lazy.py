"""Commands load when they are used, and a listing loads none."""

import json
import subprocess
import sys

import pytest

from tests.conftest import child_environment

LOADED = "import json; print(json.dumps([name for name in sys.modules if name.startswith('tencentserverless')]))"


def loaded_by(*words):
    code = f"import sys; sys.argv = ['scf', *{words!r}]; from tencentserverless.cli.main import main; main(); {LOADED}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=child_environment(), check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("words", [("--help",), ("local", "--help"), ("--version",)])
def test_a_listing_loads_no_command(words):
    loaded = loaded_by(*words)
    assert not [name for name in loaded if ".cli.commands" in name or ".local" in name or ".scf" in name]
    assert "tencentserverless.exception" not in loaded


def test_a_commands_help_loads_that_command_alone():
    loaded = loaded_by("local", "env", "--help")
    commands = [name.partition(".cli.commands.")[2] for name in loaded if ".cli.commands." in name]
    assert sorted(commands) == ["local", "local.env"]


def test_a_command_that_is_not_there(run_scf):
    near = run_scf("lokal")
    assert (near.returncode, near.stderr) == (2, "scf: error: no command 'lokal' in scf; did you mean 'local'?\n")
    far = run_scf("local", "zzz")
    assert far.returncode == 2
    assert far.stderr.startswith("scf: error: no command 'zzz' in scf local; there are: start, ")


def test_completion_knows_the_commands_and_what_they_do(run_scf):
    asked = {"_SCF_COMPLETE": "bash_complete", "COMP_WORDS": "scf local st", "COMP_CWORD": "2"}
    assert "plain,start" in run_scf(env=asked).stdout.split()
