"""Files outside docs are pages of the site: code as it stands, Markdown as a page, folders as lists."""

from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from tools.website.repository import view

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "docs/a/page.md": "# A page\n",
        "docs/images/plot.svg": "<svg/>",
        "parts/one.py": "x = '<&>'\n",
        "parts/deep/two.txt": "two\n",
        "parts/__pycache__/one.pyc": "",
        "parts/.hidden": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_code_is_shown_as_it_stands(root: Path) -> None:
    shown = view(root, "parts/one.py")
    assert shown.title == "parts/one.py"
    assert "&lt;&amp;&gt;" in shown.body
    assert "<&>" not in shown.body


def test_a_folder_lists_its_files(root: Path) -> None:
    shown = view(root, "parts")
    assert shown.links == {"parts/one.py", "parts/deep/two.txt"}
    assert '<a href="parts/deep/two.txt.html">parts/deep/two.txt</a>' in shown.body
    assert "pyc" not in shown.body
    assert "hidden" not in shown.body


def test_links_of_markdown_lead_to_pages_of_the_site(root: Path) -> None:
    (root / "parts/NOTES.md").write_text(
        "# Notes\n\n## Its part\n\n## Its part\n\n[Page](../docs/a/page.md#there), [code](one.py), [here](#its-part), "
        "[far](https://example.com/), [none](missing.md)\n\n![Plot](../docs/images/plot.svg)\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    shown = view(root, "parts/NOTES.md")
    assert shown.title == "Notes"
    assert shown.anchors == {"notes", "its-part", "its-part-1"}
    assert shown.links == {"parts/one.py"}
    for part in (
        'href="../../a/page.html#there"',
        'href="one.py.html"',
        'href="#its-part"',
        'href="https://example.com/"',
        'src="../../_images/plot.svg"',
        "<table>",
    ):
        assert part in shown.body


def test_markdown_brings_no_html_of_its_own(root: Path) -> None:
    (root / "parts/NOTES.md").write_text("# Notes\n\n<script>1</script>\n\nWords <b>here</b>.\n")
    assert "<script>" not in view(root, "parts/NOTES.md").body
    assert "<b>" not in view(root, "parts/NOTES.md").body


@pytest.mark.parametrize("path", ["CONTRIBUTING.md", "benchmarks/RESULTS.md", "examples/functions", "LICENSE"])
def test_files_of_this_project_can_be_shown(path: str) -> None:
    assert len(view(ROOT, path).body) > 100
