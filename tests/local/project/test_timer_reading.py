"""Timers: the tool's names and its default, and what is wrong with one alone."""

import pytest

from tests.local.project.reading import read_all

HEAD = "component: scf\nname: job\nstage: prod\ninputs:\n  name: fn\n  src: .\n  runtime: Python3.9\n  events:\n"


@pytest.fixture
def read(tmp_path):
    def read(*events):
        path = tmp_path / "serverless.yml"
        path.write_text(HEAD + "".join(f"    - {event}\n" for event in events))
        (function,) = read_all(path).functions
        return function

    return read


@pytest.mark.parametrize(
    ("timer", "name", "is_open"),
    [
        ("parameters: {cronExpression: '0 0 1 * * * *'}", "timer-job-prod", False),
        ("parameters: {cronExpression: '0 0 1 * * * *', enable: }", "timer-job-prod", False),
        ("name: a, parameters: {cronExpression: '0 0 1 * * * *', enable: True}", "a", True),
        ("name: a, parameters: {name: b, cronExpression: '0 0 1 * * * *', enable: 1}", "b", True),
        ("parameters: {cronExpression: '0 0 1 * * * *', enable: 0}", "timer-job-prod", False),
        ("parameters: {cronExpression: '0 0 1 * * * *', enable: CLOSE}", "timer-job-prod", True),
    ],
)
def test_names_and_defaults(read, timer, name, is_open):
    function = read(f"timer: {{{timer}}}")
    (found,) = function.record.timers
    assert (found.name, found.is_enabled) == (name, is_open)
    assert bool(function.report.notices) is (
        "True" not in timer and "enable: 1" not in timer and "enable: 0" not in timer
    )


@pytest.mark.parametrize(
    ("timer", "words"),
    [
        ("parameters: {}", "has no 'cronExpression'"),
        ("parameters: {cronExpression: x}", "'x' is no timer"),
        ("name: 'a b', parameters: {cronExpression: '0 0 1 * * * *'}", "has a name that is not"),
        ("parameters: [a]", "must be a mapping"),
    ],
)
def test_faults(read, timer, words):
    function = read(f"timer: {{{timer}}}", "timer: {name: good, parameters: {cronExpression: '0 0 1 * * * *'}}")
    assert function.record is None
    (fault,) = function.report.faults
    assert words in fault


def test_there_are_ten_at_most(read):
    timer = "timer: {name: t%d, parameters: {cronExpression: '0 0 1 * * * *', enable: true}}"
    (fault,) = read(*(timer % number for number in range(11))).report.faults
    assert "there can be 10" in fault
