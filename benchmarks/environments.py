"""An environment of its own for each peer, made once: the packages of one must not change another.

(urllib3-future in the environment of ``requests`` would, for example, put itself in the place of urllib3.)
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.environments import make_installed, make_once, run

#: The packages of each clean environment besides ours.
PEERS: dict[str, tuple[str, ...]] = {
    "official": ("tencentcloud-sdk-python-scf",),
    "old": ("tencentserverless==0.1.7",),
    "libraries": ("requests", "urllib3", "httpx", "aiohttp"),
    "certificates": ("trustme",),
}
LIST = """
import importlib.metadata, json
print(json.dumps({found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}))
"""
#: The packages whose versions the results name.
NAMED = (
    "tencentserverless",
    "tencentcloud-sdk-python-common",
    "tencentcloud-sdk-python-scf",
    "tencentcloud-sdk-python",
    "requests",
    "urllib3",
    "httpx",
    "aiohttp",
    "functions-framework",
    "ministack",
    "uvicorn",
    "httptools",
    "uvloop",
    "gunicorn",
)


def make_all() -> dict[str, Path]:
    """Make the environments, with a line of progress for each new one; the value is their interpreters."""
    pythons = {"ours": make_installed("pip", "bench", Path(sys.executable)) / "python"}
    for name, requirements in PEERS.items():
        pythons[name] = make_one(name, requirements)
    return pythons


def make_one(name: str, requirements: tuple[str, ...]) -> Path:
    """Make a peer's environment; the value is its interpreter."""
    python = Path(sys.executable)
    key = f"{python} {sys.version} {requirements}"
    return make_once(f"peer-{name}", key, partial(make_peer, python, requirements)) / "bin" / "python"


def make_peer(python: Path, requirements: tuple[str, ...], folder: Path) -> None:
    """Make an environment with these packages and their requirements."""
    print(f"Installing {', '.join(requirements)} into an environment of its own", flush=True)
    run(python, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    run(*pip, *requirements, timeout=900)


def list_versions(pythons: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """List the versions of the measured packages, by environment."""
    found: dict[str, dict[str, str]] = {}
    for name, python in pythons.items():
        installed = {
            key.lower().replace("_", "-"): value for key, value in json.loads(run(python, "-c", LIST).stdout).items()
        }
        kept = {package: installed[package] for package in NAMED if package in installed}
        if kept:
            found[name] = kept
    return found


def child_environment(home: Path) -> dict[str, str]:
    """A bare environment: no proxy, no trust, no keys of the developer's, and bytecode is written as usual."""
    return {"PATH": os.defpath, "HOME": str(home), "LANG": "C.UTF-8"}
