"""The meaning of every status, error code and name that is printed. The data is ``error_catalogue.json``."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Entry:
    """A code or a name. Each text exists in every language; an empty text means that there is nothing to say.

    :ivar code: a status such as ``430``, an API code such as ``ResourceNotFound.Function``, or a name such as
        ``FunctionThrottled``
    :ivar name: the name of a status, ``""`` for the others
    :ivar executed: ``no``, ``maybe`` or ``yes``: the function ran or not; ``""`` where that is not said
    :ivar children: codes and names that are more exact
    """

    code: str
    name: str
    executed: str
    meaning: dict[str, str]
    cause: dict[str, str]
    fix: dict[str, str]
    setting: dict[str, str]
    children: list[str]


class Catalogue:
    """The codes that are known."""

    def __init__(self) -> None:
        data = json.loads(Path(__file__).with_name("error_catalogue.json").read_text(encoding="utf-8"))
        #: The titles of an entry's parts, and the verdicts in words, by language.
        self.labels: dict[str, list[str]] = data["labels"]
        self.ran: dict[str, dict[str, str]] = data["ran"]
        self._families: dict[str, dict[str, Any]] = data["families"]
        self._entries: dict[str, dict[str, Any]] = data["entries"]
        self._words: dict[str, dict[str, Any]] = data["names"]
        self._names = {entry["name"].lower(): code for code, entry in self._entries.items() if "name" in entry}
        self._names |= {word.lower(): entry.get("alias", word) for word, entry in self._words.items()}
        self._names |= {code.lower(): code for code in self._entries}

    def __iter__(self) -> "Any":
        return (self.find(code) for code in self._entries)

    def names(self) -> list[str]:
        """All codes and names, as they are printed."""
        return [*self._entries, *(entry["name"] for entry in self._entries.values() if "name" in entry), *self._words]

    def find(self, code: str) -> Entry | None:
        """The entry of a code in any letter case, None if there is none."""
        known = self._names.get(code.strip().lower())
        if known is None:
            return None
        known = self._words.get(known, {}).get("alias", known)
        if known in self._entries:
            entry = {**self._families.get(known.partition(".")[0], {}), **self._entries[known]}
            children = [other for other in self._entries if other.startswith(known + ".")]
        else:
            entry = self._words[known]
            children = entry.get("see", [])
        empty = dict.fromkeys(LANGUAGES, "")
        texts = {name: entry.get(name, empty) for name in ("meaning", "cause", "fix", "setting")}
        return Entry(known, entry.get("name", ""), entry.get("executed", ""), **texts, children=children)

    def suggest(self, code: str) -> list[str]:
        """The closest codes."""
        close = get_close_matches(code.strip().lower(), self._names, 5, 0.5)
        return list(dict.fromkeys(self._names[name] for name in close))
