"""Request ids: UUIDs of version 4, made faster than ``uuid`` makes them, since every call has one."""

from random import Random

_dice = Random()  # noqa: S311  # an id says which call, and guards nothing
_VERSION = 0x4 << 76
_VARIANT = 0x8 << 60
_KEPT = ((1 << 128) - 1) & ~(0xF << 76) & ~(0xC << 60)


def new_request_id() -> str:
    """A new id, as the platform writes them."""
    text = f"{_dice.getrandbits(128) & _KEPT | _VERSION | _VARIANT:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
