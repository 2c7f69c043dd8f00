"""The documentation site in a real browser, in both languages: it is accessible, and its search finds."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: the site needs Python 3.11 or later")

from tests.browser.conftest import Browser
from tests.built_site import FOLDERS, SITE, build_site

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

PAGES = {
    "start": "index.html",
    "how-to": "how-to/testing.html",
    "API": "reference/python/scf.html",
    "error": "reference/errors/statuses.html",
    "command": "reference/cli/local.html",
    "search": "search.html",
    "file": "repository/examples/functions/FuncInvoked/index.py.html",
}


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the built site."""
    build_site()
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=SITE)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_axe_finds_nothing(address: str, browser: Browser, folder: str, page: str, scheme: str) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    browser.ask("renew", {"color_scheme": scheme})
    assert browser.ask("visit", f"{address}/{folder}/{PAGES[page]}")["status"] == 200
    browser.ask("see", "article h1")
    assert browser.ask("judge") == []
    assert browser.ask("said") == []


@pytest.mark.parametrize(
    ("folder", "query", "page"),
    [
        ("en", "433", "reference/errors/statuses.html#code-433"),
        (
            "en",
            "ResourceNotFound.FunctionName",
            "reference/errors/ResourceNotFound.html#code-ResourceNotFound-FunctionName",
        ),
        ("en", "FunctionTimeout", "reference/errors/statuses.html"),
        ("en", "invoke from asyncio", "reference/python/aio.html"),
        ("zh", "433", "reference/errors/statuses.html#code-433"),
        (
            "zh",
            "ResourceNotFound.FunctionName",
            "reference/errors/ResourceNotFound.html#code-ResourceNotFound-FunctionName",
        ),
        ("zh", "函数不存在", "reference/errors/ResourceNotFound.html"),
        ("zh", "提高函数的超时时间", "reference/errors/statuses.html"),
    ],
)
def test_the_search_finds(address: str, browser: Browser, folder: str, query: str, page: str) -> None:
    browser.ask("visit", f"{address}/{folder}/index.html")
    browser.ask("write", "input.sidebar-search", query)
    browser.ask("press", "Enter")
    browser.ask("see", "#search-results ul.search li a")
    browser.ask("await_true", "() => Search.status.innerText !== ''")  # the results come one by one
    links = browser.ask("run", "() => [...document.querySelectorAll('ul.search li a')].map(each => each.href)")
    assert any(link.partition("?")[0].partition("#")[0].endswith(page.partition("#")[0]) for link in links), links
    if "#" in page:
        assert any(link.endswith(page) for link in links), links


@pytest.mark.parametrize(("folder", "query", "page"), [("en", "retries", "retries"), ("zh", "重试", "retries")])
def test_a_page_whose_title_has_the_query_comes_first(
    address: str, browser: Browser, folder: str, query: str, page: str
) -> None:
    browser.ask("visit", f"{address}/{folder}/search.html?q={query}")
    browser.ask("see", "#search-results ul.search li a")
    browser.ask("await_true", "() => Search.status.innerText !== ''")
    first = browser.ask("run", "() => document.querySelector('ul.search li a').href")
    assert f"/{folder}/how-to/{page}.html" in first


@pytest.mark.parametrize(("locale", "folder"), [("zh-CN", "zh"), ("zh-TW", "zh"), ("en-GB", "en"), ("fr-FR", "en")])
def test_the_entrance_takes_the_language_of_the_browser(
    address: str, browser: Browser, locale: str, folder: str
) -> None:
    browser.ask("renew", {"locale": locale})
    browser.ask("visit", f"{address}/")
    browser.ask("await_true", "folder => location.pathname === `/${folder}/index.html`", folder)


def test_the_entrance_works_without_scripts(address: str, browser: Browser) -> None:
    browser.ask("renew", {"java_script_enabled": False})
    browser.ask("visit", f"{address}/")
    assert browser.ask("click", "a[lang=zh-CN]")["url"].endswith("/zh/index.html")


def test_the_languages_lead_to_each_other(address: str, browser: Browser) -> None:
    browser.ask("visit", f"{address}/en/{PAGES['error']}")
    there = browser.ask("click", ".site-languages a")
    assert there["url"].endswith(f"/zh/{PAGES['error']}")
    assert "函数状态码" in there["text"]
