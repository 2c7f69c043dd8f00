"""The Sphinx extension of the site: each part connects itself."""

from __future__ import annotations

import zlib
from pathlib import Path

from sphinx.application import Sphinx

from . import chinese, chinese_search, codes, languages, leftovers, pictures, repository


def stamp_sources() -> int:
    """A number that changes with the code of the extension: Sphinx then reads every page again."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return zlib.crc32(b"".join(texts)) + 1


def setup(app: Sphinx) -> dict[str, object]:
    """Connect every part."""
    for part in (chinese, chinese_search, codes, languages, leftovers, pictures, repository):
        part.setup(app)
    return {"env_version": stamp_sources(), "parallel_read_safe": False, "parallel_write_safe": False}
