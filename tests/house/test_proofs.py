"""Every row of a table with proofs names a test, or a project of the tests, that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROOF = re.compile(r"`(tests/[\w/.-]+)(?:::(\w+))?`")
TABLE = re.compile(r"\| Proved by \|\n\|[-|]+\|\n((?:\|.*\n)+)")
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}
WITH_PROOFS = sorted(name for name, text in PAGES.items() if "| Proved by |" in text)


def list_rows(text: str) -> list[str]:
    return [row for table in TABLE.findall(text) for row in table.splitlines()]


@pytest.mark.parametrize("name", WITH_PROOFS)
def test_every_row_names_its_proof(name: str) -> None:
    text = PAGES[name]
    assert len(TABLE.findall(text)) == text.count("| Proved by |")
    for row in list_rows(text):
        assert PROOF.search(row.split(" | ")[-1]), row


@pytest.mark.parametrize("name", sorted(name for name, text in PAGES.items() if "`tests/" in text))
def test_every_test_that_a_page_names_exists(name: str) -> None:
    for path, function in PROOF.findall(PAGES[name]):
        source = ROOT / path
        assert source.exists(), path
        assert not function or f"def {function}(" in source.read_text(encoding="utf-8"), f"{path}::{function}"


def test_the_pages_on_the_local_scf_have_their_proofs() -> None:
    assert len(WITH_PROOFS) > 15
    assert sum(len(list_rows(PAGES[name])) for name in WITH_PROOFS) > 300
