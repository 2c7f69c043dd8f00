"""Every picture is made by a command."""

from pathlib import Path

import pytest

from tools.website.figures import find_faults, find_maker, list_targets

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "Makefile").write_text("X := 1\nscreenshots: .venv\n\techo made\n")
    return tmp_path


def test_the_pictures_of_this_project_have_their_commands() -> None:
    assert list(find_faults(ROOT)) == []


def test_targets_are_read() -> None:
    assert {"docs", "screenshots", "bench"} <= list_targets(ROOT)


def test_a_picture_that_no_command_makes_is_named(root: Path) -> None:
    (root / "docs/images/drawn-by-hand.png").touch()
    (root / "docs/images/dashboard-events-en.png").touch()
    assert list(find_faults(root)) == [
        "docs/images/drawn-by-hand.png:1: no command makes this picture; name its target in tools/website/figures.py"
    ]


def test_a_target_that_is_gone_is_named(root: Path) -> None:
    (root / "docs/images/plot-cpu.svg").touch()
    assert list(find_faults(root)) == [
        "docs/images/plot-cpu.svg:1: the Makefile has no target 'bench', which should make this picture"
    ]


def test_the_first_pattern_counts() -> None:
    assert [find_maker(name) for name in ("plot-cpu-dark.svg", "plot-calls.svg", "tour-zh.svg", "a.gif")] == [
        "bench",
        "bench-local",
        "recordings",
        None,
    ]
