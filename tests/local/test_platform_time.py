"""The platform's times are in UTC+8."""

from datetime import datetime, timezone

import pytest

from tencentserverless.local.errors import ApiError
from tencentserverless.local.platform_time import time_seconds, time_text


def test_a_time_is_that_of_the_published_sample():
    """A function printed at 09:14:01.236Z, and the record of its call begins at 17:14:01."""
    printed = datetime(2017, 9, 18, 9, 14, 1, 236_000, timezone.utc).timestamp()
    assert time_text(printed) == "2017-09-18 17:14:01"
    assert time_text(printed, is_precise=True) == "2017-09-18 17:14:01.236000"
    assert time_seconds("StartTime", "2017-09-18 17:14:01") == int(printed)


def test_what_is_no_time_is_named():
    with pytest.raises(ApiError, match=r"StartTime must be a time such as .*, not '17:14'"):
        time_seconds("StartTime", "17:14")
