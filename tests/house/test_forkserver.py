"""What the tests start most is a fork: a start of its own costs ten times the processor time."""

import sys

import pytest

from tests import forkserver
from tests.conftest import child_environment, scf_command


@pytest.mark.parametrize(
    "command", [scf_command("local", "start"), [sys.executable, "-m", "pytest"]], ids=["scf", "pytest"]
)
def test_commands_with_the_usual_environment_are_forks(command: list[str]) -> None:
    assert forkserver.template(command).can_fork(command, child_environment(TMPDIR="/tmp", SOME_VARIABLE="1"))


@pytest.mark.parametrize("name", ["LC_ALL", "PYTHONPATH"])
def test_what_an_interpreter_reads_at_its_start_needs_one(name: str) -> None:
    command = scf_command("local", "start")
    assert not forkserver.template(command).can_fork(command, child_environment(**{name: "other"}))


def test_the_language_of_a_locale_needs_no_start_and_its_encoding_does() -> None:
    command = scf_command("local", "start")
    assert forkserver.template(command).can_fork(command, child_environment(LC_ALL="zh_CN.UTF-8"))
    assert not forkserver.template(command).can_fork(command, child_environment(LC_ALL="zh_CN.GBK"))
