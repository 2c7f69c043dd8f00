"""Each key that is accepted has an effect or a notice, as the tables of docs/reference/projects.md say."""

import json

import pytest

from tencentserverless.local.project.keys import (
    CLOUDBASE,
    FIRST,
    FUNCTION_KEYS,
    MULTI,
    PLUGIN,
    SAM,
    SOURCE_KEYS,
    Effect,
)
from tests.local.project.reading import read_all

#: Values other than the defaults; any other key takes a text.
VALUES = {
    "src": "./code",
    "codeUri": "./code",
    "CodeUri": "./code",
    "memorySize": 512,
    "timeout": 9,
    "initTimeout": 9,
    "MemorySize": 256,
    "Timeout": 9,
    "asyncRunEnable": True,
    "retryNum": 1,
    "msgTTL": 60,
    "traceEnable": True,
    "layers": [{"name": "fonts", "version": 1}],
    "type": "web",
    "Type": "HTTP",
    "runtime": "Python3.6",
    "Runtime": "Python3.6",
    "region": "ap-chengdu",
    "environment": {"variables": {"A": "x"}},
    "Environment": {"Variables": {"A": "x"}},
    "tags": {"a": "b"},
    "environments": [{"key": "A", "value": "x"}],
    "envVariables": {"A": "x"},
    "vpcConfig": {"vpcId": "v"},
    "VpcConfig": {"VpcId": "v"},
    "vpc": {"vpcId": "v"},
    "exclude": ["x"],
    "include": ["x"],
    "ignore": ["x"],
    "events": [{"timer": {"name": "t", "parameters": {"cronExpression": "0 0 1 * * * *", "enable": True}}}],
    "Events": {"t": {"Type": "Timer", "Properties": {"CronExpression": "0 0 1 * * * *", "Enable": True}}},
    "triggers": [{"name": "t", "type": "timer", "config": "0 0 1 * * * *"}],
    "handler": "main.run",
    "Handler": "main.run",
    "name": "other",
    "namespace": "space",
    "dir": "./code",
    "functionPath": "./code",
    "functionDistPath": "code",
    "protocolType": "WS",
    "protocolParams": {"wsParams": {"idleTimeOut": 20}},
    "instanceConcurrencyConfig": {"enable": True, "maxConcurrency": 8},
    "image": {"imageUrl": "u"},
    "imageConfig": {"imageUri": "u"},
}


def scf(extra):
    return "serverless.yml", {"component": "scf", "name": "x", "inputs": {"name": "fn", "src": ".", **extra}}


def source(extra):
    return "serverless.yml", {"component": "scf", "name": "x", "inputs": {"name": "fn", "src": {"src": ".", **extra}}}


def multi(extra):
    inputs = {"src": ".", "functions": {"a": extra}}
    return "serverless.yml", {"component": "multi-scf", "name": "x", "inputs": inputs}


def first(extra):
    inputs = {"name": "fn", "codeUri": ".", **extra}
    return "serverless.yml", {"fn": {"component": "@serverless/tencent-scf", "inputs": inputs}}


def plugin(extra):
    return "serverless.yml", {"service": "s", "provider": {"name": "tencent"}, "functions": {"a": extra}}


FUNCTIONS = {"a": {"handler": "index.run"}}
SAM_TYPE = "TencentCloud::Serverless::Function"


def provider(extra):
    return "serverless.yml", {
        "service": "s",
        "provider": {"name": "tencent", **extra},
        "functions": {"a": {"handler": "index.run"}},
    }


def sam(extra):
    properties = {"CodeUri": ".", "Handler": "index.run", "Runtime": "Python3.9", **extra}
    return "template.yaml", {"Resources": {"fn": {"Type": SAM_TYPE, "Properties": properties}}}


def cloudbase(extra):
    return "cloudbaserc.json", {"functionRoot": ".", "functions": [{"name": "fn", **extra}]}


TABLES = [
    (scf, FUNCTION_KEYS),
    (source, SOURCE_KEYS),
    (multi, {key: each for key, each in MULTI.tables["inputs, and each of inputs.functions"].items() if key != "key"}),
    (first, FIRST.tables["NAME.inputs"]),
    (plugin, PLUGIN.tables["functions.NAME"]),
    (provider, PLUGIN.tables["provider"]),
    (sam, SAM.tables["Properties, and Globals.Function"]),
    (cloudbase, CLOUDBASE.tables["functions[], and functionDefaultConfig"]),
]
CASES = [(make, key, effect) for make, table in TABLES for key, effect in table.items() if effect is not Effect.READ]


@pytest.fixture
def read(tmp_path):
    for name in ("code", "fn", "other"):
        (tmp_path / name).mkdir()

    def read(make, extra):
        name, content = make(extra)
        (tmp_path / name).write_text(json.dumps(content))
        (function,) = read_all(tmp_path / name).functions
        return function

    return read


@pytest.mark.parametrize(("make", "key", "effect"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_each_key_does_what_its_table_says(read, make, key, effect):
    before, after = read(make, {}), read(make, {key: VALUES.get(key, "words")})
    assert after.report.faults == []
    if effect in (Effect.BOTH, Effect.LOCAL):
        assert after.record is not None
        assert after.record != before.record
        assert after.idle == before.idle
    else:
        # a hook without dist, and dist without a hook, have no effect
        assert set(after.idle) - set(before.idle) == {f"src.{key}" if make is source else key}
        assert (after.record is None) is bool(after.image)
        is_shown = after.record is not None and after.record.options != before.record.options
        assert is_shown is (effect is Effect.SHOWN)


def test_other_keys_are_a_notice(tmp_path):
    for make, _ in TABLES:
        name, content = make({"nonsense": 1})
        (tmp_path / name).write_text(json.dumps(content))
        reading = read_all(tmp_path / name)
        lines = [*reading.report.notices, *(line for each in reading.functions for line in each.report.notices)]
        assert len([line for line in lines if "nonsense is no key of" in line]) == 1, make
