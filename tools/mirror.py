"""Check that the tests mirror the source: ``src/tencentserverless/X/Y.py`` has its tests in ``tests/X/test_Y.py``.

    python tools/mirror.py [ROOT]       default: here

A module whose tests are elsewhere has a line in ``tests/unmapped.txt`` that names them and gives the reason. The first
line of the list has its length, which may only become smaller. Prints one line for each fault; status 1 on a fault.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path("src/tencentserverless")
TESTS = Path("tests")
LIST = TESTS / "unmapped.txt"
_LENGTH = re.compile(r"at most (\d+) lines\b")
_TEST_MODULE = re.compile(r"[\w/]*\btest_\w+\.py")


class Line(NamedTuple):
    """A line of the list: ``module: reason``."""

    number: int
    module: str
    reason: str


def name_test(module: str) -> Path:
    """The path of a module's tests. ``__main__.py`` has ``test_main__.py``."""
    path = TESTS / module
    return path.with_name(f"test_{path.name.lstrip('_')}")


def list_modules(root: Path) -> list[str]:
    """List every module of the package. The tests of a folder's ``__init__`` are those of the folder."""
    paths = sorted((root / SOURCE).rglob("*.py"))
    return [path.relative_to(root / SOURCE).as_posix() for path in paths if path.name != "__init__.py"]


def read_lines(text: str) -> list[Line]:
    """Read the lines of the list, without empty lines and comments."""
    parts = [(number, *line.partition(":")) for number, line in enumerate(text.splitlines(), 1)]
    return [Line(number, module, reason) for number, module, _, reason in parts if module and module[0] != "#"]


def check_line(root: Path, line: Line) -> Iterator[str]:
    """Find the faults of one line of the list."""
    if not (root / SOURCE / line.module).is_file():
        yield f"there is no module {line.module}; take the line out"
    elif (root / name_test(line.module)).exists():
        yield f"{line.module} has its own {name_test(line.module)}; take the line out"
    named = _TEST_MODULE.findall(line.reason)
    if not named:
        yield f"{line.module} needs a reason that names the test modules that cover it"
    for name in named:
        if not (root / TESTS / name).exists():
            yield f"{line.module} is said to be covered by {TESTS / name}, which is not there"


def check_length(text: str, length: int) -> Iterator[str]:
    """Compare the length of the list with its first line."""
    found = _LENGTH.search(text.partition("\n")[0])
    allowed = int(found[1]) if found else length
    if found is None:
        yield "the first line says how long the list may be: '# at most N lines'"
    elif length > allowed:
        yield f"the list has {length} lines and may have {allowed}: give the new module tests of its name"
    elif length < allowed:
        yield f"the list has {length} lines and may have {allowed}: lower that number, so that it can't grow again"


def find_faults(root: Path) -> Iterator[str]:
    """Find all faults in the tests of a project."""
    text = (root / LIST).read_text(encoding="utf-8")
    lines = read_lines(text)
    listed = [line.module for line in lines]
    if not list_modules(root):
        yield f"{SOURCE}: no module here; nothing was checked"
    for module in list_modules(root):
        test = name_test(module)
        if module not in listed and not (root / test).exists():
            yield f"{SOURCE / module}: there is no {test}; write it, or say in {LIST} which tests cover the module"
    for index, line in enumerate(lines):
        twice = [f"{line.module} is listed twice"] if line.module in listed[:index] else []
        yield from (f"{LIST}:{line.number}: {fault}" for fault in twice or check_line(root, line))
    yield from (f"{LIST}:1: {fault}" for fault in check_length(text, len(lines)))


def main(arguments: list[str]) -> int:
    """Check the project that the command line names."""
    faults = list(find_faults(Path(arguments[0] if arguments else ".")))
    for fault in faults:
        print(fault)
    print(f"mirror: {len(faults)} faults" if faults else f"mirror: {TESTS} has the shape of {SOURCE}, but for {LIST}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
