"""``scf local open``: open the dashboard of the local SCF in a browser."""

import contextlib
import html
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import click

from tencentserverless.cli.api.local_server import find_source, server_options
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.1
_PAGE = '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
_STEP = '<meta http-equiv="refresh" content="0;url={link}"><title>SCF local</title><a href="{link}">SCF local</a>\n'


@click.command("open")
@server_options
@click.option("--print", "is_printed", is_flag=True, help="Show the link on this terminal; open no browser.")
def open_dashboard(state: Path | None, env_file: Path | None, is_printed: bool) -> None:
    """Open the dashboard of the local SCF in your browser, which stays signed in for a week.

    The link that signs it in is good once, for two minutes. It is shown on a terminal alone.
    """
    from tencentserverless.local.serve import make_link

    source = find_source(state, env_file)
    if is_printed:
        if not printing.is_terminal(sys.stdout):
            raise click.UsageError("--print shows a link that signs a browser in: on a terminal alone")
        printing.answer(make_link(source))
        return
    link = make_link(source)
    with _page_that_leads_to(link) as page:
        if webbrowser.open(page.as_uri()) and _is_opened(source, link):
            printing.notice("the dashboard is open in your browser")
            return
    _show(make_link(source))


@contextlib.contextmanager
def _page_that_leads_to(link: str) -> Iterator[Path]:
    """Write a page that only this user can read: other users see the arguments of a browser, and no link is there."""
    with tempfile.TemporaryDirectory(prefix="scf-") as folder:  # mode 0700
        page = Path(folder) / "open.html"
        page.write_text(_PAGE + _STEP.format(link=html.escape(link)), encoding="utf-8")
        yield page


def _is_opened(source: Path, link: str) -> bool:
    from tencentserverless.local.serve import is_link_used

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if is_link_used(source, link):
            return True
        time.sleep(_LOOK_SECONDS)
    return False


def _show(link: str) -> None:
    """No browser has come: a terminal shows a link in its place.

    :raises Failure: without a terminal
    """
    if not printing.is_terminal(sys.stdout):
        raise Failure(Exit.INPUT, "no browser opens here; on a terminal, scf local open --print shows a link for one")
    printing.notice("no browser has opened the dashboard; open this link in one, within two minutes:")
    printing.answer(link)
