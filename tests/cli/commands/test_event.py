"""``scf event``: samples of every trigger, changed at will."""

import base64
import json

import pytest

from tencentserverless.cli.reference.sample_events import change, list_samples, take_sample

#: Where the field stands by which a function knows the trigger.
MARKS = {
    "http": ("headers", "x-scf-remote-addr"),
    "clb": ("headers", "X-Vip"),
    "timer": ("Type",),
    "cos": ("Records", 0, "cos", "cosBucket"),
    "ckafka": ("Records", 0, "Ckafka", "msgBody"),
    "cmq": ("Records", 0, "CMQ", "msgBody"),
    "cls": ("clslogs", "data"),
    "mps": ("WorkflowTaskEvent", "MediaProcessResultSet"),
    "cloudapi": ("key1",),
    "apigw": ("requestContext", "serviceId"),
}


@pytest.mark.parametrize("name", MARKS)
def test_every_trigger_has_a_sample(name):
    place = take_sample(name)
    for step in MARKS[name]:
        place = place[step]
    assert place
    assert list(list_samples()) == list(MARKS)


def test_the_log_lines_of_cls_can_be_read():
    assert json.loads(base64.b64decode(take_sample("cls")["clslogs"]["data"]))["records"][0]["content"] == "hello"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("a b", "a b"),
        ("[1]", [1]),
        ("a=b", "a=b"),
        ("", ""),
        ("NaN", "NaN"),
        pytest.param("[" * 99999, "[" * 99999, id="deep"),
    ],
)
def test_a_value_is_json_where_it_is(text, value):
    event = take_sample("cos")
    change(event, "Records.0.cos.cosObject.key=" + text)
    assert event["Records"][0]["cos"]["cosObject"]["key"] == value


def test_the_command_prints_json(run_scf):
    done = run_scf("event", "timer", "--set", "Message=hi", "--set", "TriggerName=x")
    assert done.returncode == 0
    assert {"Message": "hi", "TriggerName": "x"}.items() <= json.loads(done.stdout).items()
    assert json.loads(run_scf("event", "--json").stdout) == list_samples()
    assert "an API gateway, which ended on 2025-06-30; see http" in run_scf("event").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("coss",), "did you mean cos"),
        (("zzzz",), "there are: http"),
        (("timer", "--set", "Tipe=1"), "the event has no Tipe; did you mean Type"),
        (("cos", "--set", "Records.3.cos=1"), "the event has no Records.3; give a number below 1"),
        (("cos", "--set", "Records.\u00b2.cos=1"), "give a number below 1"),
        (("timer", "--set", "Type.x=1"), "the event has no Type.x: what is above it is no object"),
        (("timer", "--set", "Type"), "'Type' is not key=value"),
    ],
)
def test_what_is_not_there_is_told(run_scf, arguments, words):
    done = run_scf("event", *arguments)
    assert (done.returncode, done.stdout) == (14, "")
    assert words in done.stderr
