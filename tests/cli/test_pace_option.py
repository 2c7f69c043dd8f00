"""How long a function is Creating, Updating, Publishing or Deleting: what the options say."""

import click
import pytest

from tencentserverless.cli.pace_option import read_pace
from tencentserverless.local.settings import CLOUD_SECONDS


def test_the_instant_pace_has_no_states():
    assert read_pace("instant", ()) == {}


@pytest.mark.parametrize(
    ("texts", "changed"),
    [
        ((), {}),
        (("0.5",), dict.fromkeys(CLOUD_SECONDS, 0.5)),
        (("Creating=7",), {"Creating": 7.0}),
        (("updating=0", "PUBLISHING=1.5"), {"Updating": 0.0, "Publishing": 1.5}),
        (("1", "Deleting=2"), {**dict.fromkeys(CLOUD_SECONDS, 1.0), "Deleting": 2.0}),
        (("Deleting=2", "1"), dict.fromkeys(CLOUD_SECONDS, 1.0)),
    ],
)
def test_seconds_are_of_all_states_or_of_one(texts, changed):
    assert read_pace("cloud", texts) == {**CLOUD_SECONDS, **changed}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("soon", "'soon'"),
        ("-1", "'-1'"),
        ("601", "'601'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        ("Creating=", "''"),
        ("Creating=x", "'x'"),
        ("Active=1", "'Active'"),
        ("=1", "''"),
    ],
)
def test_what_is_no_time_of_a_state_is_refused_and_named(text, named):
    with pytest.raises(click.BadParameter) as refused:
        read_pace("cloud", (text,))
    assert named in str(refused.value)


def test_seconds_without_the_pace_are_a_mistake():
    with pytest.raises(click.UsageError, match="--pace cloud"):
        read_pace("instant", ("1",))
