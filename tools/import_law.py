"""Contract types for import-linter: the imports that a package may have, and no modules that import each other.

import-linter's own contracts list what is forbidden. A contract that lists what is *allowed* also holds for a module
that is added later, and it can be written before the package exists.

Names are patterns: ``a.b`` is the module ``a.b`` and everything inside it, ``a.b.`` (with a dot at the end) is the
module ``a.b`` alone, ``*`` is any part of a name between two dots.
"""

from __future__ import annotations

import re
import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

ROOT = "tencentserverless"
STDLIB = "stdlib"


def to_regex(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of module names."""
    alone = pattern.endswith(".")
    parts = [re.escape(part).replace(r"\*", "[^.]+") for part in pattern.rstrip(".").split(".")]
    return re.compile(r"\.".join(parts) + ("" if alone else r"(\..+)?"))


def matches(name: str, patterns: list[str]) -> bool:
    """True if one of the patterns covers the module."""
    return any(is_stdlib(name) if pattern == STDLIB else to_regex(pattern).fullmatch(name) for pattern in patterns)


def is_stdlib(name: str) -> bool:
    """True for a module of the standard library."""
    return name.partition(".")[0] in sys.stdlib_module_names


def is_ours(name: str) -> bool:
    """True for a module of this project."""
    return name == ROOT or name.startswith(ROOT + ".")


class PackageContract(Contract):
    """The imports that a package may have.

    ``packages``: the modules that the contract binds, without those of ``except_packages``. ``may_import``: the modules
    of this project that they may import besides each other; all of them if the field is absent. ``never_import``:
    modules of any project that they never import. ``outside``: the only packages of other projects that they may
    import, ``stdlib`` for the standard library; all of them if the field is absent.
    """

    type_name = "package"

    packages = fields.ListField(subfield=fields.StringField())
    except_packages = fields.ListField(subfield=fields.StringField(), required=False)
    may_import = fields.ListField(subfield=fields.StringField(), required=False)
    never_import = fields.ListField(subfield=fields.StringField(), required=False)
    outside = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare every direct import of the package with the contract."""
        breaches = [
            (importer, imported, detail["line_number"], detail["line_contents"])
            for importer in sorted(graph.modules)
            if self._binds(importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._allows(imported)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each line that breaks the contract."""
        for importer, imported, line, text in check.metadata["breaches"]:
            output.print_error(f"{importer} must not import {imported} (line {line}: {text})", bold=False)
        output.new_line()

    def _list(self, field: str) -> list[str]:
        """The value of a field, by which import-linter replaces the field object."""
        return list(getattr(self, field) or [])

    def _binds(self, importer: str) -> bool:
        return matches(importer, self._list("packages")) and not matches(importer, self._list("except_packages"))

    def _allows(self, imported: str) -> bool:
        if matches(imported, self._list("never_import")):
            return False
        if not is_ours(imported):
            return getattr(self, "outside", None) is None or matches(imported, self._list("outside"))
        if getattr(self, "may_import", None) is None:
            return True
        return imported == ROOT or matches(imported, self._list("packages") + self._list("may_import"))


def find_circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Find the groups of modules in which each imports every other, directly or through others of the group.

    :param imports: what each module imports itself
    """
    reached = {module: _find_reached(module, imports) for module in imports}
    circles = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in imports
        if module in reached[module]
    }
    return [list(circle) for circle in sorted(circles)]


def _find_reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    """Find what a module imports, directly or not; itself only if it stands in a circle."""
    reached: set[str] = set()
    left = [start]
    while left:
        found = imports[left.pop()] - reached
        reached |= found
        left += found
    return reached


class CircleContract(Contract):
    """A contract that no modules import each other: at run time, inside functions, or for types."""

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the circles among all modules of this project, and their import lines."""
        modules = {module for module in graph.modules if is_ours(module)}
        imports = {module: graph.find_modules_directly_imported_by(module) & modules for module in modules}
        circles = {
            ", ".join(circle): [
                (importer, imported, detail["line_number"], detail["line_contents"])
                for importer in circle
                for imported in sorted(imports[importer].intersection(circle))
                for detail in graph.get_import_details(importer=importer, imported=imported)
            ]
            for circle in find_circles(imports)
        }
        return ContractCheck(kept=not circles, metadata={"circles": circles})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each circle, and every line that belongs to it."""
        for members, lines in check.metadata["circles"].items():
            output.print_error(f"These import each other: {members}", bold=False)
            for importer, imported, line, text in lines:
                output.print_error(f"    {importer} imports {imported} (line {line}: {text})", bold=False)
        output.new_line()
