"""The site, for Sphinx. ``make docs`` builds it in both languages; tools/website holds what is our own."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tencentserverless import __version__  # noqa: E402

project = "tencentserverless"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "tools.website.extension"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["locales", "images/README.md"]
nitpicky = True
# Types of the standard library and of libraries that others make: the site is built offline, without their inventories.
nitpick_ignore_regex = [
    ("py:.*", r"(?!tencentserverless\.).*"),
    ("py:.*", r"tencentserverless\.(testing\.\w+\.|.*\b_).*"),
]
smartquotes = False  # options such as --local stay as they are typed

myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

locale_dirs = ["locales"]
gettext_compact = False
gettext_location = False
gettext_uuid = False
figure_language_filename = "{root}{ext}"  # tools/website/pictures.py finds the picture of a language

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False
html_static_path = ["../tools/website/static"]
templates_path = ["../tools/website/templates"]
html_css_files = ["site.css"]
html_search_scorer = str(ROOT / "tools" / "website" / "search_scores.js")
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
