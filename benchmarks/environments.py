"""An environment of its own for each peer, made once: what one of them brings must not change another.

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

#: Clean environments besides ours: what is installed in each.
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
#: Whose versions the results name.
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
    """The interpreter of each environment; it says so when making one will take a while."""
    pythons = {"ours": make_installed("pip", "bench", Path(sys.executable)) / "python"}
    for name, requirements in PEERS.items():
        pythons[name] = make_one(name, requirements)
    return pythons


def make_one(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of a peer's environment."""
    python = Path(sys.executable)
    key = f"{python} {sys.version} {requirements}"
    return make_once(f"peer-{name}", key, partial(make_peer, python, requirements)) / "bin" / "python"


def make_peer(python: Path, requirements: tuple[str, ...], folder: Path) -> None:
    """An environment with these packages and what they need."""
    print(f"Installing {', '.join(requirements)} into an environment of its own", flush=True)
    run(python, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    run(*pip, *requirements, timeout=900)


def list_versions(pythons: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """The versions of what is measured, by environment."""
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
