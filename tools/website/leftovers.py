"""Pages of an earlier build whose source is gone: Sphinx leaves their files, and they would be found."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx


def _note(app: Sphinx, pagename: str, *others: object) -> None:
    """Remember a page that is written."""
    app.builder.written_pages = getattr(app.builder, "written_pages", set()) | {pagename}  # type: ignore[attr-defined]


def _delete(app: Sphinx, error: Exception | None) -> None:
    """Delete the files of pages that are neither written now nor from a source that is there."""
    if error is not None or app.builder.format != "html":
        return
    kept = app.env.found_docs | getattr(app.builder, "written_pages", set())
    for path in Path(app.outdir).rglob("*.html"):
        if path.relative_to(app.outdir).as_posix().removesuffix(".html") not in kept:
            path.unlink()


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("html-page-context", _note)
    app.connect("build-finished", _delete)
