"""The pictures of the tour: what terminals show is drawn, the page's values in it, and the stored ones are of today."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools.recording.__main__ import CHINESE, ENGLISH, LANGUAGES, Language, draw_all, list_steps
from tools.recording.page import ROOT, SERVE, read_steps
from tools.recording.picture import HEIGHTS, THEMES, Theme, count_cells, draw, read_text
from tools.recording.rows import Row, Run, Style, UnknownValueError, read, show, take_values
from tools.recording.terminals import COLUMNS, MORE, Event, Server, make_environment, run, take_tour
from tools.recording.timing import schedule, scroll

IMAGES = ROOT / "docs" / "images"
SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 100 * 1024
ID = "0b1c2d3e-0000-1111-2222-333344445555"
PAGE = f"""{{"message": "Hello"}}
0.20 ms, billed 1 ms, 10.9 MB, request {ID}
p50 ms                    0.019
     <= 1 ms     10000  ####
SCF local runs at http://127.0.0.1:8583 as process 30402
"""
DIM = Style("brightblack")
EVENTS = [
    Event(0, "scf init <hello>", ((Run("a & b"),), (), (Run("  c"), Run(" d  ", Style("green", is_bold=True))))),
    Event(1, SERVE, ((Run("ready"),),)),
    Event(0, "", tuple((Run(f"row {number}"),) for number in range(HEIGHTS[0]))),
]


def read_rows(root: ET.Element, terminal: int) -> list[str]:
    """The rows that a picture holds, in their order."""
    rows = root.find(f".//{SVG}g[@id='rows-{terminal}']")
    return [" ".join(text.text for text in row.iter(f"{SVG}text")) for row in rows]


def read_picture(language: Language) -> ET.Element:
    return ET.fromstring((IMAGES / f"tour{language.suffix}.svg").read_text(encoding="utf-8"))


def test_what_is_written_over_is_gone_and_faint_text_has_a_colour() -> None:
    rows = show(b"\x1b[?25l1/3\r2/3\r\x1b[2K\x1b[32m3/3\x1b[0m done\r\n\x1b[2mfaint\x1b[0m\r\n\r\n  last \r\n")
    assert rows == [
        (Run("3/3", Style("green")), Run(" done")),
        (Run("faint", DIM),),
        (),
        (Run("  last"),),
    ]


def test_chinese_takes_two_cells() -> None:
    (row,) = show("已创建 hello".encode())
    assert read(row) == "已创建 hello"
    assert count_cells(read(row)) == 12


def test_what_changes_is_taken_from_the_page() -> None:
    other = "f" * 8 + ID[8:]
    rows = [
        (Run('{"message": "Hello"}'),),
        (Run(f"12.31 ms，计费 13 ms，9.1 MB，请求 {other}", DIM),),
        (Run("p50 ms                   12.345"),),
        (Run("    <= 1 ms     9000  ###", DIM),),
        (Run("    <= 2 ms     1000  #", DIM),),
        (Run("         ^^^^"),),
        (Run("本地 SCF 运行于 "), Run("http://127.0.0.1:41234，进程 5")),
    ]
    assert take_values(rows, PAGE) == [
        (Run('{"message": "Hello"}'),),
        (Run(f"0.20 ms，计费 1 ms，10.9 MB，请求 {ID}", DIM),),
        (Run("p50 ms                    0.019"),),
        (Run("     <= 1 ms     10000  ####", DIM),),
        (Run("本地 SCF 运行于 http://127.0.0.1:8583，进程 30402"),),
    ]


def test_a_value_that_the_page_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownValueError, match=r"no value for '2\.0 ms'"):
        take_values([(Run("1.0 ms, 2.0 ms"),)], "3.0 ms")


def test_rows_come_in_the_order_of_the_events_and_the_last_ones_stay_in_sight() -> None:
    recording = schedule(EVENTS)
    first, second = recording.terminals
    assert [read(shown.row) for shown in first[:4]] == ["$ scf init <hello>", "a & b", "", "  c d  "]
    assert [read(shown.row) for shown in second] == [f"$ {SERVE}", "ready"]
    assert [shown.at for shown in first] == sorted(shown.at for shown in first)
    assert first[3].at < second[0].at < second[1].at < first[4].at <= recording.seconds
    assert list(scroll(first, HEIGHTS[0])) == [(first[-1].at, 4)]
    assert list(scroll(second, HEIGHTS[1])) == []


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_picture_is_text_with_a_title(theme: Theme) -> None:
    picture = draw(schedule(EVENTS), theme, ENGLISH.words)
    root = ET.fromstring(picture)
    assert root.get("role") == "img"
    title, words = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert (title.text, words.text) == ENGLISH.words[:2]
    assert read_rows(root, 0)[:3] == ["$ scf init <hello>", "a & b", "c d"]
    assert '<text class="green bold" x="29" y="63" textLength="7.25"' in picture


def test_a_picture_is_whole_where_nothing_moves() -> None:
    picture = draw(schedule(EVENTS), THEMES[0], ENGLISH.words)
    still, _, moving = picture.partition("@media (prefers-reduced-motion: no-preference) {")
    assert "#rows-0 { transform: translateY(-68px) }" in still
    assert not re.search("animation|visibility|clip-path", still)
    assert moving.count("animation: scroll-") == 1
    assert "infinite" not in moving


def test_a_picture_loads_nothing() -> None:
    picture = draw(schedule(EVENTS), THEMES[0], ENGLISH.words)
    assert re.findall(r"https?://[^\"]*", picture) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@import|@font-face|url\(|href|<script", picture)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_text_can_be_told_from_its_ground(theme: Theme) -> None:
    def weigh(colour: str) -> float:
        shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)) + 0.05

    for colour in theme.colours.values():
        for ground in (theme.ground, theme.bar):
            light, dark = sorted((weigh(colour), weigh(ground)), reverse=True)
            assert light / dark >= 4.5, (colour, ground)


def test_a_command_runs_in_a_terminal_of_its_own_in_an_empty_home(tmp_path: Path) -> None:
    command = "test -t 0 && test -t 1 && test -t 2 && tput colors && pwd && echo $HOME"
    output = run(command, tmp_path, make_environment(tmp_path, "C.UTF-8"))
    assert output.decode().split("\r\n") == ["256", str(tmp_path), str(tmp_path), ""]


def test_a_server_that_ends_too_early_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bash").symlink_to(shutil.which("bash"))
    server = Server(tmp_path, {"PATH": str(tmp_path)})  # where there is no scf
    with pytest.raises(RuntimeError, match="the server's terminal has 0 of 1 lines"):
        server.wait_for_lines(re.compile("ready"), 1)
    assert server.end() != 0


def test_the_stored_pictures_are_small_and_of_both_languages() -> None:
    sizes = {path.name: path.stat().st_size for path in IMAGES.glob("tour*")}
    assert set(sizes) == {f"tour{language.suffix}{theme}.svg" for language in LANGUAGES for theme in ("", "-dark")}
    assert max(sizes.values()) <= MOST_BYTES


def test_the_stored_picture_says_what_the_page_says() -> None:
    """The commands and the lines of both terminals, in their order; what the server prints besides is no line of it."""
    lines: tuple[list[str], list[str]] = ([], [])
    for command, printed in read_steps():
        terminal = 1 if command in ("", SERVE) else 0
        lines[terminal].extend([f"$ {command}"] if command else [])
        lines[terminal].extend(line for line in printed.splitlines() if line.strip() and not set(line) <= set(" ^"))
    root = read_picture(ENGLISH)
    first, second = ([line.split() for line in read_rows(root, terminal)] for terminal in (0, 1))
    assert first == [line.split() for line in lines[0]]
    prints = [line.split() for line in ("[hello] greeting Ada", "[hello] greeting number 1", MORE)]
    assert [line for line in second if line not in prints] == [line.split() for line in lines[1]]


def test_the_chinese_picture_has_the_same_commands_but_for_the_language() -> None:
    steps = list_steps(CHINESE)
    assert [step.command for step in steps if step.command not in {each.command for each in read_steps()}] == [
        "scf explain 430"
    ]
    rows = read_rows(read_picture(CHINESE), 0)
    assert [row[2:] for row in rows if row.startswith("$ ")] == [
        step.command for step in steps if step.command not in ("", SERVE)
    ]
    assert "原因: 异常未被处理函数捕获，堆栈在 stack_trace 中。" in rows


@pytest.mark.proof
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_a_new_run_draws_the_stored_pictures(language: Language) -> None:
    events = take_tour(list_steps(language), language.locale)
    shown: list[Row] = [row for event in events for row in event.rows]
    assert max(count_cells(read(row)) for row in shown) <= COLUMNS
    rows = read_rows(read_picture(language), 0)
    assert [text for event in events if event.terminal == 0 for row in event.rows if (text := read_text(row))] == [
        row for row in rows if not row.startswith("$ ")
    ]
    for name, text in draw_all(language, events):
        assert (IMAGES / name).read_text(encoding="utf-8") == text, f"{name}: run make recordings"
