"""A group of commands that loads the file of a command only when that command is used.

The text of a listing is in a table, so that ``scf --help`` loads no command.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from tencentserverless.cli.extras import POSIX_HINT, is_windows
from tencentserverless.cli.listing import Row, write_help

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = "tencentserverless.cli.commands"


class HelpContext(click.Context):
    """A context whose help is in the reader's language."""

    def make_formatter(self) -> click.HelpFormatter:
        """The formatter of help texts."""
        from tencentserverless.cli.output.translation import is_chinese

        if not is_chinese(sys.stdout):
            return super().make_formatter()
        from tencentserverless.cli.output.help_text import ChineseFormatter

        return ChineseFormatter(width=self.terminal_width, max_width=self.max_content_width)


class LazyGroup(click.Group):
    """A group over a table of rows."""

    context_class: type[click.Context] = HelpContext

    def __init__(self, name: str, rows: Mapping[str, Row], help: str) -> None:  # noqa: A002  # click's name
        super().__init__(name, help=help, context_settings={"help_option_names": ["-h", "--help"]})
        self.rows = rows

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options. A group alone prints its help: that is what a beginner types first."""
        return super().parse_args(ctx, args or ["--help"])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table: the commands that a beginner needs come first."""
        return list(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of that name; None if there is none."""
        row = self.rows.get(cmd_name)
        if row is None:
            return None
        if not isinstance(row.place, str):
            return LazyGroup(cmd_name, row.place, row.summary)
        module, _, name = row.place.partition(":")
        command: click.Command = getattr(importlib.import_module(f"{_COMMANDS}.{module}"), name)
        command.context_class = HelpContext
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words name.

        :raises click.UsageError: if there is none, with the nearest name; or if it does not run on this system
        """
        name = args[0]
        if name not in self.rows and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib

            near = difflib.get_close_matches(name, self.rows, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self.rows)}"
            raise click.UsageError(f"no command {name!r} in {ctx.command_path}; {advice}", ctx)
        if name in self.rows and self.rows[name].posix_only and is_windows():
            raise click.UsageError(f"{self.rows[name].posix_only} {POSIX_HINT}", ctx)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The help of the group; no command is loaded for it."""
        path = tuple(ctx.command_path.split()[1:])
        return write_help(path, self.help or "", self.rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """The commands that begin with the incomplete word, and the options of the group itself."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=row.summary) for name, row in self.rows.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)
