"""The question before a change that can't be undone."""

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure


def confirm(question: str, yes: bool) -> None:
    """Ask the user, and return only after a yes.

    :param yes: True if the command line has the option ``--yes``
    :raises Failure: if the answer is not yes, or there is no terminal to ask on
    """
    if yes:
        return
    if not printing.can_ask():
        raise Failure(Exit.UNCONFIRMED, f"{question} There is no terminal to ask on; to do it, add --yes")
    if not printing.confirm(question):
        raise Failure(Exit.UNCONFIRMED, "nothing was changed")
