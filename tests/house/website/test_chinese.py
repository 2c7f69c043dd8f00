"""What needs Chinese, and where the Chinese of generated pages is from."""

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from babel.messages.catalog import Catalog
from docutils import nodes

from tests import forkserver
from tests.conftest import START_SECONDS, child_environment, scf_command
from tools.command_pages import COLUMNS
from tools.website.chinese import is_generated, list_missing, needs_chinese, show_help


@pytest.mark.parametrize(
    ("message", "needed"),
    [
        ("Words", True),
        ("`scf local start` starts it", True),
        ("`scf local start`", False),
        ("[`Client`](../reference/python/scf.md)", False),
        ("433", False),
        ("https://cloud.tencent.com/document", False),
        ("函数", False),
    ],
)
def test_words_besides_code_need_chinese(message: str, needed: bool) -> None:
    assert needs_chinese(message) is needed


def test_a_message_needs_a_text_that_is_not_fuzzy() -> None:
    catalogue = Catalog(locale="zh_CN")
    catalogue.add("good", "好")
    catalogue.add("empty", "")
    catalogue.add("fuzzy", "模糊", flags=["fuzzy"])
    node = nodes.paragraph()
    messages = [(node, text) for text in ("good", "empty", "fuzzy", "absent")]
    assert [fault for _, fault in list_missing(iter(messages), catalogue)] == [
        "no Chinese for 'empty'",
        "the Chinese is marked as fuzzy: 'fuzzy'",
        "no Chinese for 'absent'",
    ]


def test_which_pages_are_generated() -> None:
    assert is_generated("reference/errors/statuses")
    assert not is_generated("reference/errors/index")
    assert not is_generated("how-to/errors")


def test_the_help_of_a_page_is_what_scf_prints_in_a_chinese_locale() -> None:
    environment = child_environment(COLUMNS=COLUMNS, LC_ALL="zh_CN.UTF-8")
    done = forkserver.run(scf_command("local", "start", "--help"), environment, None, START_SECONDS)
    assert show_help(("local", "start")) == done.stdout
    assert done.stdout.startswith("用法: scf local start")
