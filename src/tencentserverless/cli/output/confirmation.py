"""Asks before something is changed that can't be brought back."""

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure


def confirm(question: str, yes: bool) -> None:
    """Ask, and go on only after a yes.

    :param yes: the command line has said so already
    :raises Failure: if the answer is another, or nobody is there to give one
    """
    if yes:
        return
    if not printing.can_ask():
        raise Failure(Exit.UNCONFIRMED, f"{question} Nobody is there to ask; to do it, add --yes")
    if not printing.confirm(question):
        raise Failure(Exit.UNCONFIRMED, "nothing was changed")
