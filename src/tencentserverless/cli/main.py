"""The entry of ``scf`` and of ``python -m tencentserverless``.

Python 3.6 syntax and nothing imported at the top: on any Python that the SDK runs on, it can say what is missing.
"""

_FLOOR = (3, 10)


def _shows_listing(words: "list[str]") -> bool:
    """Print the help of a group, without click; False for any other command line."""
    import os

    if "_SCF_COMPLETE" in os.environ:
        return False
    from tencentserverless.cli.command_table import COMMANDS
    from tencentserverless.cli.listing import find_group, write_help
    from tencentserverless.cli.output.printing import answer

    found = find_group(words, COMMANDS)
    if found is None:
        return False
    answer(write_help(*found))
    return True


def main() -> int:
    """Run the command line; the value is the exit code."""
    import sys

    if sys.version_info >= _FLOOR and _shows_listing(sys.argv[1:]):
        return 0
    from tencentserverless.cli.exits import Exit
    from tencentserverless.cli.extras import INSTALL_HINT, find_missing
    from tencentserverless.cli.output.printing import fail, notice

    if sys.version_info < _FLOOR:
        running = "{}.{}".format(*sys.version_info[:2])
        needed = "{}.{}".format(*_FLOOR)
        return fail(
            Exit.MISSING_EXTRA,
            "the scf command needs Python {} or later, this is {}; with a newer Python, {}".format(
                needed, running, INSTALL_HINT
            ),
        )
    try:
        from tencentserverless.cli.program import run
    except ImportError as error:
        missing = find_missing(error)
        if not missing:
            raise
        return fail(
            Exit.MISSING_EXTRA,
            "the scf command needs the extra 'local' ({} is missing); {}".format(missing, INSTALL_HINT),
        )
    except KeyboardInterrupt:  # during the import
        notice("interrupted")
        return Exit.INTERRUPTED
    return run()
