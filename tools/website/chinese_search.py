"""The search in Chinese: jieba cuts the pages into words, and the query is cut into words that the pages have."""

from __future__ import annotations

import logging
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search.zh import SearchChinese

SPLITTER = Path(__file__).with_name("chinese_query.js")


class ChineseSearch(SearchChinese):
    """The search of Sphinx, with a query that is cut as the pages are: Chinese has no spaces between words."""

    language_name = "English"  # of the stemmer, for the Latin words: Sphinx 9.0 names one after each language
    js_splitter_code = SPLITTER.read_text(encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Take the place of the search in Chinese."""
    logging.getLogger("jieba").setLevel(logging.WARNING)  # it tells where it keeps its dictionary
    app.add_search_language(ChineseSearch)
