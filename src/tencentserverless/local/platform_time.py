"""Times in the platform's form: ``2017-05-16 20:00:00``, without a zone; here the zone is UTC, as inside functions."""

from datetime import datetime, timezone

from tencentserverless.local.errors import ApiError

_TIME_LAYOUT = "%Y-%m-%d %H:%M:%S"


def time_text(seconds: float) -> str:
    """Return a time in the platform's form.

    :param seconds: UNIX seconds
    """
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_TIME_LAYOUT)


def time_seconds(name: str, text: str, code: str = "InvalidParameterValue.DateTime") -> float:
    """Return the UNIX seconds of a time in the platform's form.

    :raises ApiError: if the text is no such time
    """
    try:
        return datetime.strptime(text, _TIME_LAYOUT).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        problem = f"{name} must be a time such as 2017-05-16 20:00:00, not {text[:64]!r}."
        raise ApiError(code, problem) from None
