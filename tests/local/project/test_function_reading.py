"""All faults of a function at once, and values that the tool takes for absent."""

import pytest

from tests.local.project.reading import read_all


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "serverless.yml"
        path.write_text("component: scf\nname: job\ninputs:\n" + "".join(f"  {line}\n" for line in lines))
        (function,) = read_all(path).functions
        return function

    return read


def test_every_fault_is_told_with_its_line(read, tmp_path):
    function = read(
        "name: 1st", "src: ./none", "timeout: x", "memorySize: 100", "handler: main", "runtime: python3", "type: job"
    )
    assert function.record is None
    lines = [fault.removeprefix(f"{tmp_path}/serverless.yml:").partition(" ")[0] for fault in function.report.faults]
    assert sorted(lines) == ["10:", "4:", "5:", "6:", "7:", "9:"]


@pytest.mark.parametrize("value", ["", "null", "~", "0", "''", "false"])
def test_what_javascript_takes_for_false_is_the_default(read, value):
    function = read("name: fn", "src: .", "runtime: Python3.9", f"timeout: {value}", f"memorySize: {value}")
    assert (function.record.timeout_seconds, function.record.memory_mb) == (3, 128)
    assert len(function.report.notices) == (0 if value in ("", "null", "~") else 2)


def test_an_image_has_no_code(read):
    function = read("name: fn", "image: {imageUrl: 'example.com/a:b'}")
    assert (function.record, function.image, function.report.faults) == (None, "example.com/a:b", [])


@pytest.mark.parametrize(("value", "is_async"), [("true", True), ("True", True), ("'true'", False), ("false", False)])
def test_a_switch_is_true_without_quotes_alone(read, value, is_async):
    function = read("name: fn", "src: .", "runtime: Python3.9", f"asyncRunEnable: {value}")
    assert function.record.runs_async is is_async
    assert len(function.report.notices) == (1 if value == "'true'" else 0)
