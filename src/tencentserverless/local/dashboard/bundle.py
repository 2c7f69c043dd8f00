"""Makes one script of the modules of the pages: a browser asks once, where it would ask for each of fifty files.

Each module becomes a function that is called when the module is needed first. Of JavaScript's forms of import and
export, the pages use few; a test holds every module against those.
"""

import posixpath
import re
from collections.abc import Callable, Iterable

_ENTRY = "app.js"
# Each begins with plain letters, which are found much faster than the start of a line or of a word.
_IMPORT = re.compile(r'import\s*(?:(?P<default>\w+)|\{(?P<names>[^}]*)\})\s*from\s*"(?P<place>[^"]+)";')
_IMPORT_LATER = re.compile(r'import\("(?P<place>[^"]+)"\)')
_EXPORT_FROM = re.compile(r'export\s*\{(?P<names>[^}]*)\}\s*from\s*"(?P<place>[^"]+)";')
_EXPORT_LIST = re.compile(r"export\s*\{(?P<names>[^}]*)\};?")
_EXPORT = re.compile(r"export (?P<kind>const|(?:async )?function|class) (?P<name>\w+)")
_EXPORT_DEFAULT = "export default "
_LEFT = re.compile(r"import\s*[({]|export\s*[{*]|\n(?:import|export)\b")
_START = """const $made = new Map();
const $modules = { __proto__: null };
const $url = (name) => new URL(name, import.meta.url);
function $module(name) {
  if (!$made.has(name)) $made.set(name, $modules[name]());
  return $made.get(name);
}
"""


class Unreadable(ValueError):
    """A module has a form of import or export that is not among those of the pages."""


def make_bundle(read: Callable[[str], str]) -> str:
    """Return the script of all modules that the pages need.

    :param read: returns the text of a module by its name, such as ``core/api.js``
    :raises Unreadable: if a module can't be taken in
    """
    found: dict[str, str] = {}
    left = [_ENTRY]
    while left:
        name = left.pop()
        if name not in found:
            module = _Module(name)
            found[name] = module.rewrite(read(name))
            left += module.needed
    entry = found.pop(_ENTRY)
    modules = [f'$modules["{name}"] = () => {{\n{body}}};\n' for name, body in found.items()]
    return "".join([_START, *modules, entry])


class _Module:
    """A module on its way to the body of a function that returns what the module exports.

    :ivar needed: the modules that it imports
    """

    def __init__(self, name: str) -> None:
        self.needed: list[str] = []
        self._name = name
        self._exported: dict[str, str] = {}  # the values by their names

    def rewrite(self, text: str) -> str:
        """Return the body; of the entry, the text that stands behind all functions."""
        text = text.replace("import.meta.url", f'$url("{self._name}")')
        text = _IMPORT.sub(self._take_import, text)
        text = _IMPORT_LATER.sub(self._take_import_later, text)
        text = _EXPORT_FROM.sub(self._pass_on, text)
        text = _EXPORT.sub(self._take_export, text)
        text = _EXPORT_LIST.sub(self._take_exports, text)
        if _EXPORT_DEFAULT in text:
            text = text.replace(_EXPORT_DEFAULT, "const $default = ")
            self._exported["default"] = "$default"
        if strange := _LEFT.search(f"\n{text}"):
            raise Unreadable(f"{self._name}: {strange[0].strip()!r} of a form that the pages do not use")
        return text if self._name == _ENTRY else f"{text}\nreturn {{ {_listed(self._exported.items())} }};\n"

    def _load(self, place: str) -> str:
        self.needed.append(posixpath.normpath(posixpath.join(posixpath.dirname(self._name), place)))
        return f'$module("{self.needed[-1]}")'

    def _take_import(self, found: re.Match[str]) -> str:
        names = f"default: {found['default']}" if found["default"] else _listed(_pairs(found["names"]))
        return f"const {{ {names} }} = {self._load(found['place'])};"

    def _take_import_later(self, found: re.Match[str]) -> str:
        return f"Promise.resolve().then(() => {self._load(found['place'])})"

    def _pass_on(self, found: re.Match[str]) -> str:
        source = self._load(found["place"])
        self._exported.update({theirs: f"{source}.{own}" for own, theirs in _pairs(found["names"])})
        return ""

    def _take_export(self, found: re.Match[str]) -> str:
        self._exported[found["name"]] = found["name"]
        return f"{found['kind']} {found['name']}"

    def _take_exports(self, found: re.Match[str]) -> str:
        self._exported.update({theirs: own for own, theirs in _pairs(found["names"])})
        return ""


def _pairs(names: str) -> list[tuple[str, str]]:
    """The names in braces, each with the one that it gets behind ``as``."""
    parts = [each.split() for each in names.split(",") if each.strip()]
    return [(part[0], part[-1]) for part in parts]


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(own if own == theirs else f"{own}: {theirs}" for own, theirs in pairs)
