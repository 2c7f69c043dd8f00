"""Puts the commands together and turns whatever they raise into an exit code and one line."""

import os
import sys

import click

from tencentserverless import __version__
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.failure import Failure, explain
from tencentserverless.cli.lazy import LazyGroup
from tencentserverless.cli.main import INSTALL_HINT
from tencentserverless.cli.output import fail, notice

_HERE = "tencentserverless.cli.commands."
COMMANDS = {
    "invoke": (_HERE + "invoke:invoke", "Call a function and print what it returns."),
    "map": (_HERE + "map:map_command", "Call a function for each line of a file."),
    "explain": (_HERE + "explain:explain", "Say what a status or an error code means."),
    "local": (_HERE + "local:local", "A local SCF: the cloud's API on this machine, running your functions."),
}


@click.group(cls=LazyGroup, name="scf", table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scf")
def scf() -> None:
    """Call Tencent Cloud functions, and run them on this machine."""


def run() -> int:
    """Run the command line of this process; the value is the exit code."""
    try:
        return _run()
    except (BrokenPipeError, SystemExit):  # click ends the process where a pipe breaks
        # Python would complain when it flushes what nobody reads any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE


def _run() -> int:
    try:
        code = scf.main(prog_name="scf", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return fail(Exit(error.exit_code) if error.exit_code in set(Exit) else Exit.FAILED, error.format_message())
    except click.Abort:
        notice("interrupted")
        return Exit.INTERRUPTED
    except ImportError as error:
        missing = (error.name or "").split(".")[0]
        if missing in ("", "tencentserverless"):
            raise
        return fail(Exit.MISSING_EXTRA, f"the local SCF needs the extra 'local' ({missing} is missing); {INSTALL_HINT}")
    except BrokenPipeError:
        raise
    except Exception as error:
        failure: Failure | None = explain(error)
        if failure is None:
            raise
        return fail(failure.code, str(failure), failure.detail)
    return code if isinstance(code, int) else Exit.OK
