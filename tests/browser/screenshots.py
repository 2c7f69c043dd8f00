"""Pictures of every page of the dashboard, in both languages, light and dark, from a real run of the shop.

    python -m tests.browser.screenshots FOLDER      such as docs/images

Needs Chromium and a Chinese font. Each picture is FOLDER/dashboard-PAGE-LANGUAGE.png, the dark one ends in -dark.png,
and all are small.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from tencentserverless.local.control import ask
from tests import forkserver
from tests.browser import shop
from tests.browser.conftest import Browser, find_chromium
from tests.conftest import LocalScf, Starter, wait_until

MOST_BYTES = 60 * 1024
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
#: The schemes of colours, by the ending of a picture's name.
SCHEMES = {"": "light", "-dark": "dark"}
SIZE = {"width": 1080, "height": 620}
COLOURS = 128
#: A retry comes after twelve seconds: late enough for the picture of those to come, soon enough for the ledger.
TIME_SCALE = 5
NO_FONT = "there is no Chinese font here; on Debian: apt-get install fonts-wqy-microhei"
#: The folder of the run is called as if it were a user's.
SHOWN_FOLDER = "/home/ada/shop"
RENAME = """([from, to]) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replaceAll(from, to);
    document.querySelectorAll("textarea").forEach((field) => { field.rows = 6; });
}"""
SETTLED = "() => document.querySelector('main h1') && !document.querySelector('[aria-busy]')"


def show(address: str, seen: str) -> Callable[[Browser], None]:
    """Return a way to a page: its address, and what is there when it is whole."""

    def open_page(browser: Browser) -> None:
        browser.ask("run", "page => { location.hash = `#/${page}` }", address)
        browser.ask("see", seen)

    return open_page


def show_invocation(browser: Browser) -> None:
    """Open the invocation that has failed, which was run again."""
    show("invocations?status=failed&function=order", ".line")(browser)
    browser.ask("push", ".list .body .line:last-child a")
    browser.ask("see", "main tbody tr:nth-child(2)")


PLACE = "functions/ap-guangzhou/default"
PAGES: dict[str, Callable[[Browser], None]] = {
    "overview": show("", ".line .sparkline"),
    "function": show(f"{PLACE}/order", "textarea"),
    "configuration": show(f"{PLACE}/order?tab=configuration", "td"),
    "invocations": show("invocations", ".line .mark"),
    "invocation": show_invocation,
    "requests": show("traces", ".line code"),
    "events": show("events", "tbody"),
    "timers": show("timers", "tbody"),
    "chaos": show("chaos", "tr.twice"),
}


def shrink(path: Path) -> int:
    """Write a picture anew, with few colours; its size."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path.stat().st_size


def sign_in(server: LocalScf, browser: Browser, locale: str, scheme: str = "light") -> None:
    """Begin in a language, with a light or a dark system."""
    browser.ask("renew", {"locale": locale, "viewport": SIZE, "color_scheme": scheme, "timezone_id": "Asia/Shanghai"})
    browser.ask("visit", ask(server.env, "POST", "links")[1]["url"])
    browser.ask("see", "main h1")


def mend(server: LocalScf, browser: Browser, project: Path) -> None:
    """Mend the function that has failed, and run its call again."""
    sign_in(server, browser, LOCALES["en"])
    show("invocations?status=failed&function=order", ".line a")(browser)
    browser.ask("push", ".list .body .line a")
    (project / "order" / "index.py").write_text(shop.MENDED)
    wait_until(lambda: "[order] changed; the next call runs it" in server.stderr)
    browser.ask("push", ".title .actions button")
    browser.ask("see", "main tbody tr:nth-child(2)")


def take(server: LocalScf, browser: Browser, folder: Path, project: Path) -> int:
    """Take all pictures; the size of the largest."""
    largest = 0
    for language, locale in LOCALES.items():
        shop.spawn(server, "mail", {"to": "eve@example.com"})
        for ending, scheme in SCHEMES.items():  # a chart has the colours that it was drawn with
            sign_in(server, browser, locale, scheme)
            for name, open_page in PAGES.items():
                open_page(browser)
                browser.ask("await_true", SETTLED)
                browser.ask("run", RENAME, [str(project), SHOWN_FOLDER])
                path = folder / f"dashboard-{name}-{language}{ending}.png"
                browser.ask("picture", str(path))
                largest = max(largest, shrink(path))
    return largest


def main(folder: Path) -> int:
    """Run the shop and take the pictures."""
    chromium = find_chromium()
    if chromium is None:
        print("there is no Chromium here")
        return 1
    if not subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout:
        print(NO_FONT)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        project = shop.write_shop(Path(scratch) / "shop")
        server = Starter(Path(scratch), stack)(project, "--time-scale", TIME_SCALE)
        browser = Browser(chromium, Path(scratch))
        stack.callback(browser.close)
        ask(server.env, "PUT", "ledger", {"is_on": True})
        ask(server.env, "PUT", "faults", {"rules": [{"kind": "delay", "function": "rep*", "first": 2, "seconds": 1}]})
        shop.run_shop(server)
        mend(server, browser, project)
        largest = take(server, browser, folder, project)
    forkserver.close_templates()
    print(f"screenshots: {len(PAGES) * len(LOCALES) * len(SCHEMES)} in {folder}, the largest has {largest} bytes")
    return 0 if largest < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
