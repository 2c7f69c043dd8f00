"""The run of a command line. Each error becomes an exit code and one line."""

from typing import TYPE_CHECKING

import click

from tencentserverless import __version__
from tencentserverless.cli.command_table import COMMANDS
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.extras import INSTALL_HINT, describe_damage, find_missing
from tencentserverless.cli.lazy import LazyGroup
from tencentserverless.cli.listing import ABOUT
from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from tencentserverless.cli.output.failures import Failure

scf: LazyGroup = click.version_option(__version__, prog_name="scf")(LazyGroup("scf", COMMANDS, ABOUT))


def run() -> int:
    """Run the command line of this process; the value is the exit code."""
    try:
        code = scf.main(prog_name="scf", standalone_mode=False)
    except click.ClickException as error:
        return printing.fail(_exit_of(error.exit_code), error.format_message())
    except (click.Abort, KeyboardInterrupt):
        printing.notice("interrupted")
        return Exit.INTERRUPTED
    except SystemExit as error:
        if error.code == 1:  # click ends itself so in one case: the reader of its help has ended
            return Exit.PIPE_CLOSED
        raise
    except ImportError as error:
        missing = find_missing(error)
        message = f"this needs the extra 'local' ({missing} is missing); {INSTALL_HINT}"
        return _fail_unless_ours(error, describe_damage(error) or (message if missing else ""))
    except Exception as error:
        from tencentserverless.cli.output.failures import translate

        failure = translate(error)
        if failure is None:  # a defect of ours: the traceback is for the report
            raise
        return _end(failure)
    return _exit_of(code) if isinstance(code, int) else Exit.OK


def _fail_unless_ours(error: ImportError, message: str) -> int:
    """Print the message about an import that failed; an error without one is a defect of ours, and is raised."""
    if not message:
        raise error
    return printing.fail(Exit.MISSING_EXTRA, message)


def _end(failure: "Failure") -> int:
    if failure.code is Exit.INTERRUPTED:  # the user's wish, and no error
        printing.notice(str(failure))
        return failure.code
    return printing.fail(failure.code, str(failure), failure.detail, failure.faults, facts=failure.facts)


def _exit_of(code: int) -> Exit:
    return Exit(code) if code in set(Exit) else Exit.FAILED
