"""Custom domains: host names of the user, and the functions that requests to their paths go to.

Source: cloud.tencent.com/document/api/583/111926 (CreateCustomDomain), and the texts of EndpointsConf and of
PathRewriteRule in the official SDK (2018-04-16).
"""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from tencentserverless.local.registry.database import Database

PROTOCOLS = ("HTTP", "HTTPS", "HTTP&HTTPS")
WILDCARD, EXACT = "WildcardRules", "ExactRules"
REWRITE_KINDS = (WILDCARD, EXACT)
WAF_STATES = ("OPEN", "CLOSE")
MAX_DOMAIN_CHARS = 253
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: A host name of two labels at least, of which the last is no number: an address is no domain.
DOMAIN_NAME = re.compile(rf"(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}\Z")
#: What a path becomes: a part of a request line, as it stands.
REWRITTEN = re.compile(r"/[\x21-\x7e]*\Z")
#: ``/``, ``/*``, ``/xxx``, ``/xxx/a``, ``/xxx/*``: a star stands alone at the end.
PATH = re.compile(r"/(?:[^\s*?#\x00-\x20]*|(?:[^\s*?#\x00-\x20]*/)?\*)\Z")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Another path for requests to a path, as the function sees it."""

    path: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """The version of a function that requests to a path go to."""

    path: str
    namespace: str
    function: str
    qualifier: str
    rewrites: tuple[Rewrite, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A custom domain. It belongs to one region, for its CNAME record names one.

    :param name: as it was given; letter case makes no other domain
    """

    name: str
    region: str
    protocol: str
    routes: tuple[Route, ...]
    certificate: str = ""
    waf: str = "CLOSE"
    waf_instance: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    created_at: float = 0.0
    changed_at: float = 0.0


class CustomDomains:
    """Finds custom domains by name. A change is in the database before it is here.

    Every change raises ``DatabaseError`` if it can't be stored; then nothing has changed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._domains: dict[str, CustomDomain] = dict(database.read_now(_read))

    def find(self, name: str) -> CustomDomain | None:
        """Return the domain of a name, in whatever region; None if there is none."""
        return self._domains.get(name.lower())

    def of_region(self, region: str) -> list[CustomDomain]:
        """Return the domains of a region, in order of creation."""
        return [each for each in self._domains.values() if each.region == region]

    def put(self, domain: CustomDomain) -> None:
        """Store a domain, in place of one of its name."""
        name = domain.name.lower()
        self._database.write_now(_put(name, msgspec.json.encode(domain)))
        self._domains[name] = domain

    def remove(self, name: str) -> None:
        """Delete a domain."""
        self._database.write_now(_remove(name.lower()))
        del self._domains[name.lower()]


def _read(connection: sqlite3.Connection) -> Mapping[str, CustomDomain]:
    rows = connection.execute("SELECT name, value FROM custom_domains ORDER BY rowid")
    return {name: msgspec.json.decode(value, type=CustomDomain) for name, value in rows}


def _put(name: str, value: bytes) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO custom_domains (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (name, value),
        )

    return change


def _remove(name: str) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM custom_domains WHERE name = ?", (name,))

    return change
