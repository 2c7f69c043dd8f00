"""Short runs of the passes that start our own servers. No time is judged."""

import sys
from pathlib import Path

import pytest

from benchmarks.local.load import CALLERS, choose_generator
from benchmarks.local.passes import dashboard, heads, many, stops, web, web_saves, web_streams
from benchmarks.local.plan import PassContext, Plan
from benchmarks.local.servers import BASE, OURS

PLAN = Plan(
    head_rounds=1,
    load_seconds=1,
    many_rounds=1,
    stop_rounds=1,
    save_rounds=1,
    page_rounds=1,
    page_calls=2,
    load_rounds=1,
)


@pytest.fixture
def context(tmp_path: Path) -> PassContext:
    """The build beside which ours is measured is ours."""
    generator = choose_generator(prefer_wrk=False)
    return PassContext(PLAN, tmp_path, (), generator, Path(sys.executable), base=Path(sys.executable))


@pytest.mark.proof
def test_both_builds_are_measured_with_both_kinds_of_heads(context: PassContext) -> None:
    found = heads.measure(context)
    assert list(found.loads) == [(build, kind) for build in (OURS, BASE) for kind in heads.DIALECTS]
    assert all(load.calls > CALLERS and load.cpu_us > 0 for loads in found.loads.values() for load in loads)
    assert heads.find_faults(found) is not None
    assert found.cpu_ratio(OURS) is not None


@pytest.mark.proof
def test_many_functions_are_ready(context: PassContext) -> None:
    found = many.measure(context)
    assert {count for _, count in found.ready_seconds} == {1, many.MANY}
    assert (found.ratio(OURS) or 0) > 0


@pytest.mark.proof
def test_a_server_with_an_open_tunnel_is_stopped(context: PassContext) -> None:
    found = stops.measure(context)
    assert list(found.seconds) == [OURS, BASE]
    assert (found.ratio(OURS, BASE) or 0) > 0


@pytest.mark.proof
@pytest.mark.skipif(bool(dashboard.find_missing()), reason=dashboard.find_missing())
def test_the_dashboard_is_visited_and_followed(context: PassContext, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FUNCTIONS", 20), ("INVOCATIONS", 100), ("SETTLE_CALLS", 1), ("GRACE_SECONDS", 0)):
        monkeypatch.setattr(dashboard, name, value)
    found = dashboard.measure(context)
    (visit,) = found.visits
    assert visit.ms > visit.wait_ms > 0
    assert visit.kb > 5
    assert {label: len(loads) for label, loads in found.loads.items()} == {dashboard.OPEN: 1, dashboard.CLOSED: 1}
    assert (found.ratio("calls_per_second") or 0) > 0
    assert found.calls > 0
    assert found.grown_mb is not None
    assert list(dashboard.find_faults(found)) == []


@pytest.mark.proof
@pytest.mark.skipif(bool(web.find_missing()), reason=web.find_missing())
def test_the_events_of_streams_are_read_from_the_app_alone_and_from_the_web_function(
    context: PassContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_streams, "STREAMS", 3)
    found = web_streams.measure(context)
    assert list(found.slices) == [web.BARE, web.SHARED]
    for slices in found.slices.values():
        (one,) = slices
        assert (one.events, one.measured, one.broken) == (60, 30, 0)
        assert one.p99_ms >= one.p50_ms > 0
    assert found.added_ms("p99_ms") is not None
    assert list(web_streams.find_faults(found)) == []


@pytest.mark.proof
@pytest.mark.skipif(bool(web.find_missing()), reason=web.find_missing())
def test_a_saved_file_of_a_web_function_is_awaited(context: PassContext) -> None:
    found = web_saves.measure(context)
    (save,) = found.saves
    assert save.live_seconds > 0
    assert save.start_seconds > 0
    assert list(web_saves.find_faults(found)) == []
