"""Output on a terminal, in a pipe, and on a closed stream."""

import io
import os
import pty
import shlex
import subprocess
import sys

import pytest

from tencentserverless.cli.output import printing
from tests.conftest import child_environment, scf_command


def shown_on_a_terminal(*words, **changes):
    """What a person sees, stderr being a terminal."""
    reader, writer = pty.openpty()
    try:
        environment = child_environment(**{"TERM": "xterm", **changes})
        subprocess.run(scf_command(*words), stdin=writer, stdout=writer, stderr=writer, env=environment, check=False)
        return os.read(reader, 65536).decode()
    finally:
        os.close(reader)
        os.close(writer)


def test_colours_are_for_terminals_alone(run_scf):
    assert "\x1b[31mscf: error:\x1b[0m" in shown_on_a_terminal("nope")
    assert "\x1b" not in shown_on_a_terminal("nope", NO_COLOR="1")
    assert "\x1b" not in shown_on_a_terminal("nope", TERM="dumb")
    assert "\x1b" not in run_scf("nope", env={"TERM": "xterm"}).stderr


def test_further_faults_have_lines_of_their_own(capsys):
    assert printing.fail(4, "the first\nin one line", faults=["a.yml:1: x\r", "a.yml:2: y"]) == 4
    assert capsys.readouterr().err == "scf: error: the first in one line\n  a.yml:1: x\\r\n  a.yml:2: y\n"


def test_what_moves_a_terminal_is_shown_and_not_done():
    assert printing.plain("a\x1b[2Jb\rc\x07\n\té") == "a\\x1b[2Jb\\rc\\x07\n\té"


@pytest.mark.parametrize("words", [("local", "env", "--unset"), ("--help",)])
def test_a_reader_that_has_gone_ends_it_without_a_word(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        scf_command(*words), stdout=writer, stderr=subprocess.PIPE, env=child_environment(), check=False
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_told():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            scf_command("local", "env", "--unset"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=child_environment(),
            check=False,
        )
    said = "scf: error: the output can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (17, said)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_stream_that_was_closed_before_is_ignored(closed):
    command = f"{shlex.join(scf_command('local', 'env', '--unset'))} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=child_environment(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_letters_that_the_stream_has_not_are_escaped(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    printing.answer("函数")
    assert stream.buffer.getvalue() == b"\\u51fd\\u6570\n"
