"""Puts the commands together and turns whatever they raise into an exit code and one line."""

import click

from tencentserverless import __version__
from tencentserverless.cli.commands.env import env
from tencentserverless.cli.commands.start import start
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.main import INSTALL_HINT
from tencentserverless.cli.output import fail
from tencentserverless.local.settings import Reason, StartRefused

_EXITS = {
    Reason.PROJECT: Exit.PROJECT,
    Reason.ADDRESS: Exit.ADDRESS,
    Reason.STATE: Exit.STATE,
    Reason.SECRETS: Exit.SECRETS,
    Reason.RUNTIME: Exit.RUNTIME,
}


@click.group(name="scf")
@click.version_option(__version__, prog_name="scf")
def scf() -> None:
    """Call Tencent Cloud functions, and run them on this machine."""


@scf.group()
def local() -> None:
    """A local SCF: the cloud's API on this machine, running your functions."""


local.add_command(start)
local.add_command(env)


def run() -> int:
    """Run the command line of this process; the value is the exit code."""
    try:
        scf.main(prog_name="scf", standalone_mode=False)
    except StartRefused as error:
        return fail(_EXITS[error.reason], str(error))
    except click.ClickException as error:
        return fail(Exit(error.exit_code) if error.exit_code in set(Exit) else Exit.FAILED, error.format_message())
    except click.Abort:
        return fail(Exit.FAILED, "interrupted")
    except ImportError as error:
        missing = (error.name or "").split(".")[0]
        if missing in ("", "tencentserverless"):
            raise
        return fail(Exit.MISSING_EXTRA, f"the local SCF needs the extra 'local' ({missing} is missing); {INSTALL_HINT}")
    return Exit.OK
