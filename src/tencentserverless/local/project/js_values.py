"""Values of YAML as the deploy tool sees them: typed by js-yaml 4, then converted to text by JavaScript's ``String``.

Source: lib/type of js-yaml 4.1.0. The tool sends a configuration as JSON (``run`` in src/instance.js of
@serverless/platform-client-china 2.4.2), so a date becomes its ISO form, and a number that is not finite null.
"""

import math
import re
from datetime import datetime, timedelta, timezone

Scalar = str | float | bool | None

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0b_*[01][01_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0o_*[0-7][0-7_]*|[0-9][0-9_]*)\Z")
_FLOAT = re.compile(
    r"(?:[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(?:Z|([-+])(\d\d?)(?::(\d\d))?))?\Z",
    re.ASCII,
)
_BASES = {"0b": 2, "0o": 8, "0x": 16}
_EXPONENT_FROM = 21  # JavaScript writes longer numbers with an exponent


def typed(text: str) -> Scalar:
    """Return the value of a plain scalar, which stands without quotes."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if not text.endswith("_"):
        if _INTEGER.match(text):
            return _integer(text.replace("_", ""))
        if _FLOAT.match(text):
            return _float(text.replace("_", "").lower())
    return _moment(text) or text


def as_text(value: Scalar) -> str:
    """Convert a scalar as ``String`` does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _number_text(value)


def as_number(value: Scalar) -> float:
    """Convert a scalar as the unary ``+`` does; NaN for what is no number."""
    if not isinstance(value, str):
        return float(value or 0)
    text = value.strip()
    if not text:
        return 0.0
    if text[:2].lower() in _BASES and re.fullmatch(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", text):
        return float(int(text[2:], _BASES[text[:2].lower()]))
    return float(text) if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text, re.ASCII) else math.nan


def _integer(text: str) -> float | None:
    sign, digits = (-1.0, text[1:]) if text[0] == "-" else (1.0, text.removeprefix("+"))
    base = _BASES.get(digits[:2], 10)
    try:
        return sign * float(int(digits if base == 10 else digits[2:], base))
    except (OverflowError, ValueError):  # beyond a double: JavaScript's Infinity, which is null in JSON
        return None


def _float(text: str) -> float | None:
    if text.endswith((".inf", ".nan")):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _moment(text: str) -> str | None:
    """Return the ISO form of a date or time; None if it is none."""
    date, time = _DATE.match(text), _TIME.match(text)
    try:
        if date:
            moment = datetime(int(date[1]), int(date[2]), int(date[3]), tzinfo=timezone.utc)
        elif time:
            year, month, day, hour, minute, second = (int(part) for part in time.groups()[:6])
            moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
            moment += timedelta(milliseconds=int((time[7] or "")[:3].ljust(3, "0")))
            if time[8]:
                offset = timedelta(hours=int(time[9]), minutes=int(time[10] or 0))
                moment += offset if time[8] == "-" else -offset
        else:
            return None
    except (ValueError, OverflowError):
        return None  # JavaScript would count a 31st of June as the 1st of July; here it stays text
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _number_text(number: float) -> str:
    """Write a number as JavaScript does: its shortest digits, and an exponent for long ones alone."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if number < 0 else ""
    if len(digits) <= point <= _EXPONENT_FROM:
        return sign + digits.ljust(point, "0")
    if 0 < point <= _EXPONENT_FROM:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{head}e{'+' if power > 0 else '-'}{abs(power)}"
