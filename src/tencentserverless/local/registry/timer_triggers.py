"""Timer triggers, and the times at which they are due.

Source: cloud.tencent.com/document/product/583/9708 (timer triggers): seven fields (second, minute, hour, day, month,
weekday, year), or five in the old form; weekday 0 is Sunday; of a day and a weekday, either is enough; a day may be
``?``, ``L`` or ``15W``, a weekday ``?``, ``5L`` or ``5#2``. The time zone is UTC+8.

croniter is imported with the first timer: the import takes 20 ms and runs a program, and most servers have no timer.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tencentserverless.local.platform_time import ZONE

if TYPE_CHECKING:
    from croniter import croniter

TIMER = "timer"
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")
MAX_ARGUMENT_BYTES = 4096
TRIGGERS_PER_TYPE = 10  # GetAccount's sample
_YEARS = range(1970, 2100)
_NAMES = ("second", "minute", "hour", "day", "month", "weekday")
_SIZES = dict(zip(_NAMES, (60, 60, 24, 31, 12, 7), strict=True))  # number of values that a field can have
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST = re.compile(r"\b([0-6]|" + "|".join(_WEEKDAYS) + r")L\b", re.IGNORECASE)
_FOREIGN = re.compile(r"\bL[0-6]\b", re.IGNORECASE)  # croniter's own form of 5L
_SUNDAY = re.compile(r"(?:^|[,-])7(?:$|[,/#L-])")  # the platform's Sunday is 0
_YEAR = re.compile(r"(\*|\d{4})(?:-(\d{4}))?(?:/(\d{1,3}))?\Z")
_ONE = re.compile(r"\b(\w+)-\1\b(?:/\d+)?")  # 3-3, which croniter takes for all values
_RANDOM = re.compile(r"(?:^|[\s,])[RrHh](?:[\s,(/]|$)")  # croniter's own, which gives another time at every call
_MAX_CHARS = 200


@dataclass(frozen=True, slots=True)
class Trigger:
    """A timer of a function.

    :param qualifier: the version or alias that it calls
    :param cron: as it was given
    :param argument: ``Message`` of its events
    """

    name: str
    qualifier: str
    cron: str
    argument: str = ""
    is_enabled: bool = True
    description: str = ""
    created_at: float = 0.0
    changed_at: float = 0.0


def cron_fault(cron: str, now: float) -> str | None:
    """Describe the error in a cron expression; None if it is valid.

    :param now: UNIX seconds; an expression that is never due from then on is invalid
    """
    from croniter import CroniterError

    fields = cron.split()
    if len(cron) > _MAX_CHARS or len(fields) not in (5, 7):
        return "it must have seven fields: second minute hour day month weekday year"
    if _RANDOM.search(cron):
        return "SCF knows neither R nor H"
    try:
        start = datetime.fromtimestamp(now, ZONE)
        fault = _field_fault(fields)
        _times(fields, start)
        years = _years(fields)
    except (CroniterError, ValueError) as error:
        return str(error)
    if fault:
        return fault
    if not any(year >= start.year for year in years):
        return f"its year is over or out of range: it is {start.year}, and years are {_YEARS[0]} to {_YEARS[-1]}"
    return "it is never due: there is no such day" if next_fire_time(cron, now) is None else None


def _field_fault(fields: list[str]) -> str | None:
    """Describe an error that croniter accepts and the platform does not."""
    for name, text in zip(_NAMES if len(fields) == 7 else _NAMES[1:], fields, strict=False):
        for part in text.split(","):
            _, slash, step = part.partition("/")
            if slash and step.isdecimal() and int(step) > _SIZES[name]:
                return f"the step {step} of its {name} is larger than the {_SIZES[name]} values that a {name} can have"
        if name == "weekday" and _SUNDAY.search(text):
            return "its weekday must be 0 (Sunday) to 6, or SUN to SAT"
        if name == "weekday" and _FOREIGN.search(text):
            return "the last Friday of a month is 5L"
    return None


def next_fire_time(cron: str, after: float) -> float | None:
    """Return the next time at which a timer is due.

    :param cron: a valid cron expression
    :param after: UNIX seconds
    :return: UNIX seconds, None for never
    """
    from croniter import CroniterError

    fields = cron.split()
    years = _years(fields)
    start = datetime.fromtimestamp(after, ZONE)
    while True:
        year = next((year for year in years if year >= start.year), None)
        if year is None:
            return None
        if year > start.year:
            start = datetime(year, 1, 1, tzinfo=ZONE) - timedelta(seconds=1)
        try:
            found: datetime = _times(fields, start).get_next(datetime)
        except CroniterError:
            return None  # a day that no year has
        if found.year in years:
            return found.timestamp()
        start = datetime(found.year, 12, 31, 23, 59, 59, tzinfo=ZONE)


def _times(fields: list[str], start: datetime) -> "croniter":
    """Return the times of all fields except the year."""
    from croniter import croniter

    text = _ONE.sub(r"\1", " ".join(fields[:6]))
    text = _LAST.sub(_last_weekday, text)
    return croniter(text, start, second_at_beginning=len(fields) == 7, day_or=True)


def _last_weekday(match: "re.Match[str]") -> str:
    """Convert ``5L`` and ``FRIL`` to croniter's form."""
    day = match[1].upper()
    return f"L{_WEEKDAYS.index(day) if day in _WEEKDAYS else day}"


def _years(fields: list[str]) -> list[int]:
    if len(fields) < 7:
        return list(_YEARS)
    years: set[int] = set()
    for part in fields[6].split(","):
        match = _YEAR.match(part)
        if match is None:
            raise ValueError(f"{part!r} is no year, such as 2030, 2030-2032 or *")
        first = _YEARS.start if match[1] == "*" else int(match[1])
        last = _YEARS.stop - 1 if match[1] == "*" or (match[3] and not match[2]) else int(match[2] or match[1])
        years.update(range(first, last + 1, int(match[3] or 1) or 1))
    return sorted(years.intersection(_YEARS))
