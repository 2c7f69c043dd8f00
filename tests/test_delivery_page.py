"""docs/delivery.md says what the code does."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_tables_of_the_delivery_page_are_the_codes_own() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "delivery_tables.py"), "--check"], stderr=subprocess.PIPE, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_page_that_differs_from_the_code_is_noticed() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import delivery_tables
    finally:
        sys.path.pop(0)
    page = delivery_tables.PAGE.read_text("utf-8")
    assert delivery_tables.fill(page.replace("| 433 | YES |", "| 433 | NO |")) == page
