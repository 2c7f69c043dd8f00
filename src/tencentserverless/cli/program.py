"""The run of a command line. Each error becomes an exit code and one line."""

import click

from tencentserverless import __version__
from tencentserverless.cli.command_table import COMMANDS
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.extras import INSTALL_HINT, describe_damage, find_missing
from tencentserverless.cli.lazy import LazyGroup
from tencentserverless.cli.listing import ABOUT
from tencentserverless.cli.output import printing

scf: LazyGroup = click.version_option(__version__, prog_name="scf")(LazyGroup("scf", COMMANDS, ABOUT))


def run() -> int:
    """Run the command line of this process; the value is the exit code."""
    try:
        code = scf.main(prog_name="scf", standalone_mode=False)
    except click.ClickException as error:
        return printing.fail(_exit_of(error.exit_code), error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return printing.fail(Exit.INTERRUPTED, "interrupted")
    except SystemExit as error:
        if error.code == 1:  # click ends itself so in one case: the reader of its help has ended
            return Exit.PIPE_CLOSED
        raise
    except ImportError as error:
        if damage := describe_damage(error):
            return printing.fail(Exit.MISSING_EXTRA, damage)
        missing = find_missing(error)
        if not missing:
            raise
        return printing.fail(Exit.MISSING_EXTRA, f"this needs the extra 'local' ({missing} is missing); {INSTALL_HINT}")
    except Exception as error:
        from tencentserverless.cli.output.failures import translate

        failure = translate(error)
        if failure is None:  # a defect of ours: the traceback is for the report
            raise
        return printing.fail(failure.code, str(failure), failure.detail, failure.faults, facts=failure.facts)
    return _exit_of(code) if isinstance(code, int) else Exit.OK


def _exit_of(code: int) -> Exit:
    return Exit(code) if code in set(Exit) else Exit.FAILED
