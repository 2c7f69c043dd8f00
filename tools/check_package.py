"""Build the sdist, and the wheel from it, in a folder of their own; twine and check-wheel-contents judge them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command: str) -> bool:
    """Run a module of this environment; show its output only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(f"This failed: python -m {' '.join(command)}\n{done.stdout}")
    return not done.returncode


def main() -> int:
    """Build and judge."""
    with tempfile.TemporaryDirectory() as folder:
        if not run("build", "--outdir", folder, "."):
            return 1
        built = sorted(str(path) for path in Path(folder).iterdir())
        judged = [run("twine", "check", "--strict", *built)]
        judged += [run("check_wheel_contents", path) for path in built if path.endswith(".whl")]
        if all(judged):
            print(f"package: {', '.join(Path(path).name for path in built)} pass")
        return 0 if all(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
