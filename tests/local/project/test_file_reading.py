"""The kind of a file is told by its content; what is not read is named with the way out."""

import pytest

from tests.local.project.reading import read_all


@pytest.mark.parametrize(
    ("name", "text", "is_ours", "words"),
    [
        ("serverless.js", "", True, "is not read: it is a program; write what it returns into a serverless.yml"),
        ("cloudbaserc.js", "", True, "is not read"),
        (
            "serverless.yml",
            "component: express\n",
            True,
            "it is of component 'express', not scf; name the",
        ),
        ("serverless.yml", "component: cos\n", False, "is of component 'cos', which makes no function: ignored"),
        ("serverless.yml", "instances: {}\nx: 1\n", True, "is not read: it has 'instances'"),
        ("serverless.yml", "a: {component: '@serverless/tencent-express'}\n", True, "is not read"),
        ("serverless.yml", "a: {component: '@serverless/aws-lambda'}\n", False, "'@serverless/aws-lambda': ignored"),
        ("serverless.yml", "service: x\nprovider: {name: aliyun}\n", False, "is for the provider 'aliyun': ignored"),
        ("serverless.yml", "provider: aws\n", False, "is for the provider 'aws': ignored"),
        ("serverless.yml", "app: a\nstage: b\n", False, ""),
        ("serverless.yml", "inputs: {src: .}\n", True, "has neither a component nor a provider"),
        ("serverless.yml", "a: [\n", True, "not YAML"),
        ("serverless.yml", "5\n", True, "must be a mapping"),
        (
            "template.yaml",
            "Resources: {F: {Type: 'ALIYUN::FC::Function'}}\n",
            False,
            "ALIYUN::FC::Function: ignored",
        ),
        ("template.yaml", "kind: Deployment\n", False, ""),
        ("template.yaml", "a: [\n", False, "ignored"),
        ("template.yaml", "a: [TencentCloud::Serverless::Function\n", True, "not YAML"),
        ("cloudbaserc.json", '{"envId": "x"}\n', False, ""),
        ("serverless.yml", "component: website\ninputs: {src: .}\n", True, "which makes no function: ignored"),
        ("cloudbaserc.json", "{\n", True, "cloudbaserc.json:2: not JSON"),
        ("serverless.json", '{"component": "scf",}', True, "serverless.json:1: not JSON"),
    ],
)
def test_what_a_file_is(tmp_path, name, text, is_ours, words):
    (tmp_path / name).write_text(text)
    reading = read_all(tmp_path / name)
    assert reading.is_ours is is_ours
    lines = [*reading.report.notices, *reading.report.faults, *([reading.unread] if reading.unread else [])]
    assert [words in line for line in lines] == ([True] if words else [])
    assert not reading.functions
