"""The pages that a new user reads first: their commands run as they stand, and their figures and tables are true."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tencentserverless import config, exception
from tencentserverless.scf import Client
from tests.conftest import child_environment
from tests.house.test_documents import SCRIPTS, make_anchor, read_blocks

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
FIVE_MINUTES = "docs/start/five-minutes.md"
ENV_FILE = "/tmp/scf-local.env"
WITH_FIGURES = (*READMES, "docs/understand/performance.md")


@pytest.mark.parametrize("document", READMES)
def test_readme_is_short(document: str) -> None:
    assert len((ROOT / document).read_text(encoding="utf-8").splitlines()) <= 120


# Commands


def list_shell_blocks(document: str) -> list[str]:
    return [block.text for block in read_blocks(document) if block.language == "sh"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a terminal in which nothing leads to a local SCF yet."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environ = child_environment(XDG_RUNTIME_DIR=str(runtime))
    return {**environ, "PATH": os.pathsep.join((str(SCRIPTS), environ["PATH"]))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def run(script: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type lines in a terminal; the first one that fails ends it."""
    command = ["bash", "-c", f"set -eu\n{script}"]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@contextmanager
def serve(command: str, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Run a server in its own terminal, on a free port."""
    typed = ["bash", "-c", f"exec {command} --port 0"]
    with subprocess.Popen(typed, cwd=folder, env=environ, stdout=subprocess.PIPE, encoding="utf-8") as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("SCF local ready at http://127.0.0.1:")
            yield
        finally:
            server.terminate()
    assert server.returncode == 0


@pytest.mark.parametrize("document", [READMES[0], pytest.param(FIVE_MINUTES, marks=pytest.mark.proof)])
def test_the_first_session_runs_as_it_stands(document: str, folder: Path, environ: dict[str, str]) -> None:
    """As a new user types it: the server in one terminal, all else in another one, both in the same folder."""
    make, start = next(text for text in list_shell_blocks(document) if text.startswith("scf init hello")).splitlines()
    session = next(text for text in list_shell_blocks(document) if text.startswith("scf invoke hello --local"))
    run(make, folder, environ)
    with serve(start, folder, environ):
        done = run(session, folder, environ)
    assert done.stdout.startswith('{"message": "Hello, Ada!"}\n432 ')
    lines = (folder / "greetings.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["result"]["message"] for line in lines] == ["Hello, Ada!", "Hello, Bo!"]


@pytest.mark.proof
def test_five_minutes_end_with_a_program_and_a_test(folder: Path, environ: dict[str, str]) -> None:
    make, start = list_shell_blocks(FIVE_MINUTES)[1].splitlines()
    lead, back, test = list_shell_blocks(FIVE_MINUTES)[3:]
    (program,) = (block for block in read_blocks(FIVE_MINUTES) if block.language == "python")
    (folder / "program.py").write_text(program.text, encoding="utf-8")
    run(make, folder, environ)
    with serve(start, folder, environ):
        done = run(f"{lead}{sys.executable} program.py\n{back}env | grep ^TENCENT || echo left", folder, environ)
    assert done.stdout.endswith(f"{program.expected}left\n")
    assert "2 passed" in run(test, folder, environ).stdout


@pytest.mark.proof
def test_the_session_with_an_env_file(tmp_path: Path, environ: dict[str, str]) -> None:
    start, session = (text for text in list_shell_blocks("docs/start/local-scf.md") if ENV_FILE in text)
    start, session = (text.strip().replace(ENV_FILE, str(tmp_path / "env")) for text in (start, session))
    with serve(start, ROOT, environ):
        done = run(f"{session}\nenv | grep ^TENCENT || echo left", ROOT, environ)
    assert done.stderr == ""
    assert done.stdout == 'prepare to invoke a function!\n"Hello World from the function being invoked"\nleft\n'


# Figures


def read_section(page: Path, anchor: str) -> str:
    """Read the section of a page that an anchor leads to."""
    lines = page.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("#")]
    (start,) = (number for number in starts if make_anchor(lines[number]) == anchor)
    end = next((number for number in starts if number > start), len(lines))
    return "\n".join(lines[start:end])


def list_numbers(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?", text.replace("+", " ")))


def list_rows(document: str) -> Iterator[tuple[str, str, str]]:
    """List the rows whose first cell links to a section of a benchmark: the page, the anchor, the other cells."""
    text = (ROOT / document).read_text(encoding="utf-8")
    pattern = r"^\| \[[^]]+\]\([./]*(benchmarks/\w+\.md)#([\w-]+)\) \|(.*)\|$"
    yield from re.findall(pattern, text, re.MULTILINE)


@pytest.mark.parametrize("document", WITH_FIGURES)
def test_figures_are_those_of_the_benchmarks(document: str) -> None:
    rows = list(list_rows(document))
    assert len(rows) > 8
    for page, anchor, cells in rows:
        figures = list_numbers(cells)
        assert figures
        missing = figures - list_numbers(read_section(ROOT / page, anchor))
        assert not missing, f"{document}: {page}#{anchor} has no {missing}"


def test_a_figure_that_was_not_measured_is_found() -> None:
    section = read_section(ROOT / "benchmarks/RESULTS.md", "imports")
    assert list_numbers("| 90.0 | 4,087 |") - list_numbers("| 90.0 | 4087 |") == {"4,087"}
    assert list_numbers("| 90.04 |") - list_numbers(section) == {"90.04"}


def test_both_readmes_have_the_same_figures_and_links() -> None:
    def list_facts(document: str) -> tuple[list[tuple[str, str, list[str]]], list[str]]:
        text = (ROOT / document).read_text(encoding="utf-8")
        rows = [(page, anchor, sorted(list_numbers(cells))) for page, anchor, cells in list_rows(document)]
        return rows, [link for link in re.findall(r"\]\(([^)]+)\)", text) if link not in READMES]

    (rows, links), (rows_zh, links_zh) = map(list_facts, READMES)
    assert rows == rows_zh
    assert sorted(links) == sorted(links_zh)


# Reference


def test_the_tree_of_exceptions_is_that_of_the_docstring() -> None:
    (tree,) = (block.text for block in read_blocks("docs/reference/exceptions.md") if "|-- FunctionError" in block.text)
    assert exception.__doc__ is not None
    assert tree.strip() in inspect.cleandoc(exception.__doc__).replace("\n    ", "\n")


def test_the_page_of_exceptions_has_every_fact_of_an_error() -> None:
    page = (ROOT / "docs" / "reference" / "exceptions.md").read_text(encoding="utf-8")
    facts = {name for name in exception.CallError("code", "message").__dict__ if name != "requestId"}
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert facts | {"request_id", "headers", "attempts", "retry_after_seconds", "position"} == named


@pytest.mark.parametrize(("heading", "called"), [("`scf.Client`", Client.__init__), ("`Client.invoke`", Client.invoke)])
def test_the_overview_has_every_parameter(heading: str, called: Callable[..., object]) -> None:
    page = (ROOT / "docs" / "reference" / "python-client.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(name for name in inspect.signature(called).parameters if name != "self")


def test_the_page_of_settings_has_every_variable() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    names = [config.REGION, config.ENDPOINT_URL, config.ENDPOINT_GUARD, *config.FUNCTION_KEYS, *config.TOOL_KEYS]
    assert all(f"`{name}`" in page for name in names)
