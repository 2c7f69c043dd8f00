"""The long run against the local SCF, in its shortest form. ``make soak-local MINUTES=60`` runs it at length."""

import pytest

from tests.proof import local_soak


@pytest.mark.proof
def test_nothing_acknowledged_is_lost_and_nothing_runs_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert local_soak.main("0.5") == 0, capsys.readouterr().out
