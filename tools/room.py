"""Print the test folders or test modules of one package or module: ``make test ROOM=scheduler``.

- ``python tools/room.py scheduler`` prints tests/local/scheduler
- ``python tools/room.py retry`` prints tests/_core/test_retry.py

The name is that of a folder below ``tests``, or else that of the module that a test module tests.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def find_tests(modules: list[Path], name: str) -> list[Path]:
    """Find every test folder of that name, or else the tests of every module of that name."""
    folders = [folder for folder in list_folders(modules) if folder.name == name]
    return folders or [module for module in modules if module.name == f"test_{name.lstrip('_')}.py"]


def list_folders(modules: list[Path]) -> list[Path]:
    """List the folders of the test modules, without the folder ``tests`` itself."""
    return sorted({module.parent for module in modules} - {ROOT / "tests"})


def main(name: str) -> None:
    """Print the paths of the tests, or list the folders if there is no such name."""
    modules = sorted((ROOT / "tests").rglob("test_*.py"))
    found = find_tests(modules, name.strip("/"))
    if not found:
        folders = ", ".join(sorted({folder.name for folder in list_folders(modules)}))
        sys.exit(f"`ROOM={name}`: no folder or test module of that name. Folders: {folders}")
    print(*(path.relative_to(ROOT) for path in found))


if __name__ == "__main__":
    main(sys.argv[1])
