"""docs/understand/function-urls.md: its files are read without a complaint, and its commands print what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local.serve import read_deployables
from tests.conftest import SOURCE, child_environment

PAGE = SOURCE.parent / "docs" / "understand" / "function-urls.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```(?:yaml|python)\n# (\S+/\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
SESSIONS = re.findall(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
NAMES = ("shop", "page", "hook")


def write(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    for file in ("index.py", "serverless.yml"):
        (place / file).write_text(FILES[f"{name}/{file}"], encoding="utf-8")
    return place


def test_every_block_is_a_file_or_a_session() -> None:
    assert {file.partition("/")[0] for file in FILES} == set(NAMES)
    assert TEXT.count("```sh\n") == len(SESSIONS) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_without_a_complaint(tmp_path: Path, name: str) -> None:
    (function,) = read_deployables(write(tmp_path, name), "ap-guangzhou")
    assert (function.told, function.left_out) == ((), ())
    assert function.urls[0].has_extranet


@pytest.mark.skipif(not any(Path(place, "curl").exists() for place in os.get_exec_path()), reason="curl is missing")
@pytest.mark.parametrize(("name", "session"), list(zip(NAMES, SESSIONS, strict=True)), ids=NAMES)
def test_the_commands_print_what_the_page_says(start_local_scf, tmp_path: Path, name: str, session) -> None:
    project = write(tmp_path / "project", name)
    server = start_local_scf(project, "--state", project / ".scf")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{session[0]}"],
        cwd=project,
        env=child_environment(PATH=path),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed = [line.rstrip("\r") for line in done.stdout.split("\n")]
    assert "\n".join(printed).rstrip("\n") == session[1].rstrip("\n")
    shown = server.settled_stderr()
    assert re.search(
        rf"scf: {name} \(\$DEFAULT\) is at http://\S+\.localhost:\d+ or http://127\.0\.0\.1:\d+/\S+\n", shown
    )


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (PAGE.parent / target.partition("#")[0]).exists(), target
