"""YAML with line numbers, so that an error can name file, line, key and value."""

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.settings import MIB

_MAX_FILE_BYTES = MIB
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Node:
    """A value of a YAML file: its place, and methods that read it as the expected type.

    :param variables: values of ``${...}``, by the text between the braces
    """

    def __init__(self, path: Path, key: str, node: "yaml.Node", variables: Mapping[str, str]) -> None:
        self.path = path
        self.key = key
        self._node = node
        self._variables = variables

    def with_variables(self, variables: Mapping[str, str]) -> "Node":
        """Return the same value, with more variables known."""
        return Node(self.path, self.key, self._node, variables)

    def refusal(self, problem: str) -> StartupError:
        """Make an error that names the file, the line and the key."""
        line = self._node.start_mark.line + 1
        return StartupError(Reason.PROJECT, f"{self.path}:{line}: {self.key or 'the file'} {problem}")

    def is_mapping(self) -> bool:
        """True if the value has keys."""
        return isinstance(self._node, yaml.MappingNode)

    def is_null(self) -> bool:
        """True if the value is empty."""
        return self._node.tag == "tag:yaml.org,2002:null"

    def is_list(self) -> bool:
        """True if the value is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    def mapping(self) -> "dict[str, Node]":
        """Return the values of a mapping by key.

        :raises StartupError: if the value is no mapping, or a key occurs twice
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self.refusal(f"must be a mapping, not {self._shown()}")
        values: dict[str, Node] = {}
        for key_node, value_node in self._node.value:
            name = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            child = Node(self.path, f"{self.key}.{name}" if self.key else name, value_node, self._variables)
            if not name or name in values:
                raise child.refusal("stands twice" if name else "has a key that is no text")
            values[name] = child
        return values

    def items(self) -> "list[Node]":
        """Return the values of a list.

        :raises StartupError: if the value is no list
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.refusal(f"must be a list, not {self._shown()}")
        return [
            Node(self.path, f"{self.key}[{number}]", node, self._variables)
            for number, node in enumerate(self._node.value)
        ]

    def refuse_unknown(self, known: frozenset[str]) -> None:
        """Refuse unknown keys.

        :raises StartupError: if there is an unknown key
        """
        for key, node in self.mapping().items():
            if key not in known:
                raise node.refusal(f"is not a key of component 'scf'; known here: {', '.join(sorted(known))}")

    def text(self) -> str:
        """Return a scalar as written, with its ``${...}`` replaced.

        :raises StartupError: if the value is no scalar, or names an unknown variable
        """
        if not isinstance(self._node, yaml.ScalarNode) or self._node.tag == "tag:yaml.org,2002:null":
            raise self.refusal(f"must be a text, not {self._shown()}")
        return _VARIABLE.sub(self._substitute, str(self._node.value))

    def integer(self) -> int:
        """Return a whole number.

        :raises StartupError: if the value is no whole number
        """
        text = self.text()
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise self.refusal(f"must be a whole number, not {text!r}")
        return int(text)

    def _substitute(self, match: "re.Match[str]") -> str:
        name = match.group(1).strip()
        if name in self._variables:
            return self._variables[name]
        if name.startswith("env:"):
            raise self.refusal(f"uses ${{{name}}}, but the environment variable {name[4:]} is not set")
        known = ", ".join(f"${{{known}}}" for known in ("env:X", "app", "stage", "name"))
        raise self.refusal(f"uses ${{{name}}}, which is not known here; known are {known}, where they have a value")

    def _shown(self) -> str:
        if isinstance(self._node, yaml.ScalarNode):
            return repr(str(self._node.value)[:80])
        return "a list" if isinstance(self._node, yaml.SequenceNode) else "a mapping"


def read_yaml(path: Path, variables: Mapping[str, str]) -> Node | None:
    """Return the file's top value; None for an empty file.

    :raises StartupError: if the file can't be read or is no YAML
    """
    try:
        size = path.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise StartupError(Reason.PROJECT, f"{path}: the file has {size} bytes, more than {_MAX_FILE_BYTES}")
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise StartupError(Reason.PROJECT, f"{path}{line}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise StartupError(Reason.PROJECT, f"{path}: not YAML: {problem}") from error
    except UnicodeDecodeError as error:
        raise StartupError(Reason.PROJECT, f"{path}: not UTF-8 at byte {error.start}") from error
    except OSError as error:
        raise StartupError(Reason.PROJECT, f"{path}: {error.strerror}") from error
    return Node(path, "", node, variables) if node is not None else None
