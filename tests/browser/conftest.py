"""Chromium, driven by Playwright from a process of its own. It is the system's: no browser is downloaded."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.judges import is_foreign

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ANSWER_SECONDS = 60


class BrowserError(Exception):
    """The page, or the browser, refused."""


class Browser:
    """Sends commands to the browser: what it can is in ``browser_process.Window``."""

    def __init__(self, chromium: str, folder: Path) -> None:
        environment = {name: text for name, text in os.environ.items() if not is_foreign(name)}
        environment |= {"HOME": str(folder), "TMPDIR": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).parent / "browser_process.py", chromium],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            encoding="utf-8",
        )
        self.version: str = self._read()

    def ask(self, name: str, *arguments: object) -> Any:
        """The value of a command.

        :raises BrowserError: if it failed
        """
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        return self._read()

    @property
    def pid(self) -> int:
        """Process id of the program that drives the browser, which is below it."""
        return self._process.pid

    def close(self) -> None:
        """End the browser."""
        try:
            self._process.communicate(timeout=ANSWER_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()

    def _read(self) -> Any:
        assert wait([self._process.stdout], ANSWER_SECONDS), "the browser does not answer"
        line = self._process.stdout.readline()
        assert line, "the browser has ended"
        kind, value = json.loads(line)
        if kind == "error":
            raise BrowserError(value)
        return value


def find_chromium() -> str | None:
    """The path of the system's browser."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser of a worker."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("Playwright is not installed")
    path = find_chromium()
    if path is None:
        pytest.skip(f"none of {', '.join(PROGRAMS)} is on PATH")
    browser = Browser(path, tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The browser with an empty profile and an empty page."""
    chromium.ask("renew")
    return chromium
