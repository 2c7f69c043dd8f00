"""Help in Chinese: every sentence, within the width of the terminal."""

import re

import pytest

from tencentserverless.cli.command_table import list_paths
from tencentserverless.cli.output.wrapping import width_of

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
