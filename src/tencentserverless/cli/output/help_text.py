"""Help in Chinese: what click formats, translated and wrapped by the width that letters take on a terminal."""

from collections.abc import Iterable

import click

from tencentserverless.cli.output.translation import translate
from tencentserverless.cli.output.wrapping import width_of, wrap

_GAP = 2
_MAX_FIRST_COLUMN = 30


class ChineseFormatter(click.HelpFormatter):
    """Formats the help of a command in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of the usage."""
        super().write_usage(prog, args, f"{translate('Usage')}: ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(translate(heading))

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        paragraphs = [translate(" ".join(each.split())) for each in text.split("\n\n")]
        indent = " " * self.current_indent
        blocks = ["\n".join(indent + line for line in wrap(each, self.width - len(indent))) for each in paragraphs]
        self.write("\n\n".join(blocks) + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = _MAX_FIRST_COLUMN, col_spacing: int = _GAP
    ) -> None:
        """Write options or commands in two columns."""
        rows = list(rows)
        first_width = min(max((width_of(first) for first, _ in rows), default=0), col_max) + col_spacing
        for first, second in rows:
            lines = list(wrap(_translate_help(second), self.width - first_width - self.current_indent))
            begin = " " * self.current_indent + first
            if width_of(first) > first_width - col_spacing or not lines:
                self.write(begin + "\n")
            else:
                self.write(begin + " " * (first_width - width_of(first)) + lines.pop(0) + "\n")
            for line in lines:
                self.write(" " * (self.current_indent + first_width) + line + "\n")


def _translate_help(text: str) -> str:
    """Translate the help of an option, and what click writes behind it in brackets."""
    head, bracket, tail = text.partition("  [")
    if not bracket:
        return translate(head)
    parts = [translate(part) for part in tail.removesuffix("]").split("; ")]
    return f"{translate(head)}  [{'; '.join(parts)}]"
