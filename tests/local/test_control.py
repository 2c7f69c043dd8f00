"""How others find a server that runs, and what they may ask of it."""

import pytest

from tencentserverless.local.console import Console
from tencentserverless.local.control import ask, find_state


def test_the_nearest_state_folder_counts(tmp_path):
    inner = tmp_path / "project" / "functions" / "echo"
    inner.mkdir(parents=True)
    assert find_state(inner) == inner / ".scf"
    (tmp_path / ".scf").mkdir()
    assert find_state(inner) == tmp_path / ".scf"
    (tmp_path / "project" / ".scf").mkdir()
    assert find_state(inner) == tmp_path / "project" / ".scf"
    (inner / ".scf").write_text("a file is none")
    assert find_state(inner) == tmp_path / "project" / ".scf"


def test_the_console_keeps_its_last_lines(capsys):
    console = Console()
    try:
        for number in range(2005):
            console.show(str(number))
        lines, count = console.kept()
        assert (lines[0], lines[-1], len(lines), count) == ("5", "2004", 2000, 2005)
        assert console.kept(2003) == (["2003", "2004"], 2005)
        assert console.kept(2005) == ([], 2005)
        assert console.kept(9999) == ([], 2005)
    finally:
        console.close()


@pytest.mark.parametrize("after", ["x", "-1", "1" * 16, "%D9%A1"])
def test_a_count_that_is_none_is_refused(local_scf, after):
    status, found = ask(local_scf.env, "GET", f"logs?after={after}")
    assert (status, list(found)) == (400, ["error"])
    assert found["error"].startswith("after must be a number, not ")


def test_an_answer_goes_on_where_the_last_one_ended(local_scf):
    count = ask(local_scf.env, "GET", "logs")[1]["count"]
    local_scf.invoke("behave", {"do": "print", "text": "something"})
    status, found = ask(local_scf.env, "GET", f"logs?after={count}")
    assert status == 200
    assert found["count"] - count == len(found["lines"])
