"""Help in Chinese: every sentence, within the width of the terminal."""

import re

import pytest

from tencentserverless.cli.command_table import list_paths
from tencentserverless.cli.output.help_text import width_of, wrap

CHINESE = re.compile("[\u4e00-\u9fff]")
#: Lines of three English words in a row, but for metavars and names of files.
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")
COMMANDS = re.compile(r"scf (local )?[a-z]+( [a-z]+)?")


@pytest.mark.parametrize("words", [(), ("local",), ("functions",), *list_paths()], ids=" ".join)
def test_the_help_of_every_command_is_chinese(run_scf, words: tuple) -> None:
    done = run_scf(*words, "--help", env={"LC_ALL": "zh_CN.UTF-8", "COLUMNS": "80"})
    assert done.returncode == 0
    assert done.stdout.startswith("用法: scf")
    assert "选项:" in done.stdout
    assert "显示此帮助并退出。" in done.stdout
    for line in done.stdout.splitlines():
        assert width_of(line) <= 80
        assert not ENGLISH.search(COMMANDS.sub("", line)), line


@pytest.mark.parametrize("words", [(), ("local",), ("functions",), ("local", "--json")])
def test_a_group_alone_prints_its_help(run_scf, words: tuple) -> None:
    if "--json" in words:
        assert run_scf(*words).returncode == 2
        return
    done = run_scf(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run_scf(*words, "--help").stdout
    assert done.stdout.startswith(" ".join(("Usage: scf", *words)))


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("调用函数并输出结果", 8, ["调用函数", "并输出结", "果"]),
        ("调用函数，并输出", 8, ["调用函", "数，并输", "出"]),
        ("（调用）函数", 6, ["（调", "用）函", "数"]),
        ("用 scf map 调用", 8, ["用 scf", "map 调用"]),
        ("a verylongword b", 4, ["a", "verylongword", "b"]),
        ("", 8, []),
    ],
)
def test_lines_break_between_chinese_letters_and_at_blanks(text: str, width: int, lines: list) -> None:
    assert list(wrap(text, width)) == lines
