"""A catalogue is the same after every update."""

from tools.website.catalogues import HEADER, is_needed, settle

WRITTEN = """# SOME DESCRIPTIVE TITLE.
#, fuzzy
msgid ""
msgstr ""
"POT-Creation-Date: 2026-11-30 14:00+0000\\n"
"Generated-By: Babel 2.19.0\\n"

msgid "A page"
msgstr "页面"

"""


def test_the_header_has_no_dates() -> None:
    assert settle(WRITTEN) == HEADER + '\nmsgid "A page"\nmsgstr "页面"\n'


def test_a_settled_catalogue_stays() -> None:
    assert settle(settle(WRITTEN)) == settle(WRITTEN)


def test_a_catalogue_without_sentences_is_not_needed() -> None:
    assert is_needed(WRITTEN)
    assert not is_needed(WRITTEN.partition("\n\n")[0] + "\n")
    assert not is_needed(HEADER)
