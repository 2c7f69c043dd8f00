"""The help of groups: the same as click would write, without click."""

import click
import pytest

from tencentserverless.cli import extras
from tencentserverless.cli.command_table import COMMANDS, LOCAL
from tencentserverless.cli.lazy import HelpContext, LazyGroup
from tencentserverless.cli.listing import ABOUT, find_group, write_help


@pytest.mark.parametrize("columns", [50, 64, 80, 200])
@pytest.mark.parametrize("words", [(), ("local",), ("functions",)])
def test_the_layout_is_that_of_click(words, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LC_ALL", "C")
    path, about, rows = find_group(list(words), COMMANDS)
    group = LazyGroup(words[-1] if words else "scf", rows, about)
    if not words:
        group = click.version_option("1", prog_name="scf")(group)
    group.format_commands = lambda ctx, formatter: _write_commands(formatter, rows)
    context = HelpContext(group, info_name=" ".join(("scf", *words)), help_option_names=["-h", "--help"])
    assert write_help(path, about, rows) == click.Command.get_help(group, context)


def _write_commands(formatter, rows):
    with formatter.section("Commands"):
        formatter.write_dl([(name, row.summary) for name, row in rows.items()])


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ([], ()),
        (["--help"], ()),
        (["-h"], ()),
        (["local"], ("local",)),
        (["local", "-h"], ("local",)),
        (["local", "start", "--help"], None),
        (["--version"], None),
        (["--help", "local"], None),
        (["invoke"], None),
        (["nope"], None),
        (["local", "--json"], None),
    ],
)
def test_a_command_line_that_asks_for_the_help_of_a_group(words, path):
    found = find_group(words, COMMANDS)
    assert (found and found[0]) == path


def test_the_group_has_its_own_summary_and_rows():
    assert find_group(["local"], COMMANDS) == (("local",), COMMANDS["local"].summary, LOCAL)
    assert find_group([], COMMANDS)[1] == ABOUT


def test_on_windows_the_local_scf_is_left_to_the_sentence_about_it(monkeypatch):
    monkeypatch.setattr(extras, "is_windows", lambda: True)
    assert find_group(["local"], COMMANDS) is None
    assert find_group(["functions"], COMMANDS) is not None


@pytest.mark.parametrize("words", [(), ("local",), ("functions",), ("local", "--json")])
def test_a_group_alone_prints_its_help(run_scf, words: tuple) -> None:
    if "--json" in words:
        assert run_scf(*words).returncode == 2
        return
    done = run_scf(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run_scf(*words, "--help").stdout
    assert done.stdout.startswith(" ".join(("Usage: scf", *words)))
