"""What the passes make of their figures. Nothing is measured here."""

import time

import pytest

from benchmarks.local.load import Load
from benchmarks.local.passes import (
    PASSES,
    cold,
    dashboard,
    heads,
    load,
    many,
    starts,
    stops,
    warm,
    web,
    web_saves,
    web_streams,
)
from benchmarks.local.peers import ASGI, DEFAULT
from benchmarks.local.plan import list_turns
from benchmarks.local.report import About, write_report
from benchmarks.local.section import Section
from benchmarks.local.servers import BASE, OURS, Server

ABOUT = About({"CPU": "a test's"}, {"ours": {"tencentserverless": "1.0.0"}}, {"ministack": "there is no network"})


def make_load(calls: int, wrong: int = 0, p99_ms: float = 5.0, cpu_us: float = 0.0) -> Load:
    return Load(calls, 2.0, wrong, 0, 1.0, p99_ms, cpu_us)


def make_loads(wrong: int = 0) -> load.Figures:
    """The machine was three times slower in the second round: pairs do not see that, medians would."""
    ours = [make_load(3000, cpu_us=40), make_load(1000, cpu_us=120), make_load(3000, wrong, cpu_us=40)]
    peer = [make_load(2000, p99_ms=10), make_load(500, p99_ms=20), make_load(1500, p99_ms=4)]
    base = [make_load(1000, cpu_us=100), make_load(500, cpu_us=300), make_load(1000, cpu_us=90)]
    return load.Figures({OURS: ours, ASGI: peer, BASE: base}, needed=(OURS, ASGI))


def make_heads(wrong: int = 0) -> heads.Figures:
    official = [make_load(900, cpu_us=105), make_load(300, wrong, cpu_us=330)]
    own = [make_load(1000, cpu_us=100), make_load(300, cpu_us=300)]
    return heads.Figures({(OURS, heads.OWN_HEADS): own, (OURS, heads.OFFICIAL_HEADS): official})


def make_web(wrong: int = 0) -> web.Figures:
    calls = {
        web.BARE: 4000,
        web.SHARED: 2400,
        web.SINGLE: 1000,
        f"{web.CALLED}, {OURS}": 3000,
        f"{web.CALLED}, {BASE}": 2000,
    }
    loads = {label: [make_load(count, wrong), make_load(count // 2)] for label, count in calls.items()}
    front_us = {web.SHARED: [40.0, 90.0], f"{web.CALLED}, {BASE}": [100.0, 200.0], web.BARE: [0.0, 0.0]}
    return web.Figures(loads, {**{label: [50.0, 50.0] for label in loads}, **front_us})


def make_streams(broken: int = 0) -> web_streams.Figures:
    """The machine was busy in the second round: pairs see what was added, medians would not."""
    bare = [web_streams.Slice(50, 40, 0, p50, p99) for p50, p99 in ((0.1, 1.0), (0.2, 30.0), (0.1, 2.0))]
    mine = [web_streams.Slice(50, 40, broken, p50, p99) for p50, p99 in ((0.5, 4.0), (1.2, 26.0), (0.5, 6.0))]
    return web_streams.Figures({web.BARE: bare, web.SHARED: mine}, [80.0, 200.0, 90.0])


def make_saves(failed: int = 0) -> web_saves.Figures:
    pairs = ((0.4, 0.25), (1.5, 1.0), (0.3, 0.25))
    return web_saves.Figures([web_saves.Save(live, start, failed) for live, start in pairs])


def make_pages(wrong: int = 0) -> dashboard.Figures:
    visits = [dashboard.FirstPage(ms, 6, 370.0, 370.0, 60.0) for ms in (310.0, 250.0, 240.0)]
    loads = {
        dashboard.OPEN: [make_load(970, wrong, cpu_us=104), make_load(320, cpu_us=300)],
        dashboard.CLOSED: [make_load(1000, cpu_us=100), make_load(320, cpu_us=300)],
    }
    return dashboard.Figures(visits, loads, {label: [0.1, 0.3] for label in loads}, 2.5, 0.5, 100_000)


def make_sections(wrong: int = 0, ready_seconds: float = 0.3) -> "list[Section]":
    ours, base = starts.Start(ready_seconds, 0.4, 50.0, 70.0), starts.Start(1.0, 1.0, 40.0, 70.0)
    return [
        starts.PASS.conclude(starts.Figures({OURS: [ours], BASE: [base]})),
        many.PASS.conclude(many.Figures({(OURS, 1): [0.5, 2.0], (OURS, many.MANY): [0.55, 2.0]})),
        cold.PASS.conclude(cold.Figures([0.06, 0.2], [0.02, 0.1])),
        warm.PASS.conclude(warm.Figures("nginx", [warm.Slice(0.5, 2.0)], [warm.Slice(0.25, 1.0)])),
        load.PASS.conclude(make_loads(wrong)),
        heads.PASS.conclude(make_heads()),
        stops.PASS.conclude(stops.Figures({OURS: [0.5], BASE: [5.0]})),
        web.PASS.conclude(make_web()),
        web_streams.PASS.conclude(make_streams()),
        web_saves.PASS.conclude(make_saves()),
        dashboard.PASS.conclude(make_pages()),
    ]


def read_rows(text: str, heading: str) -> "list[list[str]]":
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]


def test_every_target_has_its_row_with_a_verdict() -> None:
    rows = read_rows(write_report(make_sections(), ABOUT), "Targets")
    assert rows[0] == ["Figure", "Target", "Measured", "Met?"]
    found = {row[0]: row[1:] for row in rows[2:]}
    assert list(found) == [target.figure for made in PASSES for target in made.targets]
    assert found["command to ready line"] == ["<= 0.5 s", "0.30 s", "yes"]
    assert found["memory of the idle server"] == ["<= 60 MB", "50.0 MB", "yes"]
    assert found["cold first call / starting that interpreter with `-c pass`"] == ["<= 3", "2.50", "yes"]
    assert found["warm call, p50, over the SDK's call to a static responder"] == ["<= 0.3 ms", "0.25 ms", "yes"]
    assert found["warm call, p50 / the SDK's call to a static responder"] == ["<= 3", "2.00", "yes"]
    assert found[f"calls a second of 16 callers / {ASGI}'s"] == [">= 1.7", "2.00", "yes"]
    assert found["CPU a call of 16 callers, server and workers / BASE's"] == ["<= 0.45", "0.40", "yes"]
    assert found[f"p99 of a call of 16 callers / {ASGI}'s"] == ["<= 1", "0.50", "yes"]
    assert found["CPU a call of 16 callers, official SDK's heads / ours"] == ["<= 1.1", "1.08", "yes"]
    assert found["command to ready line with 201 functions / with one"] == ["<= 1.2", "1.05", "yes"]
    assert found["requests a second to one instance of a web function / the app alone"] == [">= 0.5", "0.60", "yes"]
    assert found["the same to 16 instances of one request each / the app alone"] == [">= 0.25", "0.25", "yes"]
    assert found["the server's CPU for a proxied request / an event call of BASE"] == ["<= 0.5", "0.43", "yes"]
    assert found["delay that a web function's URL adds to an event, p99, 50 streams"] == ["<= 10 ms", "3.00 ms", "yes"]
    figure = "saved file of a web function to its first answer, over the start of the app alone"
    assert found[figure] == ["<= 0.3 s", "0.15 s", "yes"]
    figure = "first page of the dashboard, cold server, 1,000 functions, 10,000 invocations"
    assert found[figure] == ["<= 300 ms", "250 ms", "yes"]
    assert found["calls a second of 16 callers with one page open / with none"] == [">= 0.95", "0.98", "yes"]
    assert found["CPU a call, server and workers, with one page open / with none"] == ["<= 1.05", "1.02", "yes"]
    assert found["memory growth of the server with the page open"] == ["<= 10 MB", "2.50 MB", "yes"]
    assert found["memory of the idle server / BASE's"] == ["<= 1.1", "1.25", "**no**"]
    assert found["stop with an open tunnel / BASE's"] == ["<= 0.2", "0.10", "yes"]


def test_a_target_that_is_missed_says_so() -> None:
    rows = read_rows(write_report(make_sections(ready_seconds=0.6), ABOUT), "Targets")
    assert rows[2] == ["command to ready line", "<= 0.5 s", "0.60 s", "**no**"]


def test_one_failed_call_voids_the_run_and_leaves_no_figure_of_that_server() -> None:
    sections = make_sections(wrong=1)
    assert [fault for section in sections for fault in section.faults] == [f"1 calls of {OURS} failed under load"]
    text = write_report(sections, ABOUT)
    assert f"**This run is void: 1 calls of {OURS} failed under load.**" in text
    void = [
        row
        for row in read_rows(text, "Targets")
        if "16 callers" in row[0] and row[0].count("heads") + row[0].count("page") == 0
    ]
    assert [row[2:] for row in void] == [["not measured", "-"]] * 3
    rows = {row[0]: row[1:] for row in read_rows(text, "Load: 16 callers")[2:]}
    assert rows[OURS] == ["void", "-", "-", "-", "-", "7,000", "**1**"]
    assert (rows[ASGI][0], rows[ASGI][-1]) == ("750", "0")
    assert "void" not in write_report(make_sections(), ABOUT).split("## Notes")[0]


def test_a_failing_peer_that_no_target_needs_voids_its_own_row_alone() -> None:
    figures = make_loads()
    figures.loads["ministack"] = [make_load(100, wrong=3)]
    section = load.PASS.conclude(figures)
    assert section.faults == ()
    assert section.targets[0][1] == 2
    assert "| ministack | void | - | - | - | - | 100 | **3** |" in section.lines


def test_a_failing_baseline_leaves_no_ratio() -> None:
    figures = load.Figures({OURS: [make_load(10)], ASGI: [make_load(10, wrong=1)]}, needed=(OURS, ASGI))
    section = load.PASS.conclude(figures)
    assert [value for _, value in section.targets] == [None, None, None]
    assert section.faults == (f"1 calls of {ASGI} failed under load",)


def test_a_failed_call_with_official_heads_leaves_no_ratio_and_voids_the_run() -> None:
    section = heads.PASS.conclude(make_heads(wrong=2))
    assert [value for _, value in section.targets] == [None]
    assert section.faults == (f"2 calls of {OURS} with the official SDK's heads failed under load",)


def test_targets_that_need_a_base_are_not_measured_without_one() -> None:
    figures = make_loads()
    del figures.loads[BASE]
    sections = [
        starts.PASS.conclude(starts.Figures({OURS: [starts.Start(0.3, 0.4, 50.0, 70.0)]})),
        load.PASS.conclude(figures),
        stops.PASS.conclude(stops.Figures({OURS: [0.5]})),
    ]
    rows = read_rows(write_report(sections, ABOUT), "Targets")[2:]
    missing = [row[0] for row in rows if row[2:] == ["not measured", "-"]]
    assert missing == [row[0] for row in rows if row[0].endswith("BASE's")]
    assert len(missing) == 3


def test_broken_connections_are_failures_too() -> None:
    assert Load(10, 1.0, 1, 2, 1.0, 1.0).failures == 3


def test_what_was_not_measured_says_why() -> None:
    modules = (starts, many, cold, warm, load, heads, stops)
    figures = [module.Figures() for module in modules]
    figures[4] = load.Figures({}, missing={DEFAULT: "it did not start"})
    sections = [made.conclude(found) for made, found in zip(PASSES, figures)]
    text = write_report(sections, ABOUT)
    assert {tuple(row[2:]) for row in read_rows(text, "Targets")[2:]} == {("not measured", "-")}
    assert f"{DEFAULT} (not measured: it did not start)" in text
    assert "- ministack was left out: there is no network." in text


def test_all_lines_of_a_table_have_as_many_cells() -> None:
    for wrong in (0, 1):
        lines = write_report(make_sections(wrong), ABOUT).splitlines()
        for line, after in zip(lines, lines[1:]):
            if line.startswith("|") and after.startswith("|"):
                assert line.count("|") == after.count("|")


def test_servers_take_turns_forwards_and_backwards() -> None:
    servers = [Server(label, pytest.fail) for label in "abc"]
    assert [(number, server.label) for number, server in list_turns(servers, 3)] == [
        *((0, label) for label in "abc"),
        *((1, label) for label in "cba"),
        *((2, label) for label in "abc"),
    ]


def test_failed_requests_of_web_functions_void_the_run_and_a_missing_uvicorn_is_said() -> None:
    assert len(web.PASS.conclude(make_web(wrong=1)).faults) == 5
    section = web.PASS.conclude(web.Figures(missing="uvicorn is not installed"))
    assert (section.lines, section.faults) == (("Not measured: uvicorn is not installed.",), ())
    assert [value for _, value in section.targets] == [None, None, None]


def test_the_delay_that_is_added_is_the_median_over_rounds_and_may_be_less_than_nothing() -> None:
    figures = make_streams()
    assert figures.added_ms("p99_ms") == 3.0
    assert figures.added_ms("p50_ms") == pytest.approx(0.4)
    figures.slices[web.SHARED], figures.slices[web.BARE] = figures.slices[web.BARE], figures.slices[web.SHARED]
    assert figures.added_ms("p99_ms") == -3.0
    rows = read_rows("## x\n" + "\n".join(web_streams.PASS.conclude(make_streams()).lines), "x")
    assert rows[2:] == [
        [web.BARE, "0.10", "2.00", "-", "-", "-", "120", "0"],
        [web.SHARED, "0.50", "6.00", "0.40", "3.00", "90.0", "120", "0"],
    ]


def test_a_stream_without_all_of_its_events_voids_the_run_and_leaves_no_delay() -> None:
    section = web_streams.PASS.conclude(make_streams(broken=1))
    assert section.faults == (f"3 streams of {web.SHARED} did not bring all of their events in order",)
    assert [value for _, value in section.targets] == [None]
    section = web_streams.PASS.conclude(web_streams.Figures(missing="uvicorn is not installed"))
    assert (section.lines, section.faults) == (("Not measured: uvicorn is not installed.",), ())
    assert [value for _, value in section.targets] == [None]


def test_a_saved_file_is_compared_with_the_start_of_its_own_pair() -> None:
    section = web_saves.PASS.conclude(make_saves())
    assert [value for _, value in section.targets] == [pytest.approx(0.15)]
    rows = read_rows("## x\n" + "\n".join(section.lines), "x")
    assert [row[1:] for row in rows[2:]] == [["400", "300", "1500"], ["250", "250", "1000"], ["150", "50.0", "500"]]


def test_requests_that_fail_while_a_file_is_saved_void_the_run() -> None:
    section = web_saves.PASS.conclude(make_saves(failed=2))
    assert section.faults == ("6 requests of a web function failed while its file was saved",)
    section = web_saves.PASS.conclude(web_saves.Figures(missing="uvicorn is not installed"))
    assert (section.lines, section.faults) == (("Not measured: uvicorn is not installed.",), ())
    assert [value for _, value in section.targets] == [None]


def test_requests_until_a_version_answers_are_counted_if_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(200, b"version 1"), (0, b""), (500, b"version 1"), (439, b"{}"), (200, b"version 2"), (200, b"none")]
    monkeypatch.setattr(web_saves, "ask", lambda port, path: answers.pop(0))
    seconds, failed = web_saves.await_version(1, "/", 2, time.perf_counter())
    assert (failed, answers) == (3, [(200, b"none")])
    assert seconds > 3 * web_saves.POLL_SECONDS
    monkeypatch.setattr(web_saves, "LIVE_SECONDS", 0.001)
    with pytest.raises(RuntimeError, match=r"version 2 was not there .* 200 b'none'"):
        web_saves.await_version(1, "/", 2, time.perf_counter())


def test_failed_calls_with_a_page_open_void_the_run_and_a_missing_browser_is_said() -> None:
    section = dashboard.PASS.conclude(make_pages(wrong=1))
    assert section.faults == ("1 calls failed with one page open",)
    assert [value for _, value in section.targets] == [250.0, None, None, 2.5]
    section = dashboard.PASS.conclude(dashboard.Figures(missing="Playwright is not installed"))
    assert (section.lines, section.faults) == (("Not measured: Playwright is not installed.",), ())
    assert [value for _, value in section.targets] == [None] * 4
