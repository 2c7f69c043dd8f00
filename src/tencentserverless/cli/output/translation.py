"""The reader's language: English texts in Chinese where the locale is Chinese. Python 3.6 syntax, like ``printing``.

Messages are written in English where they arise, and translated here, at the edge, when they are printed: the
catalogue ``reference/chinese.json`` holds each of them with ``{0}``, ``{1}`` in place of values. A value may be such a
text again. A text that the catalogue does not hold stays English. JSON for programs is never translated.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

#: The order of POSIX: the first that is set decides.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_MAX_CHARACTERS = 4000  # a longer text is no message of ours
_MAX_DEPTH = 4
_SAMPLE = "\u4e2d"


def is_chinese(stream: "TextIO | None" = None) -> bool:
    """True if the locale is Chinese.

    :param stream: where the text will be printed; False if its encoding has no Chinese
    """
    if not _is_locale_chinese():
        return False
    try:
        _SAMPLE.encode((getattr(stream, "encoding", None) or "utf-8") if stream is not None else "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _is_locale_chinese() -> bool:
    import os

    for name in _VARIABLES:
        value = os.environ.get(name)
        if value:
            return value.lower().startswith("zh")
    if os.name != "nt":
        return False
    import locale

    return (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese"))


def translate(text: str, stream: "TextIO | None" = None) -> str:
    """The text in the reader's language, line by line if it is not known as a whole.

    :param stream: where it will be printed
    """
    if not is_chinese(stream) or len(text) > _MAX_CHARACTERS:
        return text
    return "\n".join(_translate_line(line) for line in text.split("\n"))


def _translate_line(line: str) -> str:
    words = line.strip()
    if not words:
        return line
    start = line.index(words)
    return line[:start] + _load().translate(words) + line[start + len(words) :]


class Texts:
    """The texts of a catalogue.

    :param texts: Chinese by English
    """

    def __init__(self, texts: "dict[str, str]") -> None:
        self._whole = texts
        templates = [_Template(english, chinese) for english, chinese in texts.items() if "{0}" in english]
        self._templates = sorted(templates, key=lambda each: -each.literal_length)

    def translate(self, text: str, depth: int = 0) -> str:
        """The Chinese of a text, with the values that it holds; the text itself if it is not known."""
        if text in self._whole:
            return self._whole[text]
        if depth == _MAX_DEPTH:
            return text
        found = [text]
        for template in self._templates:
            values = template.match(text)
            if values is not None:
                chinese = [self.translate(value, depth + 1) for value in values]
                if template.has_words or chinese != values:
                    found.append(template.fill(chinese))
        return max(found, key=_count_chinese)  # of several that fit, the one that leaves the least in English


def _count_chinese(text: str) -> int:
    return sum(ord(letter) > 127 and letter.isalpha() for letter in text)


class _Template:
    """A text with values."""

    def __init__(self, english: str, chinese: str) -> None:
        import re

        self._parts = re.split(r"\{\d\}", english)
        self._chinese = chinese
        self.literal_length = sum(map(len, self._parts))
        self.has_words = any(letter.isalpha() for part in self._parts for letter in part)

    def match(self, text: str) -> "list[str] | None":
        """The values in a text; None if it is not of this template. A value ends where the words behind it begin."""
        first, rest, last = self._parts[0], self._parts[1:-1], self._parts[-1]
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or end < len(first):
            return None
        values, at = [], len(first)
        for part in rest:
            found = text.find(part, at, end) if part else -1
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(part)
        return values + [text[at:end]]

    def fill(self, values: "list[str]") -> str:
        """The Chinese with these values."""
        import re

        return re.sub(r"\{(\d)\}", lambda number: values[int(number.group(1))], self._chinese)


def _shift(template: str) -> str:
    """The template with its values counted from 1: the subject, which is the place of a file, goes before."""
    import re

    return re.sub(r"\{(\d)\}", lambda number: "{{{}}}".format(int(number.group(1)) + 1), template)


_loaded = []  # type: list[Texts]


def _load() -> Texts:
    if not _loaded:
        import json
        import os

        path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "reference", "chinese.json")
        with open(path, encoding="utf-8") as file:
            catalogue = json.load(file)
        predicates = {"{0} " + _shift(key): "{0} " + _shift(text) for key, text in catalogue["predicates"].items()}
        _loaded.append(Texts(dict(predicates, **catalogue["texts"])))
    return _loaded[0]
