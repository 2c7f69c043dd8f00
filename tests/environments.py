"""Interpreters of this machine, and environments that are made once for each state of what is in them.

Both the tests of the house and those of the outside judges use them, so that each environment is made once for all.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "house"
#: What a source distribution is made of.
SOURCES = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg", "setup.py", "src")
NEWEST = tuple(f"3.{minor}" for minor in range(30, 9, -1))
STALE_SECONDS = 24 * 3600


def run(*command: object, timeout: float = 240, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command, output captured; it fails the test if the command fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=timeout, check=False, **options)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done


def search_python(version: str) -> Path | None:
    """An interpreter of this version that runs."""
    found = shutil.which(f"python{version}")
    is_shim = found is not None and Path(found).parent.name == "shims"  # pyenv's: slow, and no interpreter
    candidates = [Path(found)] if found and not is_shim else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    probe = "import sys; print('%d.%d' % sys.version_info[:2])"
    for path in candidates:
        done = subprocess.run([path, "-c", probe], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return path
    return None


def copy_sources(target: Path) -> Path:
    """The sources alone, so that a build leaves nothing in the tree."""
    target.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(source, target / name)
    return target


def hash_sources() -> str:
    """Changes with any file that is packaged."""
    digest = hashlib.sha256()
    for name in SOURCES:
        paths = sorted((ROOT / name).rglob("*")) if (ROOT / name).is_dir() else [ROOT / name]
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def make_once(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` fills, once for each key. Safe between processes; old ones of the name go."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    marker = folder / ".complete"
    with FileLock(CACHE / f"{name}.lock"):
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
        marker.touch()
        for other in CACHE.glob(f"{name}-????????????????"):
            used = other / ".complete"
            if other != folder and not (used.exists() and time.time() - used.stat().st_mtime < STALE_SECONDS):
                shutil.rmtree(other, ignore_errors=True)
    return folder


def make_base(python: Path, folder: Path) -> None:
    """An environment with the SDK's one requirement, as README's line for setup.py makes it."""
    run(python, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    is_old = run(python, "-c", "import sys; print(sys.version_info < (3, 7))").stdout.strip() == "True"
    if is_old:
        run(*pip, "pip==21.3.1")  # the last one for 3.6
    run(*pip, *([] if is_old else ["setuptools"]), "tencentcloud-sdk-python-common")


def make_wheel() -> Path:
    """The wheel, built once for each state of the sources."""

    def build(folder: Path) -> None:
        sources = copy_sources(folder.with_name(folder.name + "-sources"))
        run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sources, env=without_python())
        shutil.rmtree(sources)

    (path,) = make_once("wheel", f"{sys.version} {hash_sources()}", build).glob("*.whl")
    return path


def without_python() -> dict[str, str]:
    """The environment without what would lead an interpreter elsewhere."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def install(way: str, base: Path, folder: Path) -> None:
    """A copy of the base with this project in it. Programs in a copied environment run by ``python -m``."""
    shutil.copytree(base, folder, symlinks=True)
    (folder / ".complete").unlink()
    python = folder / "bin" / "python"
    if way == "wheel":
        run(python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--no-index", make_wheel())
        return
    sources = copy_sources(folder / "sources")
    if way == "pip":
        run(python, "-m", "pip", "install", "--disable-pip-version-check", ".", cwd=sources)
    else:
        run(python, "setup.py", "install", cwd=sources)
    shutil.rmtree(sources)


def find_newest() -> Path:
    """The newest interpreter at hand."""
    found = next((path for path in map(search_python, NEWEST) if path), None)
    return found or Path(sys.executable)


def make_installed(way: str, label: str, python: Path) -> Path:
    """The ``bin`` folder of an environment that holds this project alone, without extras.

    :param way: ``wheel`` (from the built one), ``pip`` (from the sources) or ``setup.py``
    :param label: what the environment is for; a newer one replaces an older one of the same label
    """
    version = run(python, "-c", "import sys; print(sys.version)").stdout
    base = make_once(f"base-{label}", f"{python} {version}", lambda folder: make_base(python, folder))
    key = f"{base.name} {hash_sources()}"
    return make_once(f"{way}-{label}", key, lambda folder: install(way, base, folder)) / "bin"
