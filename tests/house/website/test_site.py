"""The built site: complete, in both languages, and without anything from another origin."""

import importlib
import re
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from tencentserverless.cli.reference.error_catalogue import Catalogue
from tests.built_site import FOLDERS, ROOT, SITE, build_site, read_page
from tools.website import codes, error_pages

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

MAX_FIRST_PAGE_BYTES = 400_000
MODULES = ("scf", "aio", "models", "exception", "journal", "auth", "management", "testing", "local")
_OUTSIDE = re.compile(r"^//|^(?!data:)[a-z]+:", re.IGNORECASE)


@pytest.fixture(scope="module", autouse=True)
def built() -> tuple[bool, str]:
    return build_site()


def list_html() -> list[Path]:
    return sorted(SITE.rglob("*.html"))


def test_there_are_no_faults(built: tuple[bool, str]) -> None:
    assert built == (True, "docs: site/index.html\n")


def test_nothing_is_loaded_from_another_origin() -> None:
    loads = {(page, load) for page in list_html() for load in read_page(page).loads}
    assert len(loads) > 1000
    assert [each for each in loads if _OUTSIDE.match(each[1])] == []
    styles = [path.read_text(encoding="utf-8") for path in SITE.rglob("*.css")]
    targets = [target for text in styles for target in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", text)]
    assert [target for target in targets if _OUTSIDE.match(target)] == []


def test_every_link_leads_to_a_page_and_its_anchor() -> None:
    broken = []
    for page in list_html():
        for link in read_page(page).links:
            target, _, anchor = link.target.partition("#")
            if _OUTSIDE.match(target):
                continue
            path = (page.parent / target).resolve() if target else page
            if not path.is_file() or (anchor and path.suffix == ".html" and anchor not in read_page(path).anchors):
                broken.append((page.relative_to(SITE).as_posix(), link.target))
    assert broken == []


def test_everything_that_a_page_loads_is_there() -> None:
    for page in list_html():
        for load in read_page(page).loads:
            if not load.startswith("data:"):
                assert (page.parent / load.partition("?")[0]).is_file(), (page, load)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_first_page_is_small(folder: str) -> None:
    page = SITE / folder / "index.html"
    loaded = {(page.parent / load.partition("?")[0]).resolve() for load in read_page(page).loads if load[:5] != "data:"}
    assert len(loaded) > 4
    assert sum(path.stat().st_size for path in (page, *loaded)) <= MAX_FIRST_PAGE_BYTES


def test_both_languages_have_the_same_pages_and_lead_to_each_other() -> None:
    english, chinese = (
        {path.relative_to(SITE / folder) for path in (SITE / folder).rglob("*.html")} for folder in FOLDERS
    )
    assert english == chinese
    assert len(english) > 60
    for name in english:
        for here, there in (FOLDERS, FOLDERS[::-1]):
            page = read_page(SITE / here / name)
            assert page.language == {"en": "en", "zh": "zh-CN"}[here]
            targets = [
                ((SITE / here / name).parent / link.target).resolve() for link in page.links if "://" not in link.target
            ]
            assert (SITE / there / name).resolve() in targets, (here, name)


def test_the_entrance_leads_to_both_languages_without_scripts() -> None:
    links = [link.target for link in read_page(SITE / "index.html").links]
    assert links == ["en/index.html", "zh/index.html"]
    assert read_page(SITE / "index.html").loads == []


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_public_name_is_in_the_reference(module: str, folder: str) -> None:
    anchors = read_page(SITE / folder / "reference" / "python" / f"{module}.html").anchors
    names = importlib.import_module(f"tencentserverless.{module}").__all__
    official = (
        {"TencentCloudSDKException", "TencentServerlessSDKException"}
        if module == "scf"
        else {"TencentCloudSDKException"}
    )
    assert {f"tencentserverless.{module}.{name}" for name in names if name not in official} <= anchors


def test_the_reference_has_every_public_module() -> None:
    package = ROOT / "src" / "tencentserverless"
    public = [*package.glob("[a-z]*.py"), *package.glob("[a-z]*/__init__.py")]
    with_names = {
        path.parent.name if path.stem == "__init__" else path.stem
        for path in public
        if "\n__all__ = [" in path.read_text()
    }
    assert with_names == set(MODULES)


@pytest.mark.parametrize("folder", FOLDERS)
def test_parameters_are_shown_as_lists(folder: str) -> None:
    text = (SITE / folder / "reference" / "python" / "scf.html").read_text(encoding="utf-8")
    assert ":param" not in text
    assert ":raises" not in text
    assert {"en": "Parameters", "zh": "参数"}[folder] in text


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_code_has_its_anchor(folder: str) -> None:
    for page in error_pages.read_pages().values():
        anchors = read_page(SITE / folder / "reference" / "errors" / f"{page.name}.html").anchors
        assert {codes.make_anchor(entry.code) for entry in page.entries} <= anchors


def test_the_chinese_pages_of_errors_and_commands_are_chinese() -> None:
    entry = Catalogue().find("433")
    assert entry is not None
    errors = (SITE / "zh" / "reference" / "errors" / "statuses.html").read_text(encoding="utf-8")
    assert entry.fix["zh"] in errors
    assert entry.fix["en"] not in errors
    commands = (SITE / "zh" / "reference" / "cli" / "local.html").read_text(encoding="utf-8")
    assert "用法: scf local start" in commands
    assert "Usage: scf" not in commands


#: What a reader asks on the start page, the page with the answer, and words of the answer.
QUESTIONS = {
    "how to call from Flask": ("how-to/flask.html", "from flask import"),
    "what MAYBE means": ("understand/delivery.html", "MAYBE"),
    "why 433": ("reference/errors/statuses.html", 'id="code-433"'),
    "how to test": ("how-to/testing.html", "scf_local"),
    "how to deploy": ("how-to/deploy.html", "scf deploy"),
    "what is not faithful": ("understand/fidelity.html", "faithful"),
}
MOST_LINKS = 2


def follow(folder: str, links: int) -> set[str]:
    """The pages that so many links lead to, from the start page: only links in the text of a page count."""
    start = SITE / folder / "index.html"
    seen = {start}
    for _ in range(links):
        for page in tuple(seen):
            targets = [link.target.partition("#")[0] for link in read_page(page).links if link.in_article]
            seen.update((page.parent / target).resolve() for target in targets if target and not _OUTSIDE.match(target))
        seen = {page for page in seen if page.suffix == ".html"}
    return {page.relative_to(SITE / folder).as_posix() for page in seen if page.is_relative_to(SITE / folder)}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_two_links_lead_to_the_answer(folder: str, question: str) -> None:
    name, words = QUESTIONS[question]
    assert name in follow(folder, MOST_LINKS)
    text = re.sub(r"</?span[^>]*>", "", (SITE / folder / name).read_text(encoding="utf-8"))
    assert words in text or folder == "zh"
