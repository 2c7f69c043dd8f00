"""Print the test folders or test modules of one room: ``make test ROOM=scheduler``.

    python tools/room.py scheduler      tests/local/scheduler
    python tools/room.py retry          tests/_core/test_retry.py

A room is named like a folder below ``tests``, or else like the module that a test module tests.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find_room(modules: list[Path], name: str) -> list[Path]:
    """Every folder of that name that holds tests, or else the tests of every module of that name."""
    folders = [folder for folder in list_folders(modules) if folder.name == name]
    return folders or [module for module in modules if module.name == f"test_{name.lstrip('_')}.py"]


def list_folders(modules: list[Path]) -> list[Path]:
    """The folders of the test modules, but not the one above them all."""
    return sorted({module.parent for module in modules} - {ROOT / "tests"})


def main(name: str) -> None:
    """Print the paths, or say which rooms there are."""
    modules = sorted((ROOT / "tests").rglob("test_*.py"))
    found = find_room(modules, name.strip("/"))
    if not found:
        folders = ", ".join(sorted({folder.name for folder in list_folders(modules)}))
        sys.exit(f"ROOM={name}: no folder or test module of that name. Folders: {folders}")
    print(*(path.relative_to(ROOT) for path in found))


if __name__ == "__main__":
    main(sys.argv[1])
