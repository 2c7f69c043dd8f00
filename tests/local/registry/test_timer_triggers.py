"""When timers ring, against a count of all seconds by the page's own rules."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tencentserverless.local.platform_time import ZONE
from tencentserverless.local.registry.timer_triggers import cron_fault, next_fire_time
from tests.profiles import examples

START = datetime(2026, 11, 27, 16, 0, 0, tzinfo=ZONE)


def fire_time(cron, after=START):
    at = next_fire_time(cron, after.timestamp())
    return None if at is None else datetime.fromtimestamp(at, ZONE).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("*/5 * * * * * *", "2026-11-27 16:00:05"),
        ("0 0 2 1 * * *", "2026-12-01 02:00:00"),
        ("0 15 10 * * MON-FRI *", "2026-11-30 10:15:00"),
        ("0 0 10,14,16 * * * *", "2026-11-28 10:00:00"),
        ("0 */30 9-17 * * * *", "2026-11-27 16:30:00"),
        ("0 0 12 * * WED *", "2026-12-02 12:00:00"),
        ("0 0 0 * * 0 *", "2026-11-29 00:00:00"),  # 0 is Sunday
        ("0 0 0 29 11 0 *", "2026-11-29 00:00:00"),
        ("0 0 0 1 * 0 *", "2026-11-29 00:00:00"),  # the day or the weekday
        ("0 0 0 29 2 * *", "2028-02-29 00:00:00"),
        ("0 0 0 29 2 * 2028", "2028-02-29 00:00:00"),
        ("0 0 0 1 1 * 2030-2032", "2030-01-01 00:00:00"),
        ("0 0 0 1 1 * 2028/2", "2028-01-01 00:00:00"),
        ("0 0 0 L * * *", "2026-11-30 00:00:00"),
        ("0 0 0 15W * * *", "2026-12-15 00:00:00"),
        ("0 0 0 ? * 1 *", "2026-11-30 00:00:00"),
        ("0 0 0 1 * ? *", "2026-12-01 00:00:00"),
        ("0 0 0 ? * 5L *", "2026-12-25 00:00:00"),
        ("0 0 0 * * fril *", "2026-12-25 00:00:00"),
        ("0 0 0 ? * 5#2 *", "2026-12-11 00:00:00"),
        ("0 */60 * * * * *", "2026-11-27 17:00:00"),
        ("0 0 0 1 1 * 2020,2030", "2030-01-01 00:00:00"),
        ("0 0 0 1 1 * 2099", "2099-01-01 00:00:00"),
        ("0 0 0 29 2 * 2096", "2096-02-29 00:00:00"),
        ("*/10 * * * *", "2026-11-27 16:10:00"),  # five fields
    ],
)
def test_examples(cron, expected):
    assert cron_fault(cron, START.timestamp()) is None
    assert fire_time(cron) == expected


@pytest.mark.parametrize("cron", ["0 0 0 1 1 * 2020", "0 0 0 31 2 * *"])
def test_a_timer_that_was_kept_and_never_rings_again_is_none(cron):
    assert fire_time(cron) is None


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "* * *",
        "61 * * * * * *",
        "0 0 0 32 * * *",
        "a b c d e f g",
        "* * * * * * 20x6",
        "* " * 200,
        "0 0 25 * * * *",
        "R * * * * * *",
        "0 0 r(1-5) * * * *",
        "H H * * * * *",
    ],
)
def test_what_is_no_timer(cron):
    assert cron_fault(cron, START.timestamp())


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 0 30 2 * *", "it is never due: there is no such day"),
        ("0 0 0 30 FEB * 2030", "it is never due"),
        ("0 0 0 29 2 * 2027", "it is never due"),
        ("0 0 0 31 4,6,9,11 * *", "it is never due"),
        ("0 0 0 1 1 * 2026", "it is never due"),  # which is over by November
        ("0 0 0 1 1 * 2020", "its year is over or out of range: it is 2026, and years are 1970 to 2099"),
        ("0 0 0 1 1 * 1969", "its year is over or out of range"),
        ("0 0 0 1 1 * 2100", "its year is over or out of range"),
        ("0 0 0 1 1 * 2100-2200", "its year is over or out of range"),
        ("*/70 * * * * * *", "the step 70 of its second is larger than the 60 values"),
        ("5/61 * * * * * *", "the step 61 of its second"),
        ("0 1,*/99 * * * * *", "the step 99 of its minute"),
        ("0 0 */25 * * * *", "the step 25 of its hour"),
        ("0 0 0 1/40 * * *", "the step 40 of its day"),
        ("0 0 0 1 */13 * *", "the step 13 of its month"),
        ("0 0 0 * * */8 *", "the step 8 of its weekday"),
        ("*/70 * * * *", "the step 70 of its minute"),
        ("0 0 0 * * 7 *", "its weekday must be 0 (Sunday) to 6"),
        ("0 0 0 * * 1,5-7 *", "its weekday must be 0 (Sunday) to 6"),
        ("0 0 * * 7", "its weekday must be 0 (Sunday) to 6"),
        ("0 0 0 * * L5 *", "the last Friday of a month is 5L"),
        ("? * * * * * *", "Question mark"),
        ("0 0 0 * L * *", "not acceptable"),
        ("0 0 L * * * *", "not acceptable"),
        ("0 0 0 5#2 * * *", "not acceptable"),
        ("0 0 0 * * 15W *", "not acceptable"),
    ],
)
def test_what_never_rings_and_what_the_platform_does_not_know_is_refused_in_words(cron, words):
    fault = cron_fault(cron, START.timestamp())
    assert fault is not None
    assert words in fault


def fields(low, high):
    number = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.lists(number, min_size=1, max_size=3).map(lambda several: ",".join(map(str, several))),
        st.integers(2, max(2, (high - low) // 2)).map(lambda step: f"*/{step}"),
        st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}"),
    )


def members(field, low, high):
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        ends = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(ends[0], ends[1] + 1, int(step or 1)))
    return found


@pytest.mark.campaign
@settings(max_examples=examples(150), deadline=None)
@given(
    st.tuples(fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6)),
    st.integers(0, 400 * 86400),
)
def test_the_next_ring_is_the_first_second_that_fits(cron, offset):
    start = START + timedelta(seconds=offset)
    at = next_fire_time(" ".join((*cron, "*")), start.timestamp())
    second, minute, hour, day, month, weekday = (
        members(field, *ends)
        for field, ends in zip(cron, ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)), strict=True)
    )

    def fits_day(date):
        by_day, by_weekday = date.day in day, (date.weekday() + 1) % 7 in weekday
        if cron[3] == "*" or cron[5] == "*":
            return by_day and by_weekday
        return by_day or by_weekday

    expected = None
    date = start.replace(hour=0, minute=0, second=0)
    for _ in range(366 * 2):
        if date.month in month and fits_day(date):
            times = (
                date.replace(hour=h, minute=m, second=s)
                for h in sorted(hour)
                for m in sorted(minute)
                for s in sorted(second)
            )
            expected = next((each for each in times if each > start), None)
            if expected:
                break
        date += timedelta(days=1)
    assert expected is not None
    assert datetime.fromtimestamp(at, ZONE) == expected
