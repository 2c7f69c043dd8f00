"""template.yaml: functions in and beside namespaces, and faults of one alone."""

from tests.local.project.reading import read_all

TEXT = """
Globals: {Function: {Runtime: python3.6, Timeout: 7}}
Resources:
  alone:
    Type: TencentCloud::Serverless::Function
    Properties: {CodeUri: ., Handler: index.run}
  space:
    Type: TencentCloud::Serverless::Namespace
    inner:
      Type: TencentCloud::Serverless::Function
      Properties: {CodeUri: {Bucket: b, Key: k}, Handler: index.run}
"""


def test_functions_and_one_that_can_not_be_read(tmp_path):
    (tmp_path / "template.yml").write_text(TEXT)
    alone, inner = read_all(tmp_path / "template.yml").functions
    assert (alone.record.key.namespace, alone.record.runtime) == ("default", "Python3.6")
    assert alone.record.timeout_seconds == 7
    assert inner.record is None
    (fault,) = inner.report.faults
    assert fault.startswith(f"{tmp_path}/template.yml:11: Resources.space.inner.Properties.CodeUri names code in COS; ")
