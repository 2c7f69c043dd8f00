"""Request ids: UUIDs of version 4, made faster than ``uuid`` makes them, since every call has one."""

import os
from random import Random

_dice = Random()  # noqa: S311  # an id says which call, and guards nothing
os.register_at_fork(after_in_child=_dice.seed)  # or servers that are forks of one process give the same ids
_VERSION = 0x4 << 76
_VARIANT = 0x8 << 60
_KEPT = ((1 << 128) - 1) & ~(0xF << 76) & ~(0xC << 60)


def new_request_id() -> str:
    """A new id, as the platform writes them."""
    text = f"{_dice.getrandbits(128) & _KEPT | _VERSION | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
