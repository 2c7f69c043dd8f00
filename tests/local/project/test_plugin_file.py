"""``provider: name: tencent``: names, and what the provider says for all."""

from tests.local.project.reading import read_all

TEXT = """
service: {name: shop}
provider: {name: tencent, runtime: Python3.6, region: ap-chengdu, vpcConfig: {vpcId: v}}
package: {exclude: [tests/**], include: [keep]}
functions:
  one: {handler: index.one}
  two: {handler: 5, region: ap-shanghai}
"""


def test_functions_and_one_that_can_not_be_read(tmp_path):
    (tmp_path / "serverless.yml").write_text(TEXT)
    one, two = read_all(tmp_path / "serverless.yml").functions
    assert str(one.record.key) == "ap-chengdu/default/shop-dev-one"
    assert (one.record.runtime, one.record.options) == ("Python3.6", {"VpcConfig": {"VpcId": "v", "SubnetId": ""}})
    assert (one.record.packing.exclude, one.record.packing.include) == (("tests/**",), ("keep",))
    assert two.record is None
    assert "handler must be 'file.function'" in two.report.faults[0]
