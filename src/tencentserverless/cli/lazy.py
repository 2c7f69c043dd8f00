"""A group of commands that loads a command's file only when that command is used.

What a listing shows is kept in a table, so that ``scf --help`` loads none of them.
"""

import difflib
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_ROOM = "tencentserverless.cli.commands"


class Row(NamedTuple):
    """A command in a listing, and where it is.

    ``place`` is ``module:name`` below ``cli.commands``, for a group its own rows.
    """

    summary: str
    place: "str | Mapping[str, Row]"


class LazyGroup(click.Group):
    """A group over a table of rows."""

    def __init__(self, name: str, rows: Mapping[str, Row], help: str) -> None:  # noqa: A002  # click's name
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self.rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table: the one in which people need them."""
        return list(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now."""
        row = self.rows.get(cmd_name)
        if row is None:
            return None
        if not isinstance(row.place, str):
            return LazyGroup(cmd_name, row.place, row.summary)
        module, _, name = row.place.partition(":")
        command: click.Command = getattr(importlib.import_module(f"{_ROOM}.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words name; one that is not there is answered with the nearest that is."""
        name = args[0]
        if name not in self.rows and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, self.rows, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self.rows)}"
            raise click.UsageError(f"no command {name!r} in {ctx.command_path}; {advice}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in self.rows.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands that begin so, and the options of the group itself."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=row.summary) for name, row in self.rows.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)
