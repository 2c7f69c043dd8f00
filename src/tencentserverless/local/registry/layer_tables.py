"""Layers in the database: their SQL, and their values as JSON. A package is named only by its hash."""

import sqlite3

import msgspec

from tencentserverless.local.registry.function_tables import Change
from tencentserverless.local.registry.layer import Layer


def layers(connection: sqlite3.Connection) -> list[Layer]:
    """Return every layer in order of creation, also those without a version.

    :raises ValueError: if a value is no layer
    """
    return [decode_layer(value) for (value,) in connection.execute("SELECT value FROM layers ORDER BY rowid")]


def put_layers(changed: list[Layer]) -> Change:
    """Store layers, in place of those of their names."""
    rows = [(each.region, each.name, encode_layer(each)) for each in changed]

    def change(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO layers (region, name, value) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            rows,
        )

    return change


def encode_layer(layer: Layer) -> bytes:
    """Convert a layer to JSON."""
    return msgspec.json.encode(layer)


def decode_layer(text: bytes) -> Layer:
    """Convert a layer from JSON.

    :raises ValueError: if the JSON is no layer
    """
    return msgspec.json.decode(text, type=Layer)
