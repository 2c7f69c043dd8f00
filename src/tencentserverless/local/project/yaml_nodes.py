"""Values of a configuration file with their place, so that every line about them can name file, line and key."""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.notice import Notice
from tencentserverless.local.project import js_values
from tencentserverless.local.project.notices import Report, near_miss
from tencentserverless.local.project.yaml_loader import compose_file, mended

_MERGE = "<<"
_MAX_VALUES = 5_000  # with those that anchors repeat
_MAX_DEPTH = 50
_MAX_MERGES = 100
_MAX_KEY_CHARS = 200  # in a line for the user
_ROUNDS = 10  # of references within references
_REFERENCE = re.compile(r"\$\{([^${}]*)\}")
_MUSTACHE = re.compile(r"\{\{([^{}]*)\}\}")


class UnknownReference(Exception):
    """A ``${...}`` has no meaning here; its text stays. The message is about what it would need."""


class _TooManyValues(Exception):
    """A list holds itself, or anchors repeat it without end."""


def _find_none(_name: str) -> str | None:
    raise UnknownReference("")


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of values: the meaning of ``${...}``, and the report that takes notices.

    :param find: the value of a reference; None if it is unset; raises ``UnknownReference``
    :param pattern: the form of references
    """

    find: Callable[[str], str | None] = _find_none
    report: Report = field(default_factory=Report)
    pattern: "re.Pattern[str]" = _REFERENCE


MUSTACHE = _MUSTACHE


class Node:
    """A value of a file: its place, and methods that read it as the expected type."""

    def __init__(self, path: Path, key: str, node: "yaml.Node", scope: Scope) -> None:
        self.path = path
        self.key = key
        self.scope = scope
        self._node = node

    def within(self, scope: Scope) -> "Node":
        """Return the same value in other surroundings."""
        return Node(self.path, self.key, self._node, scope)

    def place(self) -> str:
        """Return ``FILE:LINE: KEY`` as the beginning of a line for the user."""
        key = self.key if len(self.key) <= _MAX_KEY_CHARS else f"{self.key[:_MAX_KEY_CHARS]}..."
        return f"{self.path}:{self._node.start_mark.line + 1}: {key or 'the file'}"

    def refusal(self, problem: str) -> StartupError:
        """Make an error that names the file, the line and the key."""
        return StartupError(Reason.PROJECT, f"{self.place()} {problem}")

    def notice(self, template: str, **values: str) -> None:
        """Add a notice about this value, which is made as a ``Notice`` is."""
        self.scope.report.notice(self._line(Notice(template, **values)))

    def doubt(self, template: str, **values: str) -> None:
        """Add a doubt about this value, which is made as a ``Notice`` is."""
        self.scope.report.doubt(self._line(Notice(template, **values)))

    def _line(self, words: Notice) -> Notice:
        return Notice("{place} {words}", place=self.place(), words=words)

    def is_mapping(self) -> bool:
        """True if the value has keys."""
        return isinstance(self._node, yaml.MappingNode)

    def is_list(self) -> bool:
        """True if the value is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    def is_null(self) -> bool:
        """True if the value is empty."""
        node = self._node
        return isinstance(node, yaml.ScalarNode) and node.style is None and js_values.typed(str(node.value)) is None

    def is_absent(self) -> bool:
        """True if the value is empty, or names a variable that is unset."""
        if not isinstance(self._node, yaml.ScalarNode):
            return False
        return self.is_null() or self._substituted(str(self._node.value)) is None

    def renamed(self, key: str) -> "Node":
        """Return the same value under another key."""
        return Node(self.path, key, self._node, self.scope)

    def present(self) -> "dict[str, Node]":
        """Return the values of a mapping that are not empty.

        :raises StartupError: if the value is no mapping
        """
        return {key: node for key, node in self.mapping().items() if not node.is_absent()}

    def items(self) -> "list[Node]":
        """Return the values of a list.

        :raises StartupError: if the value is no list
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.refusal(f"must be a list, not {self._shown()}")
        return [
            Node(self.path, f"{self.key}[{number}]", node, self.scope) for number, node in enumerate(self._node.value)
        ]

    def note_unknown(self, known: Iterable[str], kind: str) -> None:
        """Add a notice for each key that the tool does not know, with the nearest known one.

        :param kind: whose keys they are, for the notice
        """
        names = frozenset(known)
        for key, node in self.mapping().items():
            if key not in names:
                node.notice("is no key of {kind}, and is ignored{near}", kind=kind, near=near_miss(key, names))

    def scalar(self) -> js_values.Scalar:
        """Return a scalar as the tool types it, with its references replaced.

        :raises StartupError: if the value is no scalar
        """
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.refusal(f"must be a text, not {self._shown()}")
        text = str(self._node.value)
        if self._node.style is None:
            value = js_values.typed(text)
            if not isinstance(value, str):
                return value
            text = value
        return self._substituted(text)

    def text(self) -> str:
        """Return a scalar as text, as the tool converts it; a notice tells where that differs from the file.

        :raises StartupError: if the value is no scalar, or empty
        """
        value = self.scalar()
        if value is None:
            raise self.refusal(f"must be a text, not {self._shown()}")
        text = js_values.as_text(value)
        self._note_change(text)
        return text

    def converted(self) -> str:
        """Return any value as JavaScript's ``String`` converts it; a notice tells where that differs from the file."""
        try:
            text = self.joined([_MAX_VALUES], 0)
        except _TooManyValues:
            raise self.refusal(f"holds itself, or more than {_MAX_VALUES} values") from None
        self._note_change(text)
        return text

    def joined(self, budget: list[int], depth: int) -> str:
        """Return any value as ``String`` converts it, without a notice.

        :param budget: the number of values that may still follow, for lists that anchors repeat
        :param depth: the number of lists around it
        """
        budget[0] -= 1
        if budget[0] < 0 or depth > _MAX_DEPTH:
            raise _TooManyValues
        if self.is_mapping():
            return "[object Object]"
        if self.is_list():
            return ",".join("" if item.is_absent() else item.joined(budget, depth + 1) for item in self.items())
        return js_values.as_text(self.scalar())

    def integer(self) -> int:
        """Return a whole number, as the tool makes it of a number or a text.

        :raises StartupError: if the value is no whole number
        """
        value = self.scalar()
        number = js_values.as_number(value)
        if isinstance(value, bool) or math.isnan(number) or number != int(number):
            raise self.refusal(f"must be a whole number, not {js_values.as_text(value)!r}")
        return int(number)

    def is_true(self) -> bool:
        """True if JavaScript takes the value for true; a notice tells of a text, which always is.

        :raises StartupError: if the value is no scalar
        """
        value = self.scalar()
        if isinstance(value, str) and value and value.lower() not in ("true", "open"):
            self.notice(
                "is the text {value}, which the tool takes for true; write false without quotes", value=repr(value)
            )
        return bool(value)

    def _note_change(self, text: str) -> None:
        if not isinstance(self._node, yaml.ScalarNode):
            self.notice("is {value}: the cloud gets the text {text}", value=self._shown(), text=repr(text[:80]))
            return
        written = str(self._node.value)
        if self._node.style is not None or self.scope.pattern.search(written):
            return
        if text != mended(written):
            self.notice("is {value}: the cloud gets {text}; quote it", value=written[:80], text=text[:80])

    def mapping(self, budget: list[int] | None = None) -> "dict[str, Node]":
        """Return the values of a mapping by key, with those of merge keys.

        :param budget: the number of merges that may still follow
        :raises StartupError: if the value is no mapping, or a key stands twice
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self.refusal(f"must be a mapping, not {self._shown()}")
        budget = [_MAX_MERGES] if budget is None else budget
        budget[0] -= 1
        if budget[0] < 0:
            raise self.refusal(f"merges itself, or more than {_MAX_MERGES} mappings")
        values: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in self._node.value:
            name = js_values.as_text(_key(key)) if isinstance(key, yaml.ScalarNode) else ""
            child = Node(self.path, self._joined(name), value, self.scope)
            if name == _MERGE and key.style is None:
                child = child.renamed(self.key)
                for source in child.items() if child.is_list() else (child,):
                    for each, node in source.mapping(budget).items():
                        merged.setdefault(each, node.renamed(self._joined(each)))
                continue
            if not isinstance(key, yaml.ScalarNode) or name in values:
                raise child.refusal("stands twice" if name in values else "has a key that is no text")
            values[name] = child
        return {**merged, **values}

    def _joined(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def _substituted(self, text: str) -> str | None:
        """Return a text with its references replaced; None if it is a reference alone, to something unset."""
        kept: dict[str, str] = {}
        for _ in range(_ROUNDS):
            match = self.scope.pattern.search(text)
            if match is None:
                break
            value = self._found(match[1].strip(), match[0])
            if value is None and match[0] == text:
                return None
            if value == match[0]:  # it stays: hide it from the next round
                mark = f"\0{len(kept)}\0"
                kept[mark] = match[0]
                value = mark
            text = text.replace(match[0], "undefined" if value is None else value)
        for mark, original in reversed(kept.items()):
            text = text.replace(mark, original)
        return mended(text)

    def _found(self, name: str, reference: str) -> str | None:
        try:
            value = self.scope.find(name)
        except UnknownReference as error:
            words = "uses {reference}, which is not known here: it stays as it is{reason}"
            self.doubt(words, reference=reference, reason=str(error))
            return reference
        if value is None:
            self.notice("uses {reference}, which is not set: it counts as absent, as for the tool", reference=reference)
        return value

    def _shown(self) -> str:
        if self.is_null():
            return "null"
        if isinstance(self._node, yaml.ScalarNode):
            return repr(str(self._node.value)[:80])
        return "a list" if isinstance(self._node, yaml.SequenceNode) else "a mapping"


def _key(node: "yaml.ScalarNode") -> js_values.Scalar:
    text = str(node.value)
    return js_values.typed(text) if node.style is None and text != "" else text


def read_yaml(path: Path, scope: Scope | None = None) -> Node | None:
    """Return the file's top value; None for an empty file.

    :raises StartupError: if the file can't be read or is no YAML
    """
    node = compose_file(path)
    return Node(path, "", node, scope or Scope()) if node is not None else None
