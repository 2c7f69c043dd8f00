"""Write the tables of docs/projects.md from the keys that the code knows: ``python tools/project_tables.py``.

With ``--check``, it writes nothing, and fails if the page differs from the code.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.project.keys import KINDS, Effect

PAGE = Path(__file__).resolve().parent.parent / "docs" / "projects.md"
BEGIN = "<!-- begin keys: written by tools/project_tables.py -->"
END = "<!-- end keys -->"


def list_keys() -> "Iterator[str]":
    """Yield the lines of the tables."""
    for kind in KINDS:
        yield ""
        yield f"### {kind.title}"
        for place, keys in kind.tables.items():
            yield ""
            yield f"| {f'`{place}`' if place else 'At the top'} | `scf local start` | `scf deploy` |"
            yield "|---|---|---|"
            for effect in Effect:
                names = [f"`{key}`" for key, each in keys.items() if each is effect]
                if names:
                    yield f"| {', '.join(sorted(names))} | {effect.value[0]} | {effect.value[1]} |"
    yield ""


def fill(page: str) -> str:
    """The page with the tables of the current code."""
    head, _, rest = page.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise SystemExit(f"{PAGE.name} has no place for the tables: it needs {BEGIN} and {END}")
    return "\n".join((head + BEGIN, *list_keys(), END)) + tail


def main() -> None:
    """Write the page, or check it."""
    page = PAGE.read_text("utf-8")
    filled = fill(page)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(filled, "utf-8")
    elif page != filled:
        raise SystemExit("docs/projects.md differs from the code; write it anew: python tools/project_tables.py")


if __name__ == "__main__":
    main()
