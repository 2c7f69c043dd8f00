"""The pictures of the pages, and the command that makes each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

IMAGES = Path("docs") / "images"
#: The target of the Makefile that makes a picture, by the name of the picture.
MAKERS: Mapping[str, str] = {
    "dashboard-*.png": "screenshots",
    "plot-cpu*.svg": "bench",
    "plot-*.svg": "bench-local",
    "*.svg": "recordings",
}
_TARGET = re.compile(r"^([\w -]+):(?!=)", re.MULTILINE)


def list_targets(root: Path) -> set[str]:
    """List the targets of the Makefile."""
    text = (root / "Makefile").read_text(encoding="utf-8")
    return {target for line in _TARGET.findall(text) for target in line.split()}


def find_maker(name: str) -> str | None:
    """The target that makes a picture, None if the table has none."""
    return next((target for pattern, target in MAKERS.items() if fnmatchcase(name, pattern)), None)


def find_faults(root: Path) -> Iterator[str]:
    """Find the pictures that no command makes."""
    targets = list_targets(root)
    for path in sorted((root / IMAGES).rglob("*")):
        maker = find_maker(path.name)
        place = f"{path.relative_to(root).as_posix()}:1"
        if path.is_dir():
            continue
        if maker is None:
            yield f"{place}: no command makes this picture; name its target in tools/website/figures.py"
        elif maker not in targets:
            yield f"{place}: the Makefile has no target {maker!r}, which should make this picture"
