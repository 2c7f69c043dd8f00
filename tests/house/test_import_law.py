"""Each import contract of pyproject.toml breaks when a package breaks it, also for packages that do not exist yet."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.import_law import find_circles

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("src/tencentserverless")

#: One breach of each contract: the file that breaks it, and the line that does.
BREACHES = {
    "models imports nothing of ours": ("models.py", "from tencentserverless import exception"),
    "exception imports models, and Tencent's own class": ("exception.py", "from tencentserverless import config"),
    "the core is pure": ("_core/breach.py", "import time"),
    "the synchronous driver imports neither the asynchronous one nor a package above it": (
        "_sync/breach.py",
        "from tencentserverless._aio import driver",
    ),
    "the asynchronous driver imports neither the synchronous one nor a package above it": (
        "_aio/breach.py",
        "from tencentserverless._sync import driver",
    ),
    "the synchronous client keeps to its own driver": ("scf.py", "from tencentserverless._aio import driver"),
    "the asynchronous client keeps to its own driver": ("aio.py", "from tencentserverless._sync import driver"),
    "the modules that both clients share import neither client": (
        "credentials.py",
        "from tencentserverless import scf",
    ),
    "the signing of function URLs needs keys, and no client": ("auth.py", "from tencentserverless import scf"),
    "the local SCF speaks the core's words and never uses the client": (
        "local/worker/breach.py",
        "from tencentserverless._sync import driver",
    ),
    "the packages of the local SCF import downwards alone": (
        "local/registry/breach.py",
        "from tencentserverless.local.scheduler import instance",
    ),
    "the child side of a worker imports its own folder and the standard library": (
        "local/worker/child/bootstrap.py",
        "import msgspec",
    ),
    "the dashboard reads and never schedules": (
        "local/dashboard/breach.py",
        "from tencentserverless.local.scheduler import instance",
    ),
    "the command line uses public names and three modules of the local SCF": (
        "cli/breach.py",
        "from tencentserverless.local.scheduler import instance",
    ),
    "no module imports the test kit": ("local/worker/breach.py", "from tencentserverless.testing import anything"),
    "no modules import each other, not even for a type": ("_core/wire.py", "from tencentserverless._core import flow"),
}
#: More ways to break one, each with the contract that must break; each has a module of its own.
MORE_BREACHES = [
    ("the core is pure", "_core/breach_1.py", "import os.path"),
    ("the core is pure", "_core/breach_2.py", "def f():\n    import ssl"),
    ("the core is pure", "_core/breach_3.py", "from tencentserverless import config"),
    ("the core is pure", "_core/breach_4.py", "import requests"),
    (
        "the local SCF speaks the core's words and never uses the client",
        "local/worker/breach_5.py",
        "import tencentserverless.scf",
    ),
    (
        "the local SCF speaks the core's words and never uses the client",
        "local/worker/breach_6.py",
        "import tencentserverless.cli",
    ),
    (
        "the command line uses public names and three modules of the local SCF",
        "cli/breach_7.py",
        "import tencentserverless._core.wire",
    ),
]

#: Circles: the files that get a line, what it is, and who stands in the circle then.
CIRCLES = [
    ({"_core/a.py": "from . import b", "_core/b.py": "from tencentserverless._core import a"}, "_core.a, _core.b"),
    (
        {
            "cli/a.py": "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from tencentserverless.cli.b import B",
            "cli/b.py": "import tencentserverless.cli.a",
        },
        "cli.a, cli.b",
    ),
    (
        {
            "local/registry/a.py": "import tencentserverless.local.registry.b",
            "local/registry/b.py": "def f():\n    from tencentserverless.local.registry import c",
            "local/registry/c.py": "import typing\nif typing.TYPE_CHECKING:\n"
            "    from tencentserverless.local.registry.a import A",
            "local/actions/d.py": "from tencentserverless.local.registry import a",
        },
        "local.registry.a, local.registry.b, local.registry.c",
    ),
]


def read_contract_names() -> list[str]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    sections = text.split("[[tool.importlinter.contracts]]")[1:]
    return [re.search(r'^name = "(.*)"$', section, re.MULTILINE)[1] for section in sections]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    put(tmp_path, "cli/__init__.py", "")
    return tmp_path


def put(house: Path, name: str, line: str) -> None:
    path = house / PACKAGE / name
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    while folder != house / PACKAGE:
        (folder / "__init__.py").touch()
        folder = folder.parent
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(house / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=house, env=environ, capture_output=True, text=True, timeout=120, check=False)


def list_verdicts(output: str) -> dict[str, str]:
    return dict(re.findall(r"^(.+) (KEPT|BROKEN)$", output, re.MULTILINE))


def test_the_house_keeps_its_law(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout
    assert list_verdicts(done.stdout) == dict.fromkeys(read_contract_names(), "KEPT")


def test_each_contract_bites(house: Path) -> None:
    assert list(BREACHES) == read_contract_names()
    put(house, "testing/__init__.py", "anything = 1")
    for name, line in BREACHES.values():
        put(house, name, line)
    done = lint(house)
    assert done.returncode == 1
    assert list_verdicts(done.stdout) == dict.fromkeys(BREACHES, "BROKEN"), done.stdout


def test_every_breach_fails_and_is_named(house: Path) -> None:
    for _, name, line in MORE_BREACHES:
        put(house, name, line)
    done = lint(house)
    assert done.returncode == 1
    broken = [name for name, verdict in list_verdicts(done.stdout).items() if verdict == "BROKEN"]
    assert set(broken) == {contract for contract, _, _ in MORE_BREACHES}
    for _, name, line in MORE_BREACHES:
        module = "tencentserverless." + name.removesuffix(".py").replace("/", ".")
        text = re.escape(line.split("    ")[-1])
        told = rf"^{re.escape(module)} must not import \S+ \(line \d+: {text}\)$"
        assert re.search(told, done.stdout, re.MULTILINE), (name, done.stdout)


def test_circles_fail_and_are_named_with_their_lines(house: Path) -> None:
    for lines, _ in CIRCLES:
        for name, line in lines.items():
            put(house, name, line)
    done = lint(house)
    assert done.returncode == 1
    broken = [name for name, verdict in list_verdicts(done.stdout).items() if verdict == "BROKEN"]
    assert broken == ["no modules import each other, not even for a type"]
    circle = r"^These import each other: (.*)\n((?: +\S+ imports \S+ \(line \d+: .*\n)+)"
    told = {names: lines.count("\n") for names, lines in re.findall(circle, done.stdout, re.MULTILINE)}
    assert told == {
        ", ".join(f"tencentserverless.{member}" for member in members.split(", ")): len(members.split(", "))
        for _, members in CIRCLES
    }, done.stdout


def test_two_circles_are_two_and_a_chain_is_none() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"e", "a"}, "e": {"d", "f"}, "f": {"g"}, "g": {"h"}, "h": {"f"}}
    assert find_circles(imports) == [["d", "e"], ["f", "g", "h"]]
    assert find_circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
