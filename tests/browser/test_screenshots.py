"""The pictures of the pages are there, in both languages, and small."""

from pathlib import Path

from tests.browser.screenshots import LOCALES, MOST_BYTES, PAGES

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def test_every_page_has_a_small_picture_in_both_languages() -> None:
    pictures = {path.name: path.stat().st_size for path in IMAGES.glob("dashboard-*.png")}
    assert set(pictures) == {f"dashboard-{page}-{language}.png" for page in PAGES for language in LOCALES}
    assert {name: size for name, size in pictures.items() if size >= MOST_BYTES} == {}
