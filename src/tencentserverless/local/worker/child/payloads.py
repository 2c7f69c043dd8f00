"""The event of a call as a value, and the return value of the handler as the text that RetMsg holds.

Runs on Python 2.7 and 3.6+; imported by the child as ``_scf_payloads``.
"""

import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

_PYTHON2 = sys.version_info[0] == 2
_encoder = json.JSONEncoder(ensure_ascii=_PYTHON2)  # the platform's bootstrap of 2.7 keeps json's default
_decoder = json.JSONDecoder()
_decode = _decoder.decode
_raw_decode = _decoder.raw_decode
_OWN_DEFAULT = json.JSONEncoder.default
_SCALARS = (type(u""), str, float, int, type(2**64))
_MAX_LOOKS = 100000  # at parts of a value that is no JSON
_MAX_DEPTH = 200


def decode(text):
    # type: (Any) -> Any
    """Return the value of a JSON text. Whitespace around it is rare, and looking for it is slow.

    :raises ValueError: if it is none
    """
    try:
        value, end = _raw_decode(text)
    except ValueError:
        return _decode(text)
    return value if end == len(text) else _decode(text)


def encode(value):
    # type: (Any) -> bytes
    """Return the RetMsg of a return value, as the platform's bootstrap makes it."""
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        value = str(value)
    text = None  # type: Any
    try:
        text = _fast_encode(value)
    except Exception:
        pass
    if text is None:
        text = _encoder.encode(value)  # once more, for the trace that json itself leaves
    try:
        return text.encode("utf-8")  # type: ignore[no-any-return]
    except UnicodeError:  # half a surrogate pair
        return json.dumps(value).encode("ascii")


def describe_fault(value):
    # type: (Any) -> str
    """Return what in a return value is no JSON, and where: ``a datetime in ['date']['at']``; ``""`` if it is not known."""
    if json.JSONEncoder.default != _OWN_DEFAULT:  # user code decides
        return ""
    waiting = [(value, "", ())]  # type: List[Tuple[Any, str, Tuple[int, ...]]]
    for _ in range(_MAX_LOOKS):
        if not waiting:
            break
        value, place, around = waiting.pop()
        where = place and " in " + place
        if value is None or isinstance(value, _SCALARS) or len(around) > _MAX_DEPTH:
            continue
        if id(value) in around:
            return "a value that contains itself" + where
        if type(value).__name__ == "coroutine" and not place:
            value.close()  # else a warning says that it was never awaited
            return "a coroutine: an async def is no handler, for no caller awaits it; call asyncio.run in a plain one"
        if not isinstance(value, (dict, list, tuple)):
            return _named(type(value)) + where
        if isinstance(value, dict):
            for key in value:
                if key is not None and not isinstance(key, _SCALARS):
                    return _named(type(key)) + " as a key" + where
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        inner = around + (id(value),)
        waiting.extend([(each, "{}[{}]".format(place, repr(key).lstrip("u")), inner) for key, each in pairs][::-1])
    return ""


def _named(kind):
    # type: (type) -> str
    return "{} {}".format("an" if kind.__name__[:1].lower() in "aeiou" else "a", kind.__name__)


def _make_fast_encode():
    # type: () -> Callable[[Any], Any]
    """Return json's encoder, made once; ``JSONEncoder.encode`` makes it anew for each value."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None or _PYTHON2:
        return _encoder.encode
    markers = {}  # type: Dict[int, Any]
    separators = (_encoder.key_separator, _encoder.item_separator)
    write = make(
        markers,
        lambda value: _encoder.default(value),  # user code may have replaced it
        json.encoder.encode_basestring,
        None,
        separators[0],
        separators[1],
        False,
        False,
        True,
    )

    def fast_encode(value):
        # type: (Any) -> Any
        markers.clear()
        return "".join(write(value, 0))

    return fast_encode


_fast_encode = _make_fast_encode()
