"""Build the sdist, and the wheel from it, in a folder of their own; twine and check-wheel-contents judge them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SOURCE = Path("src")
DATA = ("*.json", "py.typed")


def run(*command: str) -> bool:
    """Run a module of this environment; show its output only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(f"This failed: python -m {' '.join(command)}\n{done.stdout}")
    return not done.returncode


def holds_data(wheel: str) -> bool:
    """Is every data file of the sources in the wheel?"""
    expected = {str(path.relative_to(SOURCE)) for pattern in DATA for path in SOURCE.rglob(pattern)}
    missing = sorted(expected - set(zipfile.ZipFile(wheel).namelist()))
    if missing:
        print(f"The wheel lacks: {', '.join(missing)}")
    return not missing


def main() -> int:
    """Build and judge."""
    with tempfile.TemporaryDirectory() as folder:
        if not run("build", "--outdir", folder, "."):
            return 1
        built = sorted(str(path) for path in Path(folder).iterdir())
        judged = [run("twine", "check", "--strict", *built)]
        wheels = [path for path in built if path.endswith(".whl")]
        judged += [run("check_wheel_contents", path) for path in wheels]
        judged += [holds_data(path) for path in wheels]
        if all(judged):
            print(f"package: {', '.join(Path(path).name for path in built)} pass")
        return 0 if all(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
