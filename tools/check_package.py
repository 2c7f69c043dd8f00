"""Build the sdist, and the wheel from it, and check both with twine and check-wheel-contents.

    python tools/check_package.py                       in a temporary folder
    python tools/check_package.py dist --tag v1.0.0     for a release: the files stay in dist

With ``--tag`` the tag must name the version, and CHANGELOG.md must have a date for it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SOURCE = Path("src")
DATA = ("*.json", "py.typed", "tencentserverless/local/dashboard/static/**/*")


def run(*command: str) -> bool:
    """Run a module of this environment; show its output only if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(f"This failed: python -m {' '.join(command)}\n{done.stdout}")
    return not done.returncode


def holds_data(wheel: str) -> bool:
    """True if every data file of the sources is in the wheel."""
    expected = {str(path.relative_to(SOURCE)) for pattern in DATA for path in SOURCE.rglob(pattern) if path.is_file()}
    missing = sorted(expected - set(zipfile.ZipFile(wheel).namelist()))
    if missing:
        print(f"The wheel lacks: {', '.join(missing)}")
    return not missing


def is_release(tag: str) -> bool:
    """True if the tag names this version, and CHANGELOG.md has its release date."""
    from tencentserverless import __version__

    if tag != f"v{__version__}":
        print(f"The tag is {tag}; the version in the sources is {__version__}, whose tag is v{__version__}")
        return False
    changelog = Path("CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        print(f"CHANGELOG.md has no line of this form: ## [{__version__}] - 2026-01-31")
        return False
    return True


def build(folder: Path) -> bool:
    """Build into the folder, and check the built files."""
    if not run("build", "--outdir", str(folder), "."):
        return False
    built = sorted(str(path) for path in folder.iterdir())
    judged = [run("twine", "check", "--strict", *built)]
    wheels = [path for path in built if path.endswith(".whl")]
    judged += [run("check_wheel_contents", path) for path in wheels]
    judged += [holds_data(path) for path in wheels]
    if all(judged):
        print(f"package: {', '.join(Path(path).name for path in built)} pass")
    return all(judged)


def main() -> int:
    """Build and check."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, help="where the files stay; it must be new or empty")
    parser.add_argument("--tag")
    options = parser.parse_args()
    if options.tag and not is_release(options.tag):
        return 1
    if options.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            return 0 if build(Path(folder)) else 1
    if options.folder.exists() and any(options.folder.iterdir()):
        print(f"{options.folder} is not empty")
        return 1
    return 0 if build(options.folder) else 1


if __name__ == "__main__":
    sys.exit(main())
