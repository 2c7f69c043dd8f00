"""Settings of a serverless.yml that GetFunction shows, though they change nothing here."""

from functools import partial

import pytest

from tencentserverless.local.errors import StartupError
from tests.local.project.reading import read_inputs


@pytest.fixture
def read(tmp_path):
    return partial(read_inputs, tmp_path)


def test_they_are_kept_in_the_words_of_the_api_and_named_once(read):
    vpc = "vpcConfig: {vpcId: vpc-1, subnetId: subnet-1}"
    record, notices, idle = read("role: mine", "traceEnable: True", "tags: {a: 1, b: two}", vpc)
    assert record.options == {
        "Role": "mine",
        "TraceEnable": "TRUE",
        "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two"}],
        "VpcConfig": {"VpcId": "vpc-1", "SubnetId": "subnet-1"},
    }
    assert idle == ("role", "tags", "traceEnable", "vpcConfig")
    assert notices == []


def test_what_is_left_empty_is_not_said(read):
    assert read("role:", "tags:", "traceEnable: false", "vpcConfig: {vpcId: vpc-1}").record.options == {
        "TraceEnable": "FALSE",
        "VpcConfig": {"VpcId": "vpc-1", "SubnetId": ""},
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("traceEnable: maybe", "inputs.traceEnable must be true or false, not 'maybe'"),
        ("vpcConfig: x", "inputs.vpcConfig must be a mapping"),
        ("tags: [a]", "inputs.tags[0] must be a mapping"),
        ("role: [a]", "inputs.role must be a text"),
    ],
)
def test_other_forms_are_refused_in_words(read, line, words):
    with pytest.raises(StartupError, match=r"serverless\.yml:6: ") as refusal:
        read(line)
    assert words in str(refusal.value)
