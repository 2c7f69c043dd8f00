"""The plots show what the reports say, and can be read by anyone."""

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import benchmarks.__main__ as program
import benchmarks.local.__main__ as local_program
from benchmarks import environments
from benchmarks.local.passes import load
from benchmarks.local.peers import Peers
from benchmarks.local.report import About
from benchmarks.local.report import write_report as write_local
from benchmarks.plots import charts, files
from benchmarks.plots.charts import Chart, Line, Panel, chart_calls, chart_cpu, chart_latency
from benchmarks.plots.drawing import DARK, LIGHT, THEMES, Theme, draw
from benchmarks.plots.tables import MissingError, read_number, read_report
from benchmarks.report import write_report
from benchmarks.results import Results
from tests.benchmarks.local.test_passes import make_load, make_loads
from tests.benchmarks.test_report import make_results

# The others measure without it. It is looked for and not loaded, which each worker would pay for.
pytestmark = pytest.mark.skipif(find_spec("matplotlib") is None, reason="there is no matplotlib")
SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {"CPU": "a test's, 2 CPUs", "Python": "CPython 3.11.7", "Date": "2026-01-02"}
TEXT = """# Title

- CPU: a test's
- Date: 2026-01-02

## One

Some words.

| Client | CPU us | calls |
|---|---:|---:|
| ours | 1,234.5 | **7** |
| theirs (not measured: it did not start) | - | - |
"""


def make_local(loads: "load.Figures | None" = None) -> str:
    about = About(MACHINE, {}, {})
    return write_local([load.PASS.conclude(loads or make_loads())], about)


def make_chart() -> Chart:
    lines = (Line("local SCF", (1.0, 20.0), True), Line("a & b", (3.0, 4.0), False), Line("gone", None, False))
    return Chart("plot-test", "Some <times>", "Milliseconds", (Panel("", lines),), "On a test's", ("p50", "p99"))


def read_contrast(one: str, other: str) -> float:
    """The contrast of two colours, as WCAG 2 has it."""
    lights = []
    for colour in (one, other):
        shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        lights.append(sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722))))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_a_report_is_read_back() -> None:
    report = read_report(TEXT)
    assert report.about == {"CPU": "a test's", "Date": "2026-01-02"}
    ours, theirs = report.find("One", "CPU us")
    assert ours == ("ours", {"CPU us": 1234.5, "calls": 7.0})
    assert theirs == ("theirs", {"CPU us": None, "calls": None})


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1,234", 1234.0), ("**3**", 3.0), ("+0.5", 0.5), ("void", None), ("-", None), ("", None), ("12%", None)],
)
def test_a_cell_is_a_number_or_nothing(cell: str, number: "float | None") -> None:
    assert read_number(cell) == number


@pytest.mark.parametrize(("heading", "column"), [("Two", "CPU us"), ("One", "wall us")])
def test_a_table_that_is_missing_is_named(heading: str, column: str) -> None:
    with pytest.raises(MissingError, match=f"'{heading}' with the columns {column}"):
        read_report(TEXT).find(heading, column)


def test_the_clients_are_those_of_the_report() -> None:
    results = make_results()
    chart = chart_cpu(read_report(write_report(Results({**results.about, **MACHINE}, {}, passes=results.passes))))
    plain, tls = chart.panels
    assert [panel.title for panel in chart.panels] == ["without TLS", "over TLS"]
    assert [line.label for line in plain.lines] == [line.label for line in tls.lines]
    assert plain.lines[:2] == (
        Line("floor: bare socket, prebuilt request, JSON", (5.0,), False),
        Line("tencentserverless", (10.0,), True),
    )
    assert chart.note == "Measured on loopback, a test's, 2 CPUs, CPython 3.11.7, 2026-01-02"


def test_the_servers_are_those_of_the_report_without_the_other_build() -> None:
    report = read_report(make_local())
    assert load.PASS.name == charts.LOAD
    calls, latency = chart_calls(report), chart_latency(report)
    assert [line.label for line in calls.panels[0].lines] == ["local SCF", "functions-framework --asgi"]
    assert [line.values for line in calls.panels[0].lines] == [(1500.0,), (750.0,)]
    assert [line.values for line in latency.panels[0].lines] == [(1.0, 5.0), (1.0, 10.0)]


def test_a_server_that_failed_or_did_not_start_has_no_bar() -> None:
    figures = make_loads()
    figures.loads["ministack"] = [make_load(100, wrong=3)]
    figures.missing["serverless-offline"] = "npm was not found"
    chart = chart_calls(read_report(make_local(figures)))
    assert [line for line in chart.panels[0].lines if line.values is None] == [
        Line("ministack", None, False),
        Line("serverless-offline", None, False),
    ]
    assert "ministack: not measured; serverless-offline: not measured" in chart.describe()
    assert draw(chart, LIGHT).count(">not measured</text>") == 2


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_a_picture_says_all_its_values_as_text(theme: Theme) -> None:
    root = ET.fromstring(draw(make_chart(), theme))
    assert root.get("role") == "img"
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert title.text == "Some <times>"
    assert "local SCF: p50 1.00, p99 20.0; a & b: p50 3.00, p99 4.00; gone: not measured" in words.text
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert texts >= {"local SCF", "p50 1.00, p99 20.0", "a & b", "gone", "not measured"}


def test_a_picture_loads_nothing_and_is_the_same_each_time() -> None:
    picture = draw(make_chart(), LIGHT)
    assert picture == draw(make_chart(), LIGHT)
    assert set(re.findall(r"https?://[^\"]*", picture)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert all(link.startswith("#") for link in re.findall(r"(?:href=\"|url\()([^\")]*)", picture))
    assert "system-ui" in picture


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
def test_the_colours_can_be_told_from_the_page(theme: Theme) -> None:
    assert min(read_contrast(colour, theme.ground) for colour in (theme.ours, theme.others)) >= 3
    assert min(read_contrast(colour, theme.ground) for colour in (theme.text, theme.faint)) >= 4.5


def test_ours_is_told_by_weight_and_the_ends_of_a_range_by_shape() -> None:
    picture = draw(make_chart(), DARK)
    bold = re.findall(r'<text style="[^"]*font-weight: 700[^"]*"[^>]*>([^<]*)<', picture)
    assert bold == ["local SCF", "p50 1.00, p99 20.0", "Some &lt;times&gt;"]
    assert len(re.findall(r"<use ", picture)) == 4
    assert len(set(re.findall(r'<use xlink:href="(#[^"]*)"', picture))) == 4


@pytest.mark.parametrize("path", list(files.CHARTS), ids=lambda path: path.name)
def test_the_stored_plots_are_those_of_the_stored_report(path: Path) -> None:
    for name, text in files.draw_plots([path]):
        stored = (files.IMAGES / name).read_text(encoding="utf-8")
        if f"matplotlib {version('matplotlib')} " in stored:
            assert stored == text, f"{name}: run python -m benchmarks.plots"
        else:
            words = [ET.fromstring(each).find(f"{SVG}desc").text for each in (stored, text)]
            assert words[0] == words[1], f"{name}: run python -m benchmarks.plots"


def test_no_other_plots_are_stored() -> None:
    assert {path.name for path in files.IMAGES.glob("plot-*")} == {name for name, _ in files.draw_plots()}


@pytest.mark.parametrize("options", [[], ["--quick"]], ids=["full", "quick"])
def test_a_full_run_draws_its_plots(options: "list[str]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(program, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(environments, "make_all", dict)
    monkeypatch.setattr(program.Program, "run", lambda *_: make_results())
    monkeypatch.setattr(files, "write_plots", lambda paths: drawn.append(*paths))
    assert program.main(options) == 0
    assert drawn == ([] if options else [tmp_path / "RESULTS.md"])


@pytest.mark.parametrize("wrong", [0, 1], ids=["valid", "void"])
def test_a_valid_local_run_draws_its_plots(wrong: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(local_program, "RESULTS", tmp_path / "LOCAL.md")
    monkeypatch.setattr(local_program, "install_peers", lambda with_slow: Peers())
    monkeypatch.setattr(environments, "make_one", lambda *_: Path("python"))
    monkeypatch.setattr(environments, "list_versions", lambda _: {})
    monkeypatch.setattr(local_program, "run_passes", lambda *_: [load.PASS.conclude(make_loads(wrong))])
    monkeypatch.setattr(files, "write_plots", lambda paths: drawn.append(*paths))
    assert local_program.main([]) == wrong
    assert drawn == ([] if wrong else [tmp_path / "LOCAL.md"])
