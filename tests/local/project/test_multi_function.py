"""``component: multi-scf``: what counts more, and faults of one function alone."""

from tests.local.project.reading import read_all

TEXT = """
component: multi-scf
name: demo
app: shop
inputs:
  src: .
  runtime: Python3.9
  timeout: 5
  functions:
    - {key: one, handler: index.one, timeout: 6}
    - {key: two, handler: index.two, memorySize: 100}
    - {key: three, name: own, environment: {variables: {A: b}}}
"""


def test_functions_of_a_list_and_one_that_can_not_be_read(tmp_path):
    (tmp_path / "serverless.yml").write_text(TEXT)
    one, two, three = read_all(tmp_path / "serverless.yml").functions
    assert (one.record.key.name, one.record.timeout_seconds) == ("demo-dev-shop-one", 6)
    assert two.record is None
    assert "memorySize must be" in two.report.faults[0]
    assert (three.record.key.name, three.record.timeout_seconds, three.record.environment) == ("own", 5, {})
    assert (
        "environment is no key of a function of multi-scf, and is ignored; did you mean environments?"
        in (three.report.notices[0])
    )
