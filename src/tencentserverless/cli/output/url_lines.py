"""The lines that show the URLs of functions."""

from collections.abc import Iterable, Mapping

_MOST = 10


def list_urls(urls: Iterable[Mapping[str, str]], *, has_status: bool) -> list[str]:
    """Return a line for each URL of a status, and one for those that are too many.

    :param has_status: ``scf local status`` finds the server, and shows the others
    """
    found = list(urls)
    most = _MOST if has_status else len(found)
    lines = []
    for each in found[:most]:
        name = each["function"].rpartition("/")[2]
        lines.append(f"{name} ({each['qualifier']}) is at {each['url']} or {each['local_url']}")
    if len(found) > most:
        lines.append(f"and {len(found) - most} more URLs: scf local status")
    return lines


def show_url(url: Mapping[str, str]) -> str:
    """Return the line of one URL, with the whole name of its function."""
    return f"{url['function']} ({url['qualifier']}) is at {url['url']} or {url['local_url']}"
