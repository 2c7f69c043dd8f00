"""The pages of ``scf`` say what its commands say."""

import functools
import re
import shlex
from pathlib import Path

import pytest

from tencentserverless.cli.command_table import COMMANDS, list_paths
from tencentserverless.cli.exits import Exit
from tests import forkserver
from tests.conftest import START_SECONDS, child_environment, scf_command
from tools.command_pages import COLUMNS, PAGES, list_blocks, rewrite, show_help

NAMES = sorted(path.name for path in PAGES.glob("*.md"))


@functools.cache
def show(words: tuple[str, ...]) -> str:
    """What the tool's own ``show_help`` gives, without a start of ``scf`` for each command."""
    environment = child_environment(COLUMNS=COLUMNS)
    done = forkserver.run(scf_command(*words, "--help"), environment, None, START_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_the_help_of_today(name: str) -> None:
    text = (PAGES / name).read_text(encoding="utf-8")
    assert rewrite(text, show) == text, "run: python tools/command_pages.py"


def test_the_tool_shows_what_a_start_prints() -> None:
    assert show_help(("local", "start")) == show(("local", "start"))


@pytest.mark.parametrize("path", [(), *list_paths()], ids=" ".join)
def test_every_command_stands_once_in_its_page(path: tuple[str, ...]) -> None:
    page = PAGES / (f"{path[0]}.md" if path else "README.md")
    assert list_blocks(page.read_text(encoding="utf-8")).count(path) == 1


def test_the_first_page_leads_to_all_others() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    assert {f"{word}.md" for word in COMMANDS} <= set(re.findall(r"\]\(([\w.]+)\)", text))


def test_the_first_page_has_every_exit_code() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert rows == [(str(int(each)), each.name) for each in Exit]


@pytest.mark.parametrize("name", NAMES)
def test_examples_use_what_exists(name: str) -> None:
    text = (PAGES / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks or name == "README.md", "the first page has help alone, the others have examples"
    for block in blocks:
        for line in block.splitlines():
            words = shlex.split(line)
            path = next(each for each in list_paths() if tuple(words[1 : len(each) + 1]) == each)
            given = {word for word in words if word.startswith("-") and len(word) > 1}
            assert given <= set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", show(path))), line
            assert all(Path(word).exists() for word in words if word.startswith("examples/"))


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    text = (PAGES / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) == text.count("](")
    for target in targets:
        assert (PAGES / target).exists(), target
