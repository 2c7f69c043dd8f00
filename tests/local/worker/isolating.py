"""What the tests of isolation share: both ways on a real server, and functions that look around."""

from pathlib import Path

import pytest

from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tencentserverless.local.worker.isolation import find_isolation

WAYS = ("namespaces", "none")


def need_namespaces() -> None:
    """Skip a test where the system has no namespaces."""
    reason = find_isolation(Settings(Path())).reason
    if reason:
        pytest.skip(f"this system has no namespaces: {reason}")


def present_runtimes() -> dict[str, str]:
    """Return the runtimes that isolation is tested with and this machine has, by a name for a function."""
    interpreters = Interpreters(is_strict=False)
    interpreters.prepare({"Python2.7", "Python3.6"})
    missing = " ".join(interpreters.warnings)
    runtimes = {"own": OWN_RUNTIME, "old36": "Python3.6", "old27": "Python2.7"}
    return {name: runtime for name, runtime in runtimes.items() if f"{runtime} " not in missing}


def write_function(folder: Path, code: str, runtime: str = "", **inputs: object) -> Path:
    """Write a function, named after its folder."""
    folder.mkdir(parents=True)
    (folder / "index.py").write_text(code)
    if runtime or inputs:
        values = {"name": folder.name, "src": ".", **inputs, **({"runtime": runtime} if runtime else {})}
        text = "\n".join(f"  {name}: {value}" for name, value in values.items())
        (folder / "serverless.yml").write_text(f"component: scf\nname: {folder.name}\ninputs:\n{text}\n")
    return folder
