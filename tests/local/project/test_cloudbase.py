"""cloudbaserc.json: folders, variables, and faults of one function alone."""

from tests.local.project.reading import read_all

TEXT = """{"envId": "{{env.ID}}", "functionRoot": "fns", "functions": [
  {"name": "one", "envVariables": {"ID": "{{env.ID}}", "M": "${x}"}, "runtime": "Python3.9"},
  {"name": "two"}, {"timeout": 3}]}"""


def test_functions_and_those_that_can_not_be_read(tmp_path):
    (tmp_path / "fns" / "one").mkdir(parents=True)
    (tmp_path / "cloudbaserc.json").write_text(TEXT)
    one, two, three = read_all(tmp_path / "cloudbaserc.json", {"ID": "e-1"}).functions
    assert (one.record.environment, one.record.handler) == ({"ID": "e-1", "M": "${x}"}, "index.main")
    assert "is deployed by tcb" in one.report.doubts[0]
    assert "there is no folder 'fns/two' beside the file" in two.report.faults[0]
    assert "has no 'name'" in three.report.faults[0]
