"""A page names one picture, and shows that of its language and of its colours."""

from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from tools.website.pictures import choose_picture, find_dark


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tour", "tour-zh", "tour-dark", "tour-zh-dark", "page-en", "page-zh", "plot"):
        (tmp_path / f"{name}.svg").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "chinese"), [("tour", "tour-zh"), ("page-en", "page-zh"), ("plot", "plot"), ("missing", "missing")]
)
def test_the_picture_of_the_language(folder: Path, name: str, chinese: str) -> None:
    assert choose_picture(folder / f"{name}.svg", is_chinese=True).stem == chinese
    assert choose_picture(folder / f"{name}.svg", is_chinese=False).stem == name


@pytest.mark.parametrize(("name", "dark"), [("tour", "tour-dark"), ("tour-zh", "tour-zh-dark"), ("plot", None)])
def test_the_dark_picture(folder: Path, name: str, dark: str | None) -> None:
    found = find_dark(folder / f"{name}.svg")
    assert (found.stem if found else None) == dark
