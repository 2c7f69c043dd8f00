"""``make docs`` names each fault by file and line: tried on a small site with one fault a page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from tools.website import build
from tools.website.languages import CHINESE, ENGLISH, Language

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[3]
INDEX = "# Site\n\n```{toctree}\n:glob:\n\n*\n```\n"
PAGES = {
    "good": "# Good\n\n[A part](other.md#its-part), [a file](../shown.py), [a heading](../NOTES.md#two-words), "
    "[a folder](../parts).\n",
    "other": "# Other\n\n## Its part\n\nWords.\n",
    "link": "# Link\n\nWords.\n\n[There](missing.md)\n",
    "anchor": "# Anchor\n\n[There](other.md#missing)\n",
    "folder": "# Folder\n\n[There](../missing)\n",
    "heading": "# Heading\n\n[There](../NOTES.md#missing)\n",
    "picture": "# Picture\n\n![A picture](images/missing.svg)\n",
    "html": "# HTML\n\n<picture><img src='images/a.svg'></picture>\n",
}
FAULTS = {
    "docs/link.md:5: ": "missing.md",
    "docs/anchor.md:3: ": "local id not found in doc 'other': 'missing'",
    "docs/folder.md:3: ": "../missing",
    "docs/heading.md:3: ": "NOTES.md has no anchor #missing",
    "docs/picture.md:3: ": "images/missing.svg",
    "docs/html.md:3: ": "write pictures in Markdown",
}
GOOD = ("good", "other")


def write(root: Path, pages: dict[str, str]) -> None:
    for name, text in pages.items():
        (root / "docs" / f"{name}.md").write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "project"
    (root / "docs" / "locales").mkdir(parents=True)
    (root / "parts").mkdir()
    shutil.copy2(ROOT / "docs" / "conf.py", root / "docs")
    for name in ("src", "tools"):
        (root / name).symlink_to(ROOT / name)
    (root / "shown.py").write_text("print('<1>')\n")
    (root / "parts" / "one.txt").write_text("one\n")
    (root / "NOTES.md").write_text("# Notes\n\n## Two words\n\n[Back](docs/good.md), [code](shown.py)\n")
    write(root, {"index": INDEX})
    return root


def run(root: Path, language: Language, capsys: pytest.CaptureFixture[str]) -> tuple[bool, list[str]]:
    passed = build.build(root, [language])
    return passed, capsys.readouterr().out.splitlines()


def test_every_fault_is_named_by_file_and_line(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")  # Sphinx colours its lines there, also where they go to no terminal.
    write(root, PAGES)
    passed, lines = run(root, ENGLISH, capsys)
    assert not passed
    for place, words in FAULTS.items():
        assert [line for line in lines if line.startswith(place) and words in line], (place, lines)
    named = [line for line in lines if line.startswith("docs/")]
    assert len(named) == len(FAULTS), named
    again = run(root, ENGLISH, capsys)
    assert again == (passed, lines), "the second run forgets faults of pages that have not changed"


def test_a_site_without_faults_is_built(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, {name: PAGES[name] for name in GOOD})
    assert run(root, ENGLISH, capsys) == (True, [])
    good = (root / "site/en/good.html").read_text(encoding="utf-8")
    for link in ("other.html#its-part", "repository/shown.py.html", "repository/NOTES.md.html#two-words"):
        assert f'href="{link}"' in good
    assert "&lt;1&gt;" in (root / "site/en/repository/shown.py.html").read_text(encoding="utf-8")
    assert 'href="parts/one.txt.html"' in (root / "site/en/repository/parts.html").read_text(encoding="utf-8")
    notes = (root / "site/en/repository/NOTES.md.html").read_text(encoding="utf-8")
    assert '<h2 id="two-words">' in notes
    assert 'href="../good.html"' in notes
    assert 'href="shown.py.html"' in notes


CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

msgid "A page"
msgstr "页面"

#, fuzzy
msgid "This sentence has changed."
msgstr "这句话变了。"

msgid "This one is the same in both: SCF."
msgstr "This one is the same in both: SCF."

msgid "This one is empty."
msgstr ""
"""
CHINESE_FAULTS = [
    ("docs/page.md:5: ", "the Chinese is marked as fuzzy: 'This sentence has changed.'"),
    ("docs/page.md:9: ", "no Chinese for 'This one is empty.'"),
    ("docs/page.md:11: ", "no Chinese for 'This one is not there.'"),
]
PAGE = (
    "# A page\n\n`code alone`\n\nThis sentence has changed.\n\nThis one is the same in both: SCF.\n\n"
    "This one is empty.\n\nThis one is not there.\n"
)


def test_every_sentence_without_chinese_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, {"index": INDEX.replace("Site", "`SCF`"), "page": PAGE})
    folder = root / "docs" / "locales" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "page.po").write_text(CATALOGUE, encoding="utf-8")
    passed, lines = run(root, CHINESE, capsys)
    assert not passed
    assert len(lines) == len(CHINESE_FAULTS), lines
    for line, (place, words) in zip(sorted(lines), sorted(CHINESE_FAULTS), strict=True):
        assert line.startswith(place), lines
        assert words in line
    text = CATALOGUE.replace("#, fuzzy\n", "").replace('empty."\nmsgstr ""', 'empty."\nmsgstr "空的。"')
    text += '\nmsgid "This one is not there."\nmsgstr "有了。"\n'
    (folder / "page.po").write_text(text, encoding="utf-8")
    assert run(root, CHINESE, capsys) == (True, [])
    shown = (root / "site/zh/page.html").read_text(encoding="utf-8")
    assert "<h1>页面" in shown
    assert "有了。" in shown
