"""The tables of pages in docs/ say what the code does."""

import pytest

from tools.page_tables import DOCS, PAGES, fill


@pytest.mark.parametrize("name", PAGES)
def test_the_page_has_the_tables_of_the_code(name):
    page = (DOCS / name).read_text("utf-8")
    assert fill(name, page) == page


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("understand/delivery.md", "| 433 | YES |", "| 433 | NO |"),
        ("reference/limits.md", "| 100,000 | platform", "| 10,000 | platform"),
        ("reference/events.md", '"Type": "Timer"', '"Type": "timer"'),
        ("reference/projects.md", "`memorySize`, `msgTTL`", "`memory`"),
    ],
)
def test_a_page_that_differs_from_the_code_is_noticed(name, old, new):
    page = (DOCS / name).read_text("utf-8")
    differs = page.replace(old, new)
    assert differs != page
    assert fill(name, differs) == page


def test_a_page_without_a_place_for_a_table_is_named():
    with pytest.raises(SystemExit, match=r"reference/projects\.md has no place for the table keys"):
        fill("reference/projects.md", "# Projects")
