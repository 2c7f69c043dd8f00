"""The form of RESULTS.md."""

import re

import pytest

from benchmarks import passes, startup
from benchmarks.coordinator import Measured, Slice
from benchmarks.report import show, write_report
from benchmarks.results import Results
from benchmarks.startup import First, Imported, Size
from benchmarks.targets import list_targets

HEADINGS = ["Targets", "First result of a new process, over TLS", "Imports", "Installed size", "Notes", "Versions"]


def make_results() -> Results:
    """Every client of every pass costs 10 us more than the one before it."""
    results = Results({"CPU": "a test's"}, {"ours": {"tencentserverless": "1.0.0"}})
    for plan in passes.list_passes(True):
        labels = [client.label for client in plan.clients]
        measured = results.passes[plan.name] = Measured(labels)
        for place, label in enumerate(labels):
            measured.slices[label] = [Slice(10.0 + 10 * place, 5.0 + 5 * place)] * 3
    labels = [client.label for client in startup.FIRST_CLIENTS]
    results.first = First({label: [30.0, 33.0] for label in labels}, {label: [20.0] for label in labels})
    names = [label for _, _, label in startup.IMPORTS]
    sizes = dict.fromkeys(names, 100.0)
    results.imported = Imported({name: [5.0] for name in names}, sizes, sizes, [10.0], sizes, sizes)
    results.map_growth_mb = 1.0
    results.settle_seconds, results.look_up_threads = 0.5, 4.0
    results.sizes = {startup.SDK_CODE: Size(200.0, 500.0)}
    return results


def read_rows(text: str, heading: str) -> "list[list[str]]":
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]


def test_every_target_has_its_row_with_a_verdict() -> None:
    rows = read_rows(write_report(make_results()), "Targets")
    assert rows[0] == ["Figure", "Target", "Measured", "Met?", "Method, certificate, peer, commit"]
    found = {row[0]: row[1:4] for row in rows[2:]}
    assert list(found) == [target.figure for target in list_targets()]
    assert all(verdict in {"yes", "**no**"} for _, _, verdict in found.values())
    assert found["SDK code installed, without the dependency"] == ["<= 400 KB", "200 KB", "yes"]
    assert found["the same with bytecode"] == ["<= 400 KB", "500 KB", "**no**"]
    figure = "warm call on two CPUs, plain: CPU / a bare script that signs and parses"
    assert found[figure] == ["<= 1.05", "1.50", "**no**"]
    assert found["modules of ours that it loads"] == ["<= 30", "100", "**no**"]
    assert found["their code without docstrings / commit f6b8054's"] == ["<= 1", "1.00", "yes"]


def test_every_pass_has_a_table_with_all_its_clients() -> None:
    text = write_report(make_results())
    for plan in passes.list_passes(False):
        name = plan.name[0].upper() + plan.name[1:]
        assert [row[0] for row in read_rows(text, name)[2:]] == [client.label for client in plan.clients]
    assert all(f"## {heading}\n" in text for heading in HEADINGS)


def test_what_was_not_measured_says_why() -> None:
    results = make_results()
    name = "warm calls of every client, two CPUs, plain"
    del results.passes[name].slices[passes.OFFICIAL.label]
    results.passes[name].missing[passes.OFFICIAL.label] = "there is no environment with official"
    text = write_report(results)
    assert "official SDK, keepAlive (not measured: there is no environment with official)" in text
    row = next(row for row in read_rows(text, "Targets") if row[0].endswith("two CPUs, plain") and "official" in row[0])
    assert row[2:4] == ["not measured", "-"]


RESUMED_WALL = "new connection to a host seen before, TLS 1.3 / bare full handshake with a ready context: wall"
RESUMED_PASS = passes.name_resuming("TLS 1.3")


def find_row(results: Results, figure: str) -> "list[str]":
    return next(row for row in read_rows(write_report(results), "Targets") if row[0] == figure)


def set_walls(results: Results, name: str, **walls: float) -> None:
    """Give clients of a pass other wall times, by the name of the client in ``passes``."""
    for client, wall in walls.items():
        results.passes[name].slices[getattr(passes, client).label] = [Slice(wall, 5.0)] * 3


def test_a_resumed_connection_may_cost_a_tenth_more_than_the_bare_one() -> None:
    results = make_results()
    set_walls(results, RESUMED_PASS, FULL=100.0, RESUMED=70.0, NEW=84.0)
    assert find_row(results, RESUMED_WALL)[1:4] == ["<= 0.85", "0.84", "yes"]
    set_walls(results, RESUMED_PASS, RESUMED=82.0, NEW=91.0)
    assert find_row(results, RESUMED_WALL)[1:4] == ["<= 0.92", "0.91", "yes"]
    set_walls(results, RESUMED_PASS, NEW=93.0)
    assert find_row(results, RESUMED_WALL)[1:4] == ["<= 0.92", "0.93", "**no**"]


def test_a_row_names_its_method_its_certificate_its_peer_and_the_commit() -> None:
    results = make_results()
    results.about.update({"Responder": "nginx 1.2.3, one process, static answer", "Commit": "0123abc"})
    results.passes[RESUMED_PASS].method = next(
        plan.method for plan in passes.list_passes(False) if plan.name == RESUMED_PASS
    )
    terms = find_row(results, RESUMED_WALL)[4]
    assert terms == "median of 60 pairs of slices, RSA 2048, TLS 1.3, nginx 1.2.3, 0123abc"
    assert find_row(results, "modules of ours that it loads")[4].endswith("no TLS, no peer, 0123abc")


def test_a_row_of_connections_says_that_nginx_is_missing() -> None:
    results = make_results()
    del results.passes[RESUMED_PASS].slices[passes.NEW.label]
    results.passes[RESUMED_PASS].missing[passes.NEW.label] = "only nginx has a port for TLS 1.3 alone"
    row = find_row(results, RESUMED_WALL)
    assert row[2:] == ["not measured", "-", "only nginx has a port for TLS 1.3 alone"]


def test_an_empty_run_still_makes_a_report() -> None:
    rows = read_rows(write_report(Results({}, {})), "Targets")
    assert {tuple(row[2:]) for row in rows[2:]} == {("not measured", "-")}


def test_a_quick_run_is_marked() -> None:
    results = make_results()
    assert "quick run" not in write_report(results)
    results.is_quick = True
    assert "This was a quick run" in write_report(results)


def test_all_lines_of_a_table_have_as_many_cells() -> None:
    lines = write_report(make_results()).splitlines()
    for line, after in zip(lines, lines[1:], strict=False):
        if line.startswith("|") and after.startswith("|"):
            assert line.count("|") == after.count("|")


def test_the_report_names_no_folder_of_the_machine() -> None:
    assert not re.search(r"(?<![\w/])/(home|root|tmp|work|Users)\b", write_report(make_results()))


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (0, "0.00"), (-27.5, "-27.5")]
)
def test_three_figures_count(value: float, text: str) -> None:
    assert show(value) == text
