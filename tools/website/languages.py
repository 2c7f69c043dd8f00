"""The languages of the site, and the switch between them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sphinx.application import Sphinx


class Language(NamedTuple):
    """A language of the site."""

    code: str
    """The name of the language in HTML."""
    folder: str
    sphinx: str
    """The name of the language for Sphinx, and of the folder of its catalogues."""
    title: str


ENGLISH = Language("en", "en", "en", "English")
CHINESE = Language("zh-CN", "zh", "zh_CN", "中文")
LANGUAGES = (ENGLISH, CHINESE)


def find_language(sphinx: str) -> Language:
    """The language that Sphinx is told by ``language``."""
    return next(language for language in LANGUAGES if language.sphinx == sphinx)


def _add_switch(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Tell a page the languages of the site, and its own."""
    language = find_language(app.config.language)
    context["language"] = language.code
    context["site_folder"] = language.folder
    context["site_languages"] = [(each.code, each.folder, each.title) for each in LANGUAGES]


def setup(app: Sphinx) -> None:
    """Connect the switch."""
    app.connect("html-page-context", _add_switch)
