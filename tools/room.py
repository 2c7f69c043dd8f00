"""Print the test folders and test modules of one room: ``make test ROOM=scheduler``.

    python tools/room.py scheduler      tests/local/scheduler
    python tools/room.py retry          tests/_core/test_retry.py

A room is named like a folder below ``tests``, or like the module that a test module tests.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def list_rooms(tests: Path) -> "dict[str, list[Path]]":
    """Every name that a room can have, with its folders, or else its modules."""
    rooms: dict[str, list[Path]] = {}
    for module in sorted(tests.rglob("test_*.py")):
        rooms.setdefault(module.stem[len("test_") :], []).append(module)
    folders: dict[str, list[Path]] = {}
    for folder in sorted({module.parent for module in tests.rglob("test_*.py")} - {tests}):
        folders.setdefault(folder.name, []).append(folder)
    return {**rooms, **folders}


def main(name: str) -> None:
    """Print the paths, or say which rooms there are."""
    rooms = list_rooms(ROOT / "tests")
    found = rooms.get(name.strip("/"))
    if not found:
        folders = sorted(room for room, paths in rooms.items() if paths[0].is_dir())
        sys.exit(f"ROOM={name}: no folder or test module of that name. Folders: {', '.join(folders)}")
    print(*(path.relative_to(ROOT) for path in found))


if __name__ == "__main__":
    main(sys.argv[1])
