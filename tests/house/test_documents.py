"""What the documents say is so: their code runs, their commands exist, and both languages say the same."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tencentserverless import __version__
from tests.house.test_session_pages import PAGES as SESSIONS
from tools.website import code_blocks
from tools.website.code_blocks import Block

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = code_blocks.list_pages(ROOT)
README, README_ZH = "README.md", "README.zh-CN.md"
#: Of a page of docs/: what a reader looks through before leaving.
MAX_LINES = 300
#: The pages whose programs run in every run of the tests; those of the others run in the long tests.
EVERY_TIME = (README, "docs/how-to/call.md", "docs/how-to/errors.md", "docs/understand/delivery.md")
CALLING_URLS = "docs/how-to/calling-urls.md"
SCRIPTS = Path(sys.executable).parent
BUILTINS = {"eval", "curl"}  # curl may be missing


def read_blocks(document: str) -> list[Block]:
    return code_blocks.read_blocks(ROOT, document)


def list_blocks(language: str) -> list[object]:
    """The blocks of a language that no other test covers.

    The test of sessions runs neither what would call the cloud nor what only another program reads.
    """
    blocks = [block for document in DOCUMENTS for block in read_blocks(document)]
    later = [pytest.mark.proof] if language == "python" else []
    return [
        pytest.param(block, id=f"{block.document}:{block.line}", marks=[] if block.document in EVERY_TIME else later)
        for block in blocks
        if block.language == language
        and (code_blocks.find_test(block.document) is None or (block.document in SESSIONS and language != "python"))
    ]


def list_commands(block: Block) -> Iterator[list[str]]:
    for line in block.text.replace("\\\n", " ").splitlines():
        for command in (line, *re.findall(r"\$\(([^)]*)\)", line)):
            yield shlex.split(command)


def test_every_block_is_covered_by_a_test() -> None:
    assert list(code_blocks.find_faults(ROOT)) == []


@pytest.mark.parametrize("block", list_blocks("json"))
def test_json_block_is_json(block: Block) -> None:
    json.loads(block.text)


def test_the_launch_configuration_attaches_to_the_port_that_is_told() -> None:
    from tencentserverless.cli.commands.local.start import _debug_ports

    (block,) = (block for block in read_blocks("docs/how-to/debug.md") if block.language == "json")
    (configuration,) = json.loads(block.text)["configurations"]
    assert (configuration["type"], configuration["request"]) == ("debugpy", "attach")
    assert configuration["connect"] == {"host": "127.0.0.1", "port": _debug_ports(("order",))["order"]}


@pytest.fixture(scope="module")
def urls_env(examples_env: dict[str, str]) -> dict[str, str]:
    """The environment of the examples, after the first command of docs/how-to/calling-urls.md."""
    first = next(block.text for block in read_blocks(CALLING_URLS) if block.language == "sh")
    command = ["bash", "-c", first]
    path = os.pathsep.join((str(SCRIPTS), examples_env["PATH"]))
    subprocess.run(command, env={**examples_env, "PATH": path}, check=True, capture_output=True, timeout=60)
    return examples_env


@pytest.mark.parametrize("block", list_blocks("python"))
def test_python_block_prints_what_the_document_says(block: Block, request: pytest.FixtureRequest) -> None:
    examples_env = request.getfixturevalue("urls_env" if block.document == CALLING_URLS else "examples_env")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"],
        input=block.text,
        cwd=ROOT,
        env=examples_env,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == (block.expected or "", "")


@pytest.mark.parametrize("block", list_blocks("sh"))
def test_shell_block_uses_what_exists(block: Block, run_scf: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    path = os.pathsep.join((str(SCRIPTS), os.environ["PATH"]))
    for words in list_commands(block):
        assert words[0] in BUILTINS or shutil.which(words[0], path=path), words
        if words[0] == "make":
            subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True, timeout=60)
        if words[0] == "scf":
            shown = run_scf(*words[1:3], "--help")
            assert shown.returncode == 0, shown.stderr
            assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[\w-]+", shown.stdout))
        for word in words:
            assert not word.startswith("examples/") or (ROOT / word).exists()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_a_page_has_at_most_300_lines(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def test_the_glossary_is_in_alphabetical_order() -> None:
    text = (ROOT / "docs" / "understand" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)[1:]
    assert len(words) > 50
    assert words == sorted(words, key=str.lower)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_never_installs_by_the_name_on_pypi(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert not re.search(r"pip3? install (-\S+ )*tencentserverless", text)


def make_anchor(heading: str) -> str:
    """Make the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


def list_anchors(page: Path) -> set[str]:
    lines = page.read_text(encoding="utf-8").splitlines()
    return {make_anchor(line) for line in lines if line.startswith("#")}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)]+)\)", prose)
    assert len(targets) == prose.count("](")
    for target in targets:
        if "://" not in target and not target.endswith(
            ".svg"
        ):  # pictures are made by `make bench` and `make recordings`
            name, _, anchor = target.partition("#")
            page = (ROOT / document).parent / name if name else ROOT / document
            assert page.exists(), target
            assert not anchor or anchor in list_anchors(page), target


def test_readme_opens_with_what_this_is_the_two_commands_and_the_program() -> None:
    text = (ROOT / README).read_text(encoding="utf-8")
    opening = text.split("\n\n")[1]
    assert len(opening.splitlines()) == 3
    first, second = read_blocks(README)[:2]
    assert first.text == "make demo\nmake test\n"
    assert second.language == "python"
    assert len(second.text.splitlines()) <= 10


def test_both_languages_have_the_same_code_headings_and_tables() -> None:
    def outline(document: str) -> list[object]:
        text = (ROOT / document).read_text(encoding="utf-8")
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        code_names = [re.findall(r"`[^`]+`", line)[:1] for line in prose.splitlines() if line.startswith("| `")]
        return [
            [(block.language, block.text) for block in read_blocks(document)],
            [len(line) - len(line.lstrip("#")) for line in prose.splitlines() if line.startswith("#")],
            code_names,
            sum(line.startswith("- ") for line in prose.splitlines()),
        ]

    assert outline(README) == outline(README_ZH)


def test_changelog_has_this_version_and_closes_the_method_names() -> None:
    from tencentserverless._base.client import RESERVED

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\]", text, re.MULTILINE)
    assert ", ".join(f"`{name}`" for name in RESERVED) in text
    page = ROOT / "docs" / "reference" / "python-client.md"
    assert f"`{' '.join(RESERVED)}`" in page.read_text(encoding="utf-8")


def test_contributing_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "tencentserverless"
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`" in line]
    names = [name for line in rows for name in re.findall(r"`([\w./]+(?:\.py|/))`", line)]
    assert len(names) > 10
    for name in names:
        assert (ROOT / name).exists() or (package / name).exists(), name
