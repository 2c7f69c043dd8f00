"""Pages that are sessions: what they have a reader write and type is written and typed, in order."""

from pathlib import Path

import pytest

from tests.house.sessions import ROOT, Block, read_blocks, run_page, split_commands
from tools.website import code_blocks

PAGES = [page for page, test in code_blocks.COVERED.items() if test == "tests/house/test_session_pages.py"]


@pytest.mark.proof
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_print_what_the_page_says(page: str, tmp_path: Path) -> None:
    assert run_page(ROOT / page, tmp_path) > 2


def test_a_command_that_prints_something_else_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one\none\n$ cd /; pwd\n/\n$ pwd\n/tmp\n```\n")
    with pytest.raises(AssertionError, match="pwd"):
        run_page(page, tmp_path)


def test_a_block_that_is_no_file_and_no_command_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n```\n")
    with pytest.raises(AssertionError, match="no file and no command"):
        run_page(page, tmp_path)


def test_what_is_a_file_and_what_a_command_prints() -> None:
    file, console = read_blocks("```yaml\n# a/b.yml\nx: 1\n```\n\n```console\n$ cat a\n1\n$ echo \\\n> 2\n2\n```\n")
    assert (file.path, console.path) == ("a/b.yml", None)
    assert Block("python", "# a comment\n").path is None
    assert list(split_commands(console.text)) == [("cat a", "1\n"), ("echo 2", "2\n")]
