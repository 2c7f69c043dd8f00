"""The session of a request, and the one that an answer names: a value of a header, a cookie or a parameter.

The answer counts too, because a server that makes the name of a session itself, as those of MCP do, tells it first
there. Pure.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qsl

from tencentserverless.local.registry.web_settings import SessionSettings

_MAX_CHARS = 128  # of a name as it is; a longer one is kept as its hash
_MAX_FIELDS = 1000

Header = tuple[bytes, bytes]


def session_of_request(settings: SessionSettings, headers: Sequence[Header], url: str) -> str | None:
    """Return the session that a request belongs to, ``""`` for none yet, None if it can't belong to one.

    :param headers: names in lower case
    :param url: path and query
    """
    path, _, query = url.partition("?")
    if not path.startswith(settings.path):
        return None
    if settings.source == "QUERY_STRING":
        return _short(_of_query(query, settings.name)) or None  # no answer can name one
    if settings.source == "COOKIE":
        return _short(_of_cookies(_values(headers, b"cookie"), settings.name))
    return _short(next(_values(headers, settings.name.lower().encode("latin-1", "replace")), ""))


def session_of_answer(settings: SessionSettings, headers: Iterable[Header]) -> str:
    """Return the session that an answer names, ``""`` for none."""
    if settings.source == "COOKIE":
        return _short(_of_cookies(_values(headers, b"set-cookie"), settings.name, is_set=True))
    if settings.source == "HEADER":
        return _short(next(_values(headers, settings.name.lower().encode("latin-1", "replace")), ""))
    return ""


def _values(headers: Iterable[Header], name: bytes) -> Iterator[str]:
    return (value.decode("latin-1").strip() for each, value in headers if each.lower() == name)


def _of_query(query: str, name: str) -> str:
    try:
        pairs = parse_qsl(query, max_num_fields=_MAX_FIELDS)
    except ValueError:  # too many parameters
        return ""
    return next((value for key, value in pairs if key == name), "")


def _of_cookies(texts: Iterable[str], name: str, *, is_set: bool = False) -> str:
    """Find a cookie in the headers Cookie or, where what follows a cookie are its attributes, Set-Cookie."""
    for text in texts:
        for part in text.split(";")[: 1 if is_set else None]:
            key, _, value = part.partition("=")
            if key.strip() == name:
                return value.strip().strip('"')
    return ""


def _short(name: str) -> str:
    return name if len(name) <= _MAX_CHARS else hashlib.sha256(name.encode("latin-1", "replace")).hexdigest()
