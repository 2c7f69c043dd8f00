"""Completion of the names that a command takes."""

import pytest


@pytest.fixture
def complete(scf, run_scf):
    def ask(line: str, run=scf) -> list:
        words = line.split(" ")
        asked = {"_SCF_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        return [each.removeprefix("plain,") for each in run(env=asked).stdout.split()]

    return ask


@pytest.mark.parametrize("command", ["invoke", "functions show", "functions delete"])
def test_the_functions_of_a_local_scf_are_known(complete, command: str) -> None:
    assert complete(f"scf {command} ec") == ["echo"]
    assert complete(f"scf {command} x") == []


def test_in_the_cloud_none_is_known_and_nothing_is_said(complete, run_scf) -> None:
    assert complete("scf invoke ec", run_scf) == []
    assert complete("scf invoke --local ec", run_scf) == []


def test_codes_and_events_are_known(complete, run_scf) -> None:
    assert complete("scf explain 43", run_scf) == ["430", "432", "433", "434", "435", "436", "437", "438", "439"]
    assert "FunctionTimeout" in complete("scf explain FunctionT", run_scf)
    assert complete("scf event ti", run_scf) == ["timer"]
