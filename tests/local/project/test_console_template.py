"""config.json of a template of the console: JSON with comments, one function, and what is none."""

import pytest

from tencentserverless.local.project.console_template import is_console_template
from tests.local.project.reading import read_all, read_one

TEXT = """{"serverless-cloud-function-application": {"functions": {
  "name": "job", "description": "http://a/b", // "handler": "other.run",
  "runtime": "Python3.9", "Environment": {"URL": "http://c//d \\" // e", "N": 1}, %s
}}}"""


@pytest.fixture
def template(tmp_path):
    def write(rest):
        (tmp_path / "config.json").write_text(TEXT % rest)
        return tmp_path / "config.json"

    return write


def test_comments_are_left_out_and_texts_keep_their_slashes(template, tmp_path):
    path = template('"Events": {}, "VpcConfig": {},')
    found = read_one(path)
    record = found.record
    assert is_console_template(path)
    assert (record.handler, record.description, record.code_folder) == ("index.main_handler", "http://a/b", tmp_path)
    assert record.environment == {"URL": 'http://c//d " // e', "N": "1"}
    assert (record.memory_mb, record.timeout_seconds, found.idle) == (128, 3, ())
    assert "scf deploy does not deploy it" in found.notices[0]


@pytest.mark.parametrize(
    ("enable", "is_open"), [('"Enable": "true"', True), ('"Enable": "CLOSE"', False), ('"Message": "m"', False)]
)
def test_a_timer_is_open_only_if_the_file_says_so(template, enable, is_open):
    cron = f'"CronExpression": "0 0 9 * * * *", {enable}'
    record = read_one(template(f'"Events": {{"Type": "Timer", "Name": "t", "Properties": {{{cron}}}}}')).record
    assert [(timer.name, timer.is_enabled) for timer in record.timers] == [("t", is_open)]


def test_other_events_and_unknown_keys_are_named(template):
    found = read_one(
        template('"Events": {"Type": "COS", "Properties": {"Bucket": "b"}}, "codeObject": {"a": 1}, "x": 1')
    )
    assert found.idle == ("codeObject", "events of type COS")
    assert "functions.x is no key of a template of the console" in found.notices[0]


def test_a_fault_has_its_line(template):
    reading = read_all(template('"timeout": 9999'))
    assert reading.functions[0].report.faults[0].startswith(f"{reading.path}:3: ")
    reading.path.write_text('{"serverless-cloud-function-application": [')
    assert read_all(reading.path).report.faults[0].startswith(f"{reading.path}:1: not JSON: ")


def test_a_file_of_the_code_is_none(tmp_path):
    assert not is_console_template(tmp_path / "config.json")
    (tmp_path / "config.json").write_text('{"application": 1}')
    assert not is_console_template(tmp_path / "config.json")
