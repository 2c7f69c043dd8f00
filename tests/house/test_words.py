"""``tools/words.py`` finds words that a reader has to guess at, and the project has none."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.words import find_in_file, find_in_source, find_words, list_files

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("here.py")


def find_in(text: str) -> list[tuple[int, str]]:
    return [(finding.line, finding.what) for finding in find_in_source(HERE, text)]


@pytest.mark.parametrize(
    "text",
    [
        '"""What it does."""\n',
        'class A:\n    """Who calls."""\n',
        'def f():\n    """\n    Whether it runs.\n    """\n',
        'async def f():\n    """``How`` long."""\n',
    ],
)
def test_a_docstring_begins_with_no_question_word(text: str) -> None:
    ((_, what),) = find_in(text)
    assert what.startswith("a docstring begins with ")


@pytest.mark.parametrize(
    "text",
    [
        "def ring_bell(): ...\n",  # two words of the list in one name
        "x = 1  # nobody waits for the whoever\n",
        'def f():\n    """Open the door of the lane."""\n',
        'text = f"a bell {1} that somebody hears"\n',
    ],
)
def test_a_listed_word_is_found_in_a_name_a_comment_and_a_text(text: str) -> None:
    assert len(find_in(text)) == 2
    assert all(": write " in what for _, what in find_in(text))


@pytest.mark.parametrize(
    "text",
    [
        '"""Plain words: whatever they are."""\n',
        'text = "`ROOM` and ``Lane`` are quoted, https://example.org/doors is an address"\n',
        "worker = fire_timer = close_boundary = 1  # there is no room for more; it makes room\n",
        "earlier = adoor = 1\n",
    ],
)
def test_plain_words_and_quoted_code_are_not_found(text: str) -> None:
    assert find_in(text) == []


def test_a_page_is_read_whole_and_its_lines_are_counted_past_quoted_code(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Rooms\n\n```sh\nring doors\nnobody\n```\n\nCalls of `nobody`.\nThe bell.\n", encoding="utf-8")
    assert [finding.line for finding in find_in_file(page)] == [1, 9]
    assert list(find_words(page, 1, "Plain.")) == []


def test_the_files_of_a_place_are_sources_and_pages_without_the_list_itself() -> None:
    names = {path.name for path in list_files([ROOT / "tools"])}
    assert "mirror.py" in names
    assert "words.py" not in names
    assert [path.name for path in list_files([ROOT / "README.md"])] == ["README.md"]


def test_findings_are_printed_with_their_places() -> None:
    done = subprocess.run(
        [sys.executable, "tools/words.py", "tests/house/test_words.py"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert all(line.startswith("tests/house/test_words.py:") for line in lines[:-1])
    assert lines[-1] == f"words: {len(lines) - 1} findings"
