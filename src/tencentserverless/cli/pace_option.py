"""The options ``--pace`` and ``--pace-seconds`` of ``scf local start``."""

import math

import click

from tencentserverless.local.settings import CLOUD_SECONDS, MAX_STATE_SECONDS

INSTANT, CLOUD = PACES = ("instant", "cloud")
_OPTION = "--pace-seconds"


def read_pace(pace: str, texts: tuple[str, ...]) -> dict[str, float]:
    """Return the seconds of each state of a function that changes; none at the instant pace.

    :param pace: ``instant`` or ``cloud``
    :param texts: ``SECONDS`` of all states, or ``STATE=SECONDS`` of one; of two, the later counts
    :raises click.UsageError: if there are seconds without the cloud's pace
    :raises click.BadParameter: if a text has another form
    """
    if pace != CLOUD:
        if texts:
            raise click.UsageError(f"{_OPTION} is how long states last at the cloud's pace: give --pace cloud too")
        return {}
    seconds = dict(CLOUD_SECONDS)
    for text in texts:
        state, equals, number = text.rpartition("=")
        if equals and state.capitalize() not in CLOUD_SECONDS:
            raise click.BadParameter(f"{state!r} is none of {', '.join(CLOUD_SECONDS)}", param_hint=_OPTION)
        seconds |= dict.fromkeys([state.capitalize()] if equals else CLOUD_SECONDS, _read_seconds(number))
    return seconds


def _read_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= MAX_STATE_SECONDS:
        raise click.BadParameter(
            f"{text!r} is no number of seconds from 0 to {MAX_STATE_SECONDS:g}", param_hint=_OPTION
        )
    return seconds
