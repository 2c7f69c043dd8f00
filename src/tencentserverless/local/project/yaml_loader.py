"""YAML as js-yaml 4 reads it: tabs separate words, and a scalar keeps whether it stands in quotes."""

import json
import re
from pathlib import Path

import yaml

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.settings import MIB

_MAX_FILE_BYTES = MIB
_BREAKS = "\0\r\n\x85\u2028\u2029"
_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*')  # or a text in quotes, which can hold //
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # JSON writes such pairs as two escapes


class _Loader(yaml.SafeLoader):
    """PyYAML's loader, and tabs between words. Tabs as indentation stay an error."""

    def scan_to_next_token(self) -> None:
        """Skip blanks, tabs, comments and line breaks."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        begins_line = self.column == 0
        while True:
            while self.peek() == " " or (self.peek() == "\t" and self._separates(begins_line)):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in _BREAKS:
                    self.forward()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]  # of PyYAML
                return
            begins_line = True
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain_spaces(self, indent: int, start_mark: "yaml.Mark") -> "list[str]":
        """Read the blanks within a plain scalar; a tab is one of them where text follows on the line."""
        length = 0
        while self.peek(length) in " \t":
            length += 1
        if length and "\t" in self.prefix(length) and self.peek(length) not in _BREAKS + "#":
            chunk: str = self.prefix(length)
            self.forward(length)
            return [chunk]
        return super().scan_plain_spaces(indent, start_mark) or []

    def compose_scalar_node(self, anchor: "dict[str, yaml.Node]") -> "yaml.ScalarNode":
        """Compose a scalar; one with the tag of a text counts as quoted."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # of PyYAML
        node = super().compose_scalar_node(anchor)
        if event.style is None and not event.implicit[0] and node.tag == "tag:yaml.org,2002:str":
            node.style = "'"
        return node

    def _separates(self, begins_line: bool) -> bool:
        """True if a tab stands between words, in brackets, or on a line without content."""
        if self.flow_level or not begins_line:
            return True
        length = 0
        while self.peek(length) in " \t":
            length += 1
        return self.peek(length) in _BREAKS + "#"


def compose_file(path: Path) -> "yaml.Node | None":
    """Return the file's top node; None for an empty file. JSON is read as YAML, once it is proved to be JSON.

    :raises StartupError: if the file can't be read or is neither
    """
    text = _read(path)
    if path.suffix == ".json":
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            raise StartupError(Reason.PROJECT, f"{path}:{error.lineno}: not JSON: {error.msg}") from error
        except RecursionError as error:
            raise StartupError(Reason.PROJECT, f"{path}: not JSON: too deep") from error
    return compose_text(path, text)


def compose_commented(path: Path) -> "yaml.Node":
    """Return the top node of a file of JSON with comments, as ``// words``.

    :raises StartupError: if the file can't be read or is none
    """
    text = _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else "", _read(path))
    node = compose_text(path, text, "JSON")
    if node is None:
        raise StartupError(Reason.PROJECT, f"{path}: the file is empty")
    return node


def compose_text(path: Path, text: str, kind: str = "YAML") -> "yaml.Node | None":
    """Return the top node of a file's text; None if it is empty.

    :param kind: what the text should be, for an error
    :raises StartupError: if the text is no YAML
    """
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = error.problem or error.context or ""
        if "another document" in problem:
            problem = "a second document begins here, and the tool reads files of one; make a file of each"
        raise StartupError(Reason.PROJECT, f"{path}{line}: not {kind}: {problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise StartupError(Reason.PROJECT, f"{path}: not {kind}: {problem}") from error


def mended(text: str) -> str:
    """Join the halves of characters that JSON writes as two escapes."""
    return _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _read(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise StartupError(Reason.PROJECT, f"{path}: the file has {size} bytes, more than {_MAX_FILE_BYTES}")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StartupError(Reason.PROJECT, f"{path}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise StartupError(Reason.PROJECT, f"{path}: {error.strerror}") from error
