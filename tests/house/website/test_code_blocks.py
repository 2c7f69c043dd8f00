"""Every block of a page is covered by a test that is named."""

from pathlib import Path

import pytest

from tools.website import code_blocks
from tools.website.code_blocks import Block, find_faults, find_test, list_pages, read_blocks


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(code_blocks, "COVERED", {"docs/special.md": "tests/test_special.py"})
    for name in ("docs/how-to/page.md", "docs/special.md", "tests/test_special.py", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# A page\n")
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "docs/how-to/page.md").write_text(text)


def test_pages_are_found(root: Path) -> None:
    assert list_pages(root) == ["README.md", "docs/how-to/page.md", "docs/special.md"]


def test_a_block_has_its_place_and_its_output(root: Path) -> None:
    write(root, "# A page\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\nWords.\n\n```sh\nscf\n```\n")
    assert read_blocks(root, "docs/how-to/page.md") == [
        Block("docs/how-to/page.md", 3, "python", "print(1)\n", "1\n"),
        Block("docs/how-to/page.md", 7, "text", "1\n", None),
        Block("docs/how-to/page.md", 13, "sh", "scf\n", None),
    ]


def test_a_longer_fence_holds_shorter_ones(root: Path) -> None:
    write(root, "````text\n```yaml\na: 1\n```\n````\n")
    assert [block.language for block in read_blocks(root, "docs/how-to/page.md")] == ["text"]


@pytest.mark.parametrize("language", ["python", "sh", "json", "text", "{toctree}"])
def test_a_block_of_a_known_language_is_covered(root: Path, language: str) -> None:
    write(root, f"```{language}\n1\n```\n")
    assert list(find_faults(root)) == []


@pytest.mark.parametrize(("language", "name"), [("yaml", "yaml"), ("", "no language"), ("pyhton", "pyhton")])
def test_a_block_without_a_test_is_named(root: Path, language: str, name: str) -> None:
    write(root, f"# A page\n\n```{language}\na: 1\n```\n")
    (fault,) = find_faults(root)
    assert fault.startswith(
        f"docs/how-to/page.md:3: no test covers this block of {name}; use one of json, python, sh, text"
    )


def test_a_page_with_a_test_of_its_own_may_hold_any_block(root: Path) -> None:
    (root / "docs/special.md").write_text("```yaml\na: 1\n```\n")
    assert list(find_faults(root)) == []


def test_a_line_of_the_table_that_covers_nothing_is_named(root: Path) -> None:
    (root / "docs/special.md").unlink()
    (root / "tests/test_special.py").unlink()
    assert list(find_faults(root)) == [
        "tools/website/code_blocks.py:1: there is no page docs/special.md; take its line out",
        "tools/website/code_blocks.py:1: there is no tests/test_special.py, which should cover docs/special.md",
    ]


def test_pages_of_commands_share_a_test() -> None:
    assert find_test("docs/reference/cli/map.md") == "tests/house/test_command_pages.py"
    assert find_test("docs/how-to/flask.md") is None
