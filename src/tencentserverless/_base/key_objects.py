"""Reads keys from an object: one of Tencent's credential classes, or the caller's own.

An object whose keys can be read without running its own code cannot block; an event loop reads it directly.
"""

from types import MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, TypeGuard

    Triple = tuple[str, str, str]

    class KeySource(Protocol):
        """An object with keys; it may have a ``token``, too."""

        @property
        def secret_id(self) -> "str | None":
            """SecretId."""

        @property
        def secret_key(self) -> "str | None":
            """SecretKey."""


_OFFICIAL = "tencentcloud.common.credential"
_OUR_ROLE = "tencentserverless._base.cvm_role"
#: Classes that keep keys for a time: the attribute with its end, and the seconds before it when they get new ones.
_ENDS = {_OFFICIAL: (("_expired_ts", 300.0), ("_expired_time", 0.0)), _OUR_ROLE: (("fresh_until", 0.0),)}
#: The type of attribute access that is written in C, as Python's own is.
_PLAIN_ACCESS: "type[object]" = type(object.__getattribute__)


def has_keys(source: object) -> "TypeGuard[KeySource]":
    """True if the object seems to have keys. A property is not read for this."""
    return hasattr(type(source), "secret_id") or hasattr(source, "secret_id")


def is_plain(source: object) -> bool:
    """True if the object's keys can be read without running its own code."""
    kind = type(source)
    if not isinstance(kind.__getattribute__, _PLAIN_ACCESS) or not _gives_attributes(source):
        return False
    if not _is_stored(source, "secret_id") or not _is_stored(source, "secret_key"):
        return False
    return _is_stored(source, "token") or not (_find_in_class(source, "token") or hasattr(kind, "__getattr__"))


def _gives_attributes(source: object) -> bool:
    """True if its attributes equal the result of ``get_credential_info``, or there is no such method."""
    if "get_credential_info" in getattr(source, "__dict__", ()):
        return False
    found = _find_in_class(source, "get_credential_info")
    return not found or (
        getattr(found[0], "__module__", "") == _OFFICIAL
        and getattr(found[0], "__qualname__", "") == "Credential.get_credential_info"
    )


def _is_stored(source: object, name: str) -> bool:
    """True if the name is an attribute of the object itself, a slot, or a plain value of its class."""
    found = _find_in_class(source, name)
    if found:
        return isinstance(found[0], MemberDescriptorType) or not hasattr(type(found[0]), "__get__")
    own = getattr(source, "__dict__", {})
    return name in own and not (isinstance(source, type) and hasattr(type(own[name]), "__get__"))


def _find_in_class(source: object, name: str) -> "tuple[object, ...]":
    """Find the raw value of that name in a class of the object; empty if no class has one."""
    for base in type(source).__mro__:
        if name in base.__dict__:
            return (base.__dict__[name],)
    return ()


def read(source: "KeySource") -> "Triple":
    """Read secret id, secret key and token, all at once if it has a method for that. A missing one is ``""``."""
    whole = getattr(source, "get_credential_info", None)
    if whole is None:
        return read_attributes(source)
    secret_id, secret_key, token = whole()
    return secret_id or "", secret_key or "", token or ""


def read_attributes(source: "KeySource") -> "Triple":
    """Read secret id, secret key and token, one after the other."""
    return source.secret_id or "", source.secret_key or "", getattr(source, "token", None) or ""


def refresh(source: "Any") -> None:
    """Make an object get new keys: the official classes have three ways for that, plain objects have none."""
    for name in ("refresh", "get_sts_tmp_role_arn"):
        method = getattr(source, name, None)
        if callable(method):
            method()
            return
    if hasattr(source, "_expired_ts"):  # CVMRoleCredential gets new keys when expired ones are read
        source._expired_ts = 0  # noqa: SLF001  # the class has no public way


def find_fresh_end(source: object) -> float:
    """Find the end of the time in which the object gives the same keys, in UNIX seconds; 0 for an unknown class."""
    for name, early_seconds in _ENDS.get(type(source).__module__, ()):
        moment = getattr(source, name, None)
        if isinstance(moment, (int, float)):
            return moment - early_seconds
    return 0.0


def find_expiry(source: object) -> "float | None":
    """Find the expiry of its keys, in UNIX seconds; None where the object has none."""
    for name in ("expires_at", "_expired_ts", "_expired_time"):
        moment = getattr(source, name, None)
        if isinstance(moment, (int, float)) and moment > 0:
            return float(moment)
    return None
