"""Every test that the page on the local SCF names as a proof exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROOF = re.compile(r"`(tests/[\w/.]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize(
    "section",
    [
        "Functions and calls",
        "What is packed",
        "Asynchronous invocations",
        "Timers",
        "Saved files",
        "Debugging",
        "Faults and the ledger",
    ]
    + ["Request forms", "TLS and CONNECT"],
)
def test_every_row_names_its_proof(section):
    page = (ROOT / "docs" / "understand" / "local.md").read_text(encoding="utf-8")
    text = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = [
        line for table in re.findall(r"\| Proved by \|\n\|[-|]+\|\n((?:\|.*\n)+)", text) for line in table.splitlines()
    ]
    assert rows
    for row in rows:
        assert PROOF.search(row.split(" | ")[-1]), row


def test_every_named_test_exists():
    page = (ROOT / "docs" / "understand" / "local.md").read_text(encoding="utf-8")
    proofs = PROOF.findall(page)
    assert len(proofs) == page.count("`tests/") > 0
    for path, name in proofs:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") if name else (ROOT / path).exists(), path
