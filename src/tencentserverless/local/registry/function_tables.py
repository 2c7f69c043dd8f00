"""Functions and namespaces in the database: their SQL, and their values as JSON.

The JSON names code packages only by their hash. A package's path follows from its hash and from the present path of the
state folder, so that the folder may be moved. Each public function is a change or a query for the database, or converts
a value to JSON or back.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, Namespace, Package

Change = Callable[[sqlite3.Connection], None]
#: Returns the code package of a hash and a size.
Locate = Callable[[str, int], Package]


class StoredFunction(NamedTuple):
    """The stored data of a function.

    :param function: None for a deleted function whose folder still exists
    :param source_record: the version as the user's folder defined it at the last scan; None if the function never came
        from a folder
    :param digest: of the folder's content at that scan; ``""`` if the content was not read
    :param place: the serverless.yml, or the folder if it has none; None if unknown
    """

    function: Function | None
    source_record: FunctionRecord | None
    digest: str = ""
    place: Path | None = None

    @property
    def key(self) -> FunctionKey:
        """Key of the function."""
        if self.function is not None:
            return self.function.key
        assert self.source_record is not None, "what has neither a function nor a folder is not kept"
        return self.source_record.key


def functions(locate: Locate) -> Callable[[sqlite3.Connection], dict[FunctionKey, StoredFunction]]:
    """Return every function in order of creation, including deleted ones whose folders still exist.

    :param locate: returns a code package
    """

    def query(connection: sqlite3.Connection) -> dict[FunctionKey, StoredFunction]:
        rows = connection.execute("SELECT region, namespace, name, value FROM functions ORDER BY rowid")
        return {FunctionKey(region, space, name): decode_function(value, locate) for region, space, name, value in rows}

    return query


def namespaces(connection: sqlite3.Connection) -> list[Namespace]:
    """Return every namespace that was created or changed."""
    return [decode_namespace(value) for (value,) in connection.execute("SELECT value FROM namespaces ORDER BY rowid")]


def put_functions(kept: Iterable[StoredFunction]) -> Change:
    """Store functions, in place of those under their keys."""
    rows = [(*each.key, encode_function(each)) for each in kept]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO functions (region, namespace, name, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            rows,
        )

    return change


def remove_functions(keys: Iterable[FunctionKey]) -> Change:
    """Delete functions."""
    rows = list(keys)

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany("DELETE FROM functions WHERE region = ? AND namespace = ? AND name = ?", rows)

    return change


def put_namespace(namespace: Namespace) -> Change:
    """Store a namespace, in place of one of its name."""
    row = (namespace.region, namespace.name, encode_namespace(namespace))

    def change(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO namespaces (region, name, value) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            row,
        )

    return change


def remove_namespace(region: str, name: str) -> Change:
    """Delete a namespace."""

    def change(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM namespaces WHERE region = ? AND name = ?", (region, name))

    return change


def encode_function(kept: StoredFunction) -> bytes:
    """Convert a function to JSON."""
    value: dict[str, Any] = msgspec.to_builtins(kept._asdict(), enc_hook=_to_text)
    value["found"] = value.pop("source_record")  # databases have it under this name
    for record in value["function"]["versions"].values() if kept.function else ():
        _forget_place(record)
    return msgspec.json.encode(value)


def decode_function(text: bytes, locate: Locate) -> StoredFunction:
    """Convert a function from JSON.

    :param locate: returns the package of a hash and a size
    :raises ValueError: if the JSON is no function
    """
    value = msgspec.json.decode(text)
    function, found = value["function"], value["found"]
    for record in function["versions"].values() if function else ():
        if record["package"] is not None:
            package = locate(*record["package"])
            record["package"] = [package.sha256, str(package.folder), str(package.archive), package.archive_bytes]
            record["code_folder"] = str(package.folder)
    return StoredFunction(
        None if function is None else msgspec.convert(function, Function, dec_hook=_from_text),
        None if found is None else msgspec.convert(found, FunctionRecord, dec_hook=_from_text),
        value.get("digest", ""),  # older databases have no digest and no place
        Path(value["place"]) if value.get("place") else None,
    )


def encode_namespace(namespace: Namespace) -> bytes:
    """Convert a namespace to JSON."""
    return msgspec.json.encode(namespace)


def decode_namespace(text: bytes) -> Namespace:
    """Convert a namespace from JSON.

    :raises ValueError: if the JSON is no namespace
    """
    return msgspec.json.decode(text, type=Namespace)


def _forget_place(record: dict[str, Any]) -> None:
    if record["package"] is not None:
        sha256, _, _, archive_bytes = record["package"]
        record["package"] = [sha256, archive_bytes]
        record["code_folder"] = ""


def _to_text(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} is not kept")


def _from_text(kind: type, value: object) -> object:
    if kind is object:
        return value  # of an option: any JSON value
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} is not kept")
