"""``scf local``: the verbs of the local SCF."""

import click

from tencentserverless.cli.lazy import LazyGroup

_HERE = "tencentserverless.cli.commands."
COMMANDS = {
    "start": (_HERE + "start:start", "Serve the functions of a folder until told to stop."),
    "env": (_HERE + "env:env", "Print export lines that make clients call it."),
}


@click.group(cls=LazyGroup, table=COMMANDS)
def local() -> None:
    """A local SCF: the cloud's API on this machine, running your functions."""
