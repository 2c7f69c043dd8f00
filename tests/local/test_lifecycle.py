"""The table of a server's phases: it stops from every one of them, and serves no more after that."""

import pytest

from tencentserverless.local.lifecycle import TRANSITIONS, Lifecycle, Move, Phase


def test_a_server_serves_until_it_is_stopped():
    life = Lifecycle()
    assert (life.phase, life.is_stopping) == (Phase.STARTING, False)
    life.listen()
    assert (life.phase, life.is_stopping) == (Phase.SERVING, False)
    for _ in range(2):
        life.stop()
        assert (life.phase, life.is_stopping) == (Phase.DRAINING, True)
    life.end()
    assert (life.phase, life.is_stopping) == (Phase.STOPPED, True)


def test_every_phase_can_stop_and_none_comes_back():
    assert {phase for phase, move in TRANSITIONS if move is Move.STOP} == set(Phase)
    order = list(Phase)
    assert all(order.index(after) >= order.index(before) for (before, _), after in TRANSITIONS.items())


def test_a_server_can_not_end_before_it_was_stopped():
    with pytest.raises(LookupError, match="STARTING can't make the move END"):
        Lifecycle().end()
