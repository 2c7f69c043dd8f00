"""The ids in the hosts of function URLs: ten lower-case letters and digits, one for each version or alias.

An id is made when it is first asked for, and kept: the URL of a version or alias is the same after a restart, after a
change of its trigger, and with another trigger in its place.
"""

import secrets
import sqlite3
import string
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey

ID_CHARS = 10
_ALPHABET = string.ascii_lowercase + string.digits


class UrlPlace(NamedTuple):
    """The version or alias that an id leads to."""

    key: FunctionKey
    qualifier: str


class UrlIds:
    """Knows every id, in memory; the database is read once.

    :raises DatabaseError: if the database can't be read
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places: dict[str, UrlPlace] = dict(database.read_now(_read))
        self._ids: dict[UrlPlace, str] = {place: each for each, place in self._places.items()}

    def find(self, url_id: str) -> UrlPlace | None:
        """Return what an id leads to, None if it was never given."""
        return self._places.get(url_id)

    def known(self, place: UrlPlace) -> str | None:
        """Return the id of a version or alias, None if it was not given yet."""
        return self._ids.get(place)

    def give(self, key: FunctionKey, qualifier: str) -> str:
        """Return the id of a version or alias; a new one the first time.

        :raises DatabaseError: if a new id can't be stored
        """
        place = UrlPlace(key, qualifier)
        found = self._ids.get(place)
        if found is not None:
            return found
        made = _make_id()
        while made in self._places:
            made = _make_id()
        self._database.write_now(_put(made, place))
        self._places[made], self._ids[place] = place, made
        return made


def _make_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(ID_CHARS))


def _read(connection: sqlite3.Connection) -> Mapping[str, UrlPlace]:
    rows = connection.execute("SELECT id, region, namespace, name, qualifier FROM urls")
    return {
        url_id: UrlPlace(FunctionKey(region, space, name), qualifier) for url_id, region, space, name, qualifier in rows
    }


def _put(url_id: str, place: UrlPlace) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO urls (id, region, namespace, name, qualifier) VALUES (?, ?, ?, ?, ?)",
            (url_id, *place.key, place.qualifier),
        )

    return change
