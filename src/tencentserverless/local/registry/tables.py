"""SQL of what exists: functions and namespaces. Each function of this module is a change or a query for the store."""

import sqlite3
from collections.abc import Callable, Iterable

from tencentserverless.local.registry.encoding import (
    Kept,
    Locate,
    decode_function,
    decode_namespace,
    encode_function,
    encode_namespace,
)
from tencentserverless.local.registry.records import FunctionKey, Namespace

Change = Callable[[sqlite3.Connection], None]


def functions(locate: Locate) -> Callable[[sqlite3.Connection], dict[FunctionKey, Kept]]:
    """Every function, also those that were deleted and whose folders are there, in the order in which they came.

    :param locate: finds a code package
    """

    def query(connection: sqlite3.Connection) -> dict[FunctionKey, Kept]:
        rows = connection.execute("SELECT region, namespace, name, value FROM functions ORDER BY rowid")
        return {FunctionKey(region, space, name): decode_function(value, locate) for region, space, name, value in rows}

    return query


def namespaces(connection: sqlite3.Connection) -> list[Namespace]:
    """Every namespace that was made or changed."""
    return [decode_namespace(value) for (value,) in connection.execute("SELECT value FROM namespaces ORDER BY rowid")]


def put_functions(kept: Iterable[Kept]) -> Change:
    """Keep functions, in place of what is under their keys."""
    rows = [(*each.key, encode_function(each)) for each in kept]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO functions (region, namespace, name, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            rows,
        )

    return change


def remove_functions(keys: Iterable[FunctionKey]) -> Change:
    """Forget functions."""
    rows = list(keys)

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany("DELETE FROM functions WHERE region = ? AND namespace = ? AND name = ?", rows)

    return change


def put_namespace(namespace: Namespace) -> Change:
    """Keep a namespace, in place of one of its name."""
    row = (namespace.region, namespace.name, encode_namespace(namespace))

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO namespaces (region, name, value) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            row,
        )

    return change


def remove_namespace(region: str, name: str) -> Change:
    """Forget a namespace."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM namespaces WHERE region = ? AND name = ?", (region, name))

    return change
