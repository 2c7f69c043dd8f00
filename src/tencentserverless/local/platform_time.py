"""Times in the platform's form: ``2017-05-16 20:00:00``, without a zone. It is UTC+8, in requests and in answers.

Source: the sample of cloud.tencent.com/document/api/583/9746 (GetFunctionLogs): a call that began at 17:14:01 has
printed its line at 09:14:01Z. Inside functions it is UTC.
"""

from datetime import datetime, timedelta, timezone

from tencentserverless.local.errors import ApiError

ZONE = timezone(timedelta(hours=8))
_TIME_LAYOUT = "%Y-%m-%d %H:%M:%S"


def time_text(seconds: float, *, is_precise: bool = False) -> str:
    """Return a time in the platform's form.

    :param seconds: UNIX seconds
    :param is_precise: with microseconds, as those of asynchronous events
    """
    return datetime.fromtimestamp(seconds, ZONE).strftime(_TIME_LAYOUT + ".%f" if is_precise else _TIME_LAYOUT)


def time_seconds(name: str, text: str, code: str = "InvalidParameterValue.DateTime") -> float:
    """Return the UNIX seconds of a time in the platform's form.

    :raises ApiError: if the text is no such time
    """
    try:
        return datetime.strptime(text, _TIME_LAYOUT).replace(tzinfo=ZONE).timestamp()
    except ValueError:
        problem = f"{name} must be a time such as 2017-05-16 20:00:00, not {text[:64]!r}."
        raise ApiError(code, problem) from None
