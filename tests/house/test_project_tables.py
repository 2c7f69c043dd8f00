"""The tables of docs/projects.md are those of the code."""

from tools import project_tables


def test_the_page_has_the_tables_of_the_code():
    page = project_tables.PAGE.read_text("utf-8")
    assert project_tables.fill(page) == page


def test_another_table_is_seen():
    page = project_tables.PAGE.read_text("utf-8")
    assert project_tables.fill(page.replace("`memorySize`, `msgTTL`", "`memory`")) == page
