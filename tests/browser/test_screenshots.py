"""The pictures of the pages are there, in both languages, light and dark, and small."""

from pathlib import Path

from PIL import Image, ImageStat

from tests.browser.screenshots import LOCALES, MOST_BYTES, PAGES, SCHEMES

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def test_every_page_has_a_small_picture_in_both_languages_light_and_dark() -> None:
    pictures = {path.name: path.stat().st_size for path in IMAGES.glob("dashboard-*.png")}
    names = [f"dashboard-{page}-{language}" for page in PAGES for language in LOCALES]
    assert set(pictures) == {f"{name}{ending}.png" for name in names for ending in SCHEMES}
    assert {name: size for name, size in pictures.items() if size >= MOST_BYTES} == {}


def test_the_dark_pictures_are_dark() -> None:
    def find_light(path: Path) -> float:
        with Image.open(path) as picture:
            return ImageStat.Stat(picture.convert("L")).mean[0]

    for path in IMAGES.glob("dashboard-*.png"):
        assert (find_light(path) < 128) == path.stem.endswith("-dark"), path.name


def test_all_pictures_together_are_small() -> None:
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) <= 4 * 1024 * 1024
