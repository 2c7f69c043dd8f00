"""Events of every kind of configuration file: timers, URLs and what never fires here."""

import json

import pytest

from tencentserverless._core import function_urls
from tests.local.project.reading import read_all, read_inputs

NET = {"enableIntranet": False, "enableExtranet": True}
MULTI = """
component: multi-scf
name: job
inputs:
  src: ./src
  runtime: Python3.9
  handler: index.main_handler
  functions:
    one: {name: one, src: .}
    two: {name: two, src: .}
  triggers:
    - {type: http, function: one, parameters: {netConfig: {enableExtranet: true}, authType: CAM}}
    - {type: timer, function: two, parameters: {cronExpression: '0 0 1 * * * *', enable: true}}
"""
FIRST = """
one:
  component: "@serverless/tencent-scf"
  inputs:
    name: one
    codeUri: ./
    runtime: Python3.6
    handler: index.main_handler
    events:
      - http: {name: a, parameters: {netConfig: {enableExtranet: true}, authType: CAM}}
"""
PLUGIN = """
service: job
provider: {name: tencent, runtime: Python3.6}
functions:
  one:
    handler: index.main_handler
    events:
      - http: {name: a, parameters: {netConfig: {enableExtranet: true}, authType: CAM}}
"""
SAM = """
Resources:
  default:
    Type: TencentCloud::Serverless::Namespace
    one:
      Type: TencentCloud::Serverless::Function
      Properties:
        CodeUri: ./
        Handler: index.main_handler
        Runtime: Python3.6
        Type: Event
        Events:
          a: {Type: HTTP, Properties: {NetConfig: {EnableExtranet: true}, AuthType: CAM}}
"""
CLOUDBASE = json.dumps(
    {
        "functions": [
            {
                "name": "one",
                "dir": ".",
                "runtime": "Python3.9",
                "handler": "index.main_handler",
                "triggers": [{"name": "a", "type": "http", "config": {"netConfig": NET, "authType": "CAM"}}],
            }
        ]
    }
)


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("serverless.yml", MULTI, "url-trigger"),
        ("serverless.yml", FIRST, "a"),
        ("serverless.yml", PLUGIN, "a"),
        ("template.yaml", SAM, "a"),
        ("cloudbaserc.json", CLOUDBASE, "a"),
    ],
    ids=["multi", "first", "plugin", "sam", "cloudbase"],
)
def test_a_url_in_every_kind_of_file(tmp_path, file, text, name):
    (tmp_path / "src").mkdir()
    (tmp_path / file).write_text(text)
    readings = read_all(tmp_path / file).functions
    assert [each.report.faults for each in readings] == [[]] * len(readings)
    (url,) = [url for each in readings for url in each.record.urls]
    assert (url.name, url.auth_type, url.has_extranet, url.has_intranet) == (name, "CAM", True, False)
    assert not any("http" in word for each in readings for word in each.idle)
    timers = [timer for each in readings for timer in each.record.timers]
    assert len(timers) == (1 if text is MULTI else 0)


def test_a_template_of_the_console(tmp_path):
    net = {"NetConfig": {"EnableExtranet": True}}
    events = {"Name": "a", "Type": "HTTP", "Properties": net}
    config = {"name": "one", "runtime": "Python3.6", "Environment": {}, "Events": events}
    (tmp_path / "config.json").write_text(json.dumps({"serverless-cloud-function-application": {"functions": config}}))
    (one,) = read_all(tmp_path / "config.json").functions
    assert one.record.urls[0].name == "a"


def test_other_events_are_named(tmp_path):
    text = (
        "component: scf\nname: job\ninputs:\n  name: fn\n  src: .\n  events:\n    - apigw: {x: 1}\n    - cos: {x: 1}\n"
    )
    (tmp_path / "serverless.yml").write_text(text)
    (one,) = read_all(tmp_path / "serverless.yml").functions
    assert one.idle == ("events of type apigw", "events of type cos")


def test_the_line_of_the_error_about_a_missing_url_makes_one(tmp_path):
    read = read_inputs(tmp_path, "events:", f"  {function_urls._EVENT}")
    assert read.notices == []
    (url,) = read.record.urls
    assert (url.auth_type, url.has_extranet, url.has_intranet) == ("NONE", True, False)


def test_an_event_without_a_value_is_told(tmp_path):
    read = read_inputs(tmp_path, "events:", "  - http:", "  - timer:")
    assert (read.record.urls, read.record.timers) == ((), ())
    assert read.notices == [
        f"{tmp_path}/serverless.yml:7: inputs.events[0].http is empty, and is ignored",
        f"{tmp_path}/serverless.yml:8: inputs.events[1].timer is empty, and is ignored",
    ]
