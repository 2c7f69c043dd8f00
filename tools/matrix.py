"""Run the SDK's tests from the built wheel on every Python from 3.6 that is at hand.

    python tools/matrix.py [VERSION ...]        default: 3.6 and all later ones

The wheel is built once. Each interpreter has an environment, kept under .cache/matrix, and sees a folder that holds the
tests and no sources, so that it can only import the installed package. Prints one line for each interpreter; status 1
if one fails.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "matrix"
VERSIONS = tuple(f"3.{minor}" for minor in range(6, 14))
#: The files and folders that a wheel is built from.
SOURCES = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg", "setup.py", "src")
TEST_FOLDERS = ("_base", "_core", "_sync", "_aio", "parity")
#: Fixtures of the local SCF's tests, which needs 3.10; the SDK's tests do without.
NEW_CONFTEST = "conftest.py"
REQUIRED = ("pytest", "pytest-timeout", "tencentcloud-sdk-python-common")
#: A test that needs one of these is skipped where it has no release for an interpreter. Our tests compare with the
#: rules of llhttp in this release of httptools; older releases have other rules.
OPTIONAL = (
    "aiohttp>=3.12",
    "hypothesis",
    "h11",
    "httptools>=0.7",
    "httpx>=0.22",  # the last one for 3.6
    "httpx2",
    "python-socks",
    "requests",
    "trustme",
)
OLD_PIP = "pip==21.3.1"  # the last one for 3.6
PYTEST = ("-q", "--color=no", "-p", "no:cacheprovider", "--continue-on-collection-errors")
SUMMARY = re.compile(r"^=* ?(\d+ .*) in [\d.]+s", re.MULTILINE)
INSTALL_SECONDS = 300
TEST_SECONDS = 600
PROBE = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
WHERE = "import tencentserverless; print(tencentserverless.__file__)"


class Failed(Exception):
    """A step has failed; the text is its output."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one interpreter: ``passed``, ``FAILED`` or ``skipped``, and a line about it."""

    version: str
    verdict: str
    line: str
    output: str = ""


def run(*command: object, cwd: Path | None = None, seconds: float = INSTALL_SECONDS) -> str:
    """Run a command and return its output.

    :raises Failed: if it fails
    """
    words = [str(word) for word in command]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV"))
    }
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=kept,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(words)}\n{error.stdout!s}\nit took more than {seconds:g} s") from None
    if done.returncode:
        raise Failed(f"{' '.join(words)}\n{done.stdout}")
    return done.stdout


def search_python(version: str) -> tuple[Path, str] | None:
    """Search an interpreter of this version that runs; the value is its path and its full version."""
    found = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = ([Path(found)] if found else []) + sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    for path in candidates:
        try:
            full = run(path, "-c", PROBE).strip()
        except (Failed, OSError):  # pyenv has shims also for versions that are not active
            continue
        if full.startswith(version + "."):
            return path, full
    return None


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the sources."""
    sources = folder / "sources"
    sources.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, sources / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, sources)
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, sources)
    return next(folder.glob("*.whl"))


def copy_tests(folder: Path) -> Path:
    """Copy the tests of the SDK, with pytest's settings."""
    tests = folder / "tree" / "tests"
    ignored = shutil.ignore_patterns("__pycache__")
    tests.mkdir(parents=True)
    shutil.copy2(ROOT / "pyproject.toml", tests.parent)
    for path in sorted((ROOT / "tests").iterdir()):
        if path.is_file() and path.suffix == ".py" and path.name != NEW_CONFTEST:
            shutil.copy2(path, tests)
        elif path.is_dir() and path.name in {*TEST_FOLDERS, "vectors", "proof"}:
            shutil.copytree(path, tests / path.name, ignore=ignored)
    return tests.parent


def list_tests(tree: Path) -> list[str]:
    """List the folders and files that pytest runs."""
    folders = [f"tests/{name}" for name in TEST_FOLDERS if (tree / "tests" / name).is_dir()]
    return folders + sorted(f"tests/{path.name}" for path in (tree / "tests").glob("test_*.py"))


def make_base(python: Path, full: str) -> tuple[Path, list[str]]:
    """Make or reuse the environment of an interpreter; the value is its Python, and the missing optional packages.

    :raises Failed: if a required package can't be installed
    """
    key = hashlib.sha256(f"{python} {full} {REQUIRED} {OPTIONAL}".encode()).hexdigest()[:12]
    folder = CACHE / f"{full}-{key}"
    marker = folder / ".complete"
    inner = folder / "bin" / "python"
    if not marker.exists():
        shutil.rmtree(folder, ignore_errors=True)
        run(python, "-m", "venv", folder)
        if full.startswith("3.6."):
            install(inner, OLD_PIP)
        install(inner, *REQUIRED)
        marker.write_text("\n".join(name for name in OPTIONAL if not try_install(inner, name)), encoding="utf-8")
    return inner, marker.read_text(encoding="utf-8").split()


def install(python: Path, *requirements: object) -> None:
    """Install with pip."""
    run(python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--prefer-binary", *requirements)


def try_install(python: Path, name: str) -> bool:
    """Install an optional package; the value is True if that succeeded."""
    try:
        install(python, "--only-binary", ":all:", name)
    except Failed:
        return False
    return True


def check_import(python: Path, tree: Path) -> None:
    """Check that the package is imported from the wheel.

    :raises Failed: if it is imported from another place
    """
    where = run(python, "-c", WHERE, cwd=tree).strip()
    if not where.startswith(str(python.parents[1])):
        raise Failed(f"not the wheel was imported, but {where}")


def check(version: str, wheel: Path, tree: Path) -> Outcome:
    """Run the tests on one version."""
    found = search_python(version)
    if found is None:
        return Outcome(version, "skipped", f"no python{version} on PATH or under pyenv")
    began = time.monotonic()
    try:
        python, missing = make_base(*found)
        install(python, "--force-reinstall", "--no-deps", wheel)
        check_import(python, tree)
        output = run(python, "-m", "pytest", *PYTEST, *list_tests(tree), cwd=tree, seconds=TEST_SECONDS)
    except Failed as error:
        lines = str(error).rstrip().splitlines()
        return Outcome(found[1], "FAILED", lines[-1].strip("= "), str(error))
    summary = read_summary(output)
    without = f"; without {', '.join(missing)}" if missing else ""
    return Outcome(found[1], "passed", f"{summary}, {time.monotonic() - began:.0f} s{without}")


def read_summary(output: str) -> str:
    """Read what pytest counted. The interpreter's own warnings at its end may come after that line."""
    return str(SUMMARY.findall(output)[-1])


def main(versions: Sequence[str]) -> int:
    """Check each version and print its outcome."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        folder = Path(name)
        try:
            wheel = build_wheel(folder)
        except Failed as error:
            sys.exit(f"The wheel could not be built.\n{error}")
        tree = copy_tests(folder)
        outcomes = []
        with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:  # the tests wait for half of their time
            for outcome in pool.map(partial(check, wheel=wheel, tree=tree), versions):
                if outcome.output:
                    print(outcome.output, flush=True)
                print(f"Python {outcome.version}: {outcome.verdict}: {outcome.line}", flush=True)
                outcomes.append(outcome)
    counts = {
        verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in ("passed", "FAILED", "skipped")
    }
    print(
        f"matrix: {wheel.name} on {len(outcomes)} versions: "
        + ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    )
    return 1 if counts["FAILED"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or VERSIONS))
