"""A browser in a process of its own: Playwright's loop would be a running loop in the process of the tests.

``python browser_process.py CHROMIUM`` reads one command a line, a list in JSON, and answers each with one line: its
value, or the error.
"""

import json
import sys
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

#: Nothing but this machine's own addresses is asked for; a browser for tests may run as root, which has no sandbox.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *localhost, EXCLUDE 127.0.0.1",
)
WAIT_MS = 20_000


class Window:
    """One profile of the browser, with one page."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._said: list[str] = []

    def renew(self, options: dict[str, Any] | None = None) -> None:
        """Begin with an empty profile; ``options`` are those of a context of Playwright, such as its locale."""
        if self._context is not None:
            self._context.close()
        self._said.clear()
        self._context = self._browser.new_context(**(options or {}))
        self._context.set_default_timeout(WAIT_MS)
        self._page = self._context.new_page()
        self._page.on("console", lambda message: self._said.append(message.text))
        self._page.on("pageerror", lambda error: self._said.append(f"uncaught: {error}"))

    def begin_with(self, script: str) -> None:
        """Run this before the scripts of each page that is visited."""
        self._context.add_init_script(script)

    def visit(self, url: str) -> dict[str, Any]:
        """Go to an address as a user does."""
        answer = self._page.goto(url)
        return {
            "status": answer.status,
            "headers": answer.all_headers(),
            "url": self._page.url,
            "text": self._page.inner_text("body"),
        }

    def click(self, selector: str) -> dict[str, Any]:
        """Click on what leads to another page."""
        with self._page.expect_navigation() as navigation:
            self._page.click(selector)
        return self._shown(navigation.value.status)

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        self._page.keyboard.press(key)

    def push(self, selector: str) -> None:
        """Click on what leads to no other document."""
        self._page.click(selector)

    def write(self, selector: str, text: str) -> None:
        """Write into a field, in place of what is there."""
        self._page.fill(selector, text)

    def choose(self, selector: str, value: str) -> None:
        """Choose from a list."""
        self._page.select_option(selector, value)

    def see(self, selector: str, state: str = "visible") -> None:
        """Wait until something is there; ``state`` is one of Playwright's."""
        self._page.wait_for_selector(selector, state=state)

    def await_true(self, script: str, argument: object = None) -> None:
        """Wait until a function of JavaScript gives something true."""
        self._page.wait_for_function(script, arg=argument)

    def texts(self, selector: str) -> list[str]:
        """The texts of all that a selector finds."""
        return self._page.locator(selector).all_inner_texts()

    def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        self._page.set_viewport_size({"width": width, "height": height})

    def picture(self, path: str) -> None:
        """Write a picture of what is in sight."""
        self._page.screenshot(path=path, animations="disabled", caret="hide")

    def judge(self) -> list[str]:
        """The violations that axe-core finds, each with the first place of it."""
        from axe_playwright_python.sync_playwright import Axe  # only some tests need it

        found = Axe().run(self._page).response["violations"]
        return [f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}" for each in found]

    def run(self, script: str, argument: object = None) -> object:
        """The value of a function of JavaScript in the page."""
        return self._page.evaluate(script, argument)

    def cookies(self) -> list[dict[str, Any]]:
        """The cookies of the profile."""
        return self._context.cookies()

    def said(self) -> list[str]:
        """What the page, and the browser about it, wrote on the console."""
        return self._said

    def _shown(self, status: int) -> dict[str, Any]:
        return {"status": status, "url": self._page.url, "text": self._page.inner_text("body")}


def main(chromium: str) -> None:
    """Serve commands until the input ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS, timeout=WAIT_MS)
        window = Window(browser)
        print(json.dumps(["ready", browser.version]), flush=True)
        for line in sys.stdin:
            name, *arguments = json.loads(line)
            try:
                answer = ["value", getattr(window, name)(*arguments)]
            except Error as error:
                answer = ["error", str(error)]
            print(json.dumps(answer), flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
