"""The pictures of a page: the one of the language, and beside it the one for a dark page.

A page names one picture in plain Markdown, ``![text](../images/plot-cpu.svg)``. The Chinese page shows
``plot-cpu-zh.svg`` where that exists, and ``dashboard-zh.png`` for ``dashboard-en.png``. Dark pages show
``plot-cpu-dark.svg`` where that exists.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from .languages import CHINESE

logger = logging.getLogger(__name__)


def choose_picture(path: Path, is_chinese: bool) -> Path:
    """The picture of the language."""
    if not is_chinese:
        return path
    stem = path.stem.removesuffix("-en") + "-zh"
    chinese = path.with_stem(stem)
    return chinese if chinese.exists() else path


def find_dark(path: Path) -> Path | None:
    """The picture for dark pages, None if there is none."""
    dark = path.with_stem(path.stem + "-dark")
    return dark if dark.exists() else None


class Pictures(SphinxTransform):
    """Choose the pictures before Sphinx collects them."""

    default_priority = 30  # after the translation

    def apply(self, **kwargs: object) -> None:
        """Replace each picture."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        for image in list(self.document.findall(nodes.image)):
            self._replace(folder, image)
        for raw in self.document.findall(nodes.raw):
            if "<img" in raw.astext():
                logger.warning("write pictures in Markdown: the site finds the dark one itself", location=raw)

    def _replace(self, folder: Path, image: nodes.image) -> None:
        uri = image["uri"]
        path = folder / uri
        if "://" in uri or not path.exists():
            return
        chosen = choose_picture(path, self.config.language == CHINESE.sphinx)
        image["uri"] = str(Path(uri).with_name(chosen.name))
        dark = find_dark(chosen)
        if dark is not None:
            twin = image.deepcopy()
            twin["uri"] = str(Path(uri).with_name(dark.name))
            twin["classes"] = [*image["classes"], "only-dark"]
            image["classes"] = [*image["classes"], "only-light"]
            image.parent.insert(image.parent.index(image) + 1, twin)


def setup(app: Sphinx) -> None:
    """Connect the choice."""
    app.add_transform(Pictures)
