"""Write the pages that are made from data: ``python -m tools.website.generated``.

They are the pages of error codes and those of findings. With ``--check``, it writes nothing, and fails if a page
differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from . import error_pages, findings_page

ROOT = Path(__file__).resolve().parents[2]


def render_all(root: Path) -> Iterator[tuple[str, str]]:
    """Render each page: its path and its text."""
    yield from findings_page.render(root)
    for name in error_pages.read_pages():
        yield f"{error_pages.FOLDER}/{name}.md", error_pages.render(name, "en")


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    pages = dict(render_all(ROOT))
    kept = {*pages, f"{error_pages.FOLDER}/index.md"}
    old = [path.relative_to(ROOT).as_posix() for path in (ROOT / error_pages.FOLDER).glob("*.md")]
    faults = [f"{name}:1: no data makes this page; delete it" for name in sorted(set(old) - kept)]
    for name, text in pages.items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            faults.append(f"{name}:1: differs from its data; write it anew: python -m tools.website.generated")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
