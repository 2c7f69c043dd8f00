"""Functions and namespaces as the database keeps them: JSON, with code packages by their hash alone.

A package's place follows from its hash and from where the state folder is today, so that the folder may be moved.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.records import FunctionKey, FunctionRecord, Namespace, Package

Locate = Callable[[str, int], Package]


class Kept(NamedTuple):
    """What the database has of a function.

    :param function: None for one that was deleted, and whose folder is still there
    :param found: its record as a folder of the user's had it when it was last looked at; None if none ever did
    :param digest: of what that folder held then; ``""`` if nobody has looked into it
    :param place: the serverless.yml, or the folder where there is none; None where none is known
    """

    function: Function | None
    found: FunctionRecord | None
    digest: str = ""
    place: Path | None = None

    @property
    def key(self) -> FunctionKey:
        """Which function."""
        if self.function is not None:
            return self.function.key
        assert self.found is not None, "what has neither a function nor a folder is not kept"
        return self.found.key


def encode_function(kept: Kept) -> bytes:
    """A function as JSON."""
    value: dict[str, Any] = msgspec.to_builtins(kept._asdict(), enc_hook=_to_text)
    for record in value["function"]["versions"].values() if kept.function else ():
        _forget_place(record)
    return msgspec.json.encode(value)


def decode_function(text: bytes, locate: Locate) -> Kept:
    """A function from JSON.

    :param locate: the package of a hash and a size
    :raises ValueError: if it is none
    """
    value = msgspec.json.decode(text)
    function, found = value["function"], value["found"]
    for record in function["versions"].values() if function else ():
        if record["package"] is not None:
            package = locate(*record["package"])
            record["package"] = [package.sha256, str(package.folder), str(package.archive), package.archive_bytes]
            record["code_folder"] = str(package.folder)
    return Kept(
        None if function is None else msgspec.convert(function, Function, dec_hook=_from_text),
        None if found is None else msgspec.convert(found, FunctionRecord, dec_hook=_from_text),
        value.get("digest", ""),  # databases of before there were digests have none, and no place
        Path(value["place"]) if value.get("place") else None,
    )


def encode_namespace(namespace: Namespace) -> bytes:
    """A namespace as JSON."""
    return msgspec.json.encode(namespace)


def decode_namespace(text: bytes) -> Namespace:
    """A namespace from JSON.

    :raises ValueError: if it is none
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
        return value  # of an option: whatever JSON it is
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(f"{kind.__name__} is not kept")
