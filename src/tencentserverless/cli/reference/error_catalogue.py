"""The meaning of every status and error code. The data is ``error_catalogue.json`` beside this file."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Entry:
    """A code. Each text exists in every language; an empty text means that there is nothing to say.

    :ivar code: a status such as ``430``, or an API code such as ``ResourceNotFound.Function``
    :ivar name: the name of a status, ``""`` for an API code
    :ivar executed: ``no``, ``maybe`` or ``yes``: the function ran or not
    """

    code: str
    name: str
    executed: str
    meaning: dict[str, str]
    cause: dict[str, str]
    fix: dict[str, str]
    setting: dict[str, str]


class Catalogue:
    """The codes that are known."""

    def __init__(self) -> None:
        data = json.loads(Path(__file__).with_name("error_catalogue.json").read_text(encoding="utf-8"))
        #: The titles of an entry's parts, and the verdicts in words, by language.
        self.labels: dict[str, list[str]] = data["labels"]
        self.ran: dict[str, dict[str, str]] = data["ran"]
        self._families: dict[str, dict[str, Any]] = data["families"]
        self._entries: dict[str, dict[str, Any]] = data["entries"]
        self._names = {code.lower(): code for code in self._entries}

    def __iter__(self) -> "Any":
        return (self.find(code) for code in self._entries)

    def find(self, code: str) -> Entry | None:
        """The entry of a code in any letter case, None if there is none."""
        known = self._names.get(code.strip().lower())
        if known is None:
            return None
        entry = {**self._families.get(known.partition(".")[0], {}), **self._entries[known]}
        empty = dict.fromkeys(LANGUAGES, "")
        texts = {name: entry.get(name, empty) for name in ("meaning", "cause", "fix", "setting")}
        return Entry(known, entry.get("name", ""), entry["executed"], **texts)

    def children(self, code: str) -> list[str]:
        """The codes below a category."""
        return [known for known in self._entries if known.startswith(code + ".")]

    def suggest(self, code: str) -> list[str]:
        """The closest codes."""
        close = get_close_matches(code.strip().lower(), self._names, 5, 0.5)
        return [self._names[name] for name in close]
