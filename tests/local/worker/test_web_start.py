"""How scf_bootstrap is started: its paths below /var/lang, and its own name in the shell that reads a copy."""

import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local.worker.interpreters import OWN_VERSION, Interpreters
from tencentserverless.local.worker.web_start import NoInterpreter, Start, find_program, map_paths, plan_start
from tests.local.worker.web_functions import LANG_PYTHON, write_web


@pytest.fixture(scope="module")
def interpreters():
    return Interpreters(is_strict=False)


def plan(folder, interpreters, *, is_isolated=False, port=9000):
    return plan_start(folder, folder, folder, interpreters, is_isolated=is_isolated, port=port)


def test_a_file_without_paths_of_the_cloud_is_run_as_it_is(tmp_path, interpreters):
    folder = write_web(tmp_path, "exec python3 app.py")
    assert plan(folder, interpreters) == plan(folder, interpreters, is_isolated=True) == Start(("./scf_bootstrap",))
    (folder / "scf_bootstrap").write_bytes(b"\x7fELF\0/var/lang/python310/bin/python3.10")
    assert plan(folder, interpreters) == Start(("./scf_bootstrap",))


def test_a_copy_takes_the_place_of_the_file_where_a_namespace_allows(tmp_path, interpreters):
    folder = write_web(tmp_path, f"#!/bin/bash -e\nexec {LANG_PYTHON} app.py\n")
    start = plan(folder, interpreters, is_isolated=True)
    copy = folder / ".scf_bootstrap"
    assert start == Start(("/bin/bash", "-e", "./scf_bootstrap"), (str(copy), str(folder / "scf_bootstrap")))
    assert LANG_PYTHON not in copy.read_text()


def test_a_shell_reads_the_copy_under_the_name_of_the_file(tmp_path, interpreters):
    text = f"""
echo "$0|${{BASH_SOURCE[0]}}|${{BASH_SOURCE}}|$BASH_SOURCE|${{BASH_SOURCE[0]%/*}}|$#|$(cd "$(dirname "$0")" && pwd)"
{LANG_PYTHON} -c "import sys; print(sys.version_info[:2])"
"""
    folder = write_web(tmp_path / "with a blank", text)
    start = plan(folder, interpreters)
    assert start.covers is None
    told = subprocess.run(start.command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    name = "./scf_bootstrap"
    assert told[0] == f"{name}|{name}|{name}|{name}|.|0|{folder}"
    assert told[1] == str(tuple(map(int, OWN_VERSION.split("."))))


def test_a_first_line_of_the_cloud_is_resolved(tmp_path, interpreters):
    folder = write_web(tmp_path, f"#!{LANG_PYTHON} -u\nprint('started')\n")
    start = plan(folder, interpreters)
    assert start.command[1:] == ("-u", "./scf_bootstrap")
    assert subprocess.run(start.command, cwd=folder, capture_output=True, text=True, check=True).stdout == "started\n"


def test_the_port_changes_where_there_is_one_address(tmp_path, interpreters):
    folder = write_web(tmp_path, "export PORT=9000 NUMBER=19000; echo $PORT $NUMBER")
    start = plan(folder, interpreters, port=40_123)
    told = subprocess.run(start.command, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert told == "40123 19000\n"


def test_the_paths_of_a_text():
    text = "/var/lang/python3/bin/python3.6 /var/lang/node20/bin/node:/var/lang/python310/bin:$PATH /var/language"
    found = map_paths(text, lambda language, digits, name: Path(f"<{language} {digits} {name}>"))
    assert found == "<python 3 python3.6> <node 20 node>:<python 310 >:$PATH /var/language"


def test_a_program_beside_an_interpreter_or_on_path_or_nowhere(interpreters):
    digits = OWN_VERSION.replace(".", "")
    folder = find_program(interpreters, "python", digits, "")
    assert (folder / f"python{OWN_VERSION}").exists() or folder == Path(sys.executable).parent
    assert find_program(interpreters, "sh", "", "sh").name == "sh"
    with pytest.raises(NoInterpreter, match=r"names /var/lang/php80/bin/no-such, and no no-such is on PATH"):
        find_program(interpreters, "php", "80", "no-such")
