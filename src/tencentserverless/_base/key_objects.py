"""Reads keys from an object: one of Tencent's credential classes, or the caller's own.

What can be read without running anybody's code cannot block; an event loop reads it itself.
"""

from types import MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Triple = tuple[str, str, str]

_OFFICIAL = "tencentcloud.common.credential"
_OUR_ROLE = "tencentserverless._base.cvm_role"
#: Where the classes that hold keys for a time keep its end, and how long before it they get new ones when read.
_ENDS = {_OFFICIAL: (("_expired_ts", 300.0), ("_expired_time", 0.0)), _OUR_ROLE: (("fresh_until", 0.0),)}
#: Attribute access that is written in C, as Python's own is.
_PLAIN_ACCESS: "type[Any]" = type(object.__getattribute__)


def has_keys(source: "Any") -> bool:
    """Does it look like an object with keys? A property is not read for this."""
    return hasattr(type(source), "secret_id") or hasattr(source, "secret_id")


def is_plain(source: "Any") -> bool:
    """Can its keys be read without running code of its own?"""
    kind = type(source)
    if not isinstance(kind.__getattribute__, _PLAIN_ACCESS) or not _gives_attributes(source):
        return False
    if not _is_stored(source, "secret_id") or not _is_stored(source, "secret_key"):
        return False
    return _is_stored(source, "token") or not (_find_in_class(source, "token") or hasattr(kind, "__getattr__"))


def _gives_attributes(source: "Any") -> bool:
    """Are its attributes what ``get_credential_info`` gives, or is there no such method?"""
    if "get_credential_info" in getattr(source, "__dict__", ()):
        return False
    found = _find_in_class(source, "get_credential_info")
    return not found or (
        getattr(found[0], "__module__", "") == _OFFICIAL
        and getattr(found[0], "__qualname__", "") == "Credential.get_credential_info"
    )


def _is_stored(source: "Any", name: str) -> bool:
    """Is it an attribute of the object itself, a slot, or a plain value of its class?"""
    found = _find_in_class(source, name)
    if found:
        return isinstance(found[0], MemberDescriptorType) or not hasattr(type(found[0]), "__get__")
    own = getattr(source, "__dict__", {})
    return name in own and not (isinstance(source, type) and hasattr(type(own[name]), "__get__"))


def _find_in_class(source: "Any", name: str) -> "tuple[Any, ...]":
    """What a class of the object has under that name, as it stands there; empty if none has anything."""
    for base in type(source).__mro__:
        if name in base.__dict__:
            return (base.__dict__[name],)
    return ()


def read(source: "Any") -> "Triple":
    """Its secret id, secret key and token, of one moment where it has a method for that. What is missing is ``""``."""
    whole = getattr(source, "get_credential_info", None)
    if whole is None:
        return read_attributes(source)
    secret_id, secret_key, token = whole()
    return secret_id or "", secret_key or "", token or ""


def read_attributes(source: "Any") -> "Triple":
    """Its secret id, secret key and token, one after the other."""
    return source.secret_id or "", source.secret_key or "", getattr(source, "token", None) or ""


def refresh(source: "Any") -> None:
    """Make an object get new keys; the official classes have three ways for it, and plain ones none."""
    for name in ("refresh", "get_sts_tmp_role_arn"):
        method = getattr(source, name, None)
        if callable(method):
            method()
            return
    if hasattr(source, "_expired_ts"):  # CVMRoleCredential: keys that have run out are got anew when read
        source._expired_ts = 0  # noqa: SLF001  # the class has no public way


def find_fresh_end(source: "Any") -> float:
    """Until when reading it gives the keys that it has now, in UNIX seconds; 0 for a class that is not known."""
    for name, early_seconds in _ENDS.get(type(source).__module__, ()):
        moment = getattr(source, name, None)
        if isinstance(moment, (int, float)):
            return moment - early_seconds
    return 0.0


def find_expiry(source: "Any") -> "float | None":
    """When its keys run out, in UNIX seconds, as it says or the official classes keep; None where it does not."""
    for name in ("expires_at", "_expired_ts", "_expired_time"):
        moment = getattr(source, name, None)
        if isinstance(moment, (int, float)) and moment > 0:
            return float(moment)
    return None
