"""docs/how-to/testing.md and docs/how-to/unit-tests.md show what runs."""

import re
from pathlib import Path

import pytest

from tests.conftest import SOURCE
from tests.testing.conftest import write_files

HOW_TO = SOURCE.parent / "docs" / "how-to"
PAGE, UNIT_PAGE = HOW_TO / "testing.md", HOW_TO / "unit-tests.md"


def write_examples(project: Path, text: str) -> int:
    """Write the files of a page, and return the number of their tests."""
    blocks = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```python")
    write_files(project, dict(blocks))
    return sum(len(re.findall(r"^def test_", block, re.MULTILINE)) for _, block in blocks)


def test_every_example_of_the_page_passes(run_pytest, project: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    tests = write_examples(project, text)
    greet = "def main_handler(event, context):\n    return 'hello ' + event\n"
    write_files(project, {"functions/greet/index.py": greet})
    (settings,) = re.findall(r"^```text\n(\[pytest\]\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    write_files(project, {"pytest.ini": settings})
    done = run_pytest("-o", "pythonpath=.", "--strict-markers", "--strict-config")
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_every_example_of_the_page_on_unit_tests_passes(run_pytest, project: Path) -> None:
    tests = write_examples(project, UNIT_PAGE.read_text(encoding="utf-8"))
    done = run_pytest("-p", "no:tencentserverless")
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


def test_the_table_names_what_the_fixture_has() -> None:
    from tencentserverless.testing import ScfLocal

    text = PAGE.read_text(encoding="utf-8").partition("## What the fixture offers")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    public = {name for name in vars(ScfLocal) if not name.startswith("_")} | {"environment"}
    assert named == public


@pytest.mark.parametrize("page", [PAGE, UNIT_PAGE], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([\w./-]+\.md)(#([\w-]+))?\)", text)
    assert len(links) == text.count("](") > 0
    for name, _, anchor in links:
        target = (PAGE.parent / name).read_text(encoding="utf-8")
        headings = {line.lstrip("# ").lower().replace(" ", "-") for line in target.splitlines() if line[:1] == "#"}
        assert not anchor or anchor in headings
