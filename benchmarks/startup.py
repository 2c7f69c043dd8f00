"""The cost of a new process: time to the first result, import time and memory; and the size of an installation."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.coordinator import Client, Place

CLIENTS = Path(__file__).parent / "clients"
PAGE_BYTES = 4096
#: The packages of the extra, which need Python 3.10 and are no part of the SDK.
EXTRA_PACKAGES = ("local", "cli", "testing")
SDK_CODE = "tencentserverless: the SDK's code"

BARE = Client("bare script", "first_bare:call", "ours")
FIRST_OURS = Client("tencentserverless", "first_sdk:call_ours", "ours")
FIRST_OFFICIAL = Client("official SDK", "first_sdk:call_official", "official")
FIRST_OLD = Client("tencentserverless 0.1.7", "first_sdk:call_old", "old")
FIRST_CLIENTS = (BARE, FIRST_OURS, FIRST_OFFICIAL, FIRST_OLD)

#: An earlier commit, whose import is measured too: the targets of the import say how much it may have grown since.
BASE_COMMIT = "f6b8054"
OUR_IMPORT = "tencentserverless.scf"
BASE_IMPORT = f"tencentserverless.scf of commit {BASE_COMMIT}"

#: (environment, module to import, what it is called)
IMPORTS = (
    ("ours", "tencentserverless.scf", OUR_IMPORT),
    ("ours", "tencentserverless.scf", BASE_IMPORT),
    ("ours", "tencentserverless.aio", "tencentserverless.aio"),
    ("official", "tencentcloud.scf.v20180416.scf_client", "official SDK, its SCF client"),
    ("old", "tencentserverless.scf", "tencentserverless.scf of 0.1.7"),
    ("libraries", "http.client", "http.client"),
    ("libraries", "urllib3", "urllib3"),
    ("libraries", "requests", "requests"),
    ("libraries", "httpx", "httpx"),
    ("libraries", "aiohttp", "aiohttp"),
)


@dataclass
class First:
    """First results of new processes: milliseconds to the result, and MB resident after it."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, list[float]] = field(default_factory=dict)


@dataclass
class Imported:
    """Imports in new processes: milliseconds and KB of source, beyond the bare imports.

    :ivar modules: the modules of the imported package itself, with its packages
    :ivar code_kb: KB of their bytecode without docstrings
    """

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    source_kb: dict[str, float] = field(default_factory=dict)
    outside_kb: dict[str, float] = field(default_factory=dict)
    bare_milliseconds: list[float] = field(default_factory=list)
    modules: dict[str, float] = field(default_factory=dict)
    code_kb: dict[str, float] = field(default_factory=dict)


def measure_first(place: Place, rounds: int) -> First:
    """Measure processes that make one call over TLS, in turns. The first round only warms the caches of the disk."""
    found = First()
    settings = json.dumps({**place.settings_of("tls"), "in_flight": 1})
    for index in range(rounds + 1):
        for client in list_runnable(place):
            milliseconds, megabytes = run_first(client, place, settings)
            if index:
                found.milliseconds.setdefault(client.label, []).append(milliseconds)
                found.megabytes.setdefault(client.label, []).append(megabytes)
    return found


def list_runnable(place: Place) -> Iterator[Client]:
    """List the clients whose environment exists."""
    return (client for client in FIRST_CLIENTS if client.environment in place.pythons)


def run_first(client: Client, place: Place, settings: str) -> tuple[float, float]:
    """Run one new process; the value is the milliseconds until its result was read, and its memory in MB then."""
    command = [str(place.pythons[client.environment]), str(CLIENTS / "first.py"), client.code, settings]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(place.environment)) as process:
        assert process.stdout is not None
        answer = process.stdout.readline()
        milliseconds = (time.perf_counter() - began) * 1e3
        pages = process.stdout.readline()
    if answer != b"hello from scf\n":
        raise RuntimeError(f"{client.label} got {answer!r}")
    return milliseconds, int(pages) * PAGE_BYTES / 1e6


def measure_imports(place: Place, rounds: int, base: Path | None = None) -> Imported:
    """Measure the import of each module in new processes, in turns; the first round writes the bytecode.

    :param base: the sources of the earlier commit, None to leave it out
    """
    found = Imported()
    for index in range(rounds + 1):
        for environment, module, label in IMPORTS:
            if environment not in place.pythons or (label == BASE_IMPORT and base is None):
                continue
            command = [str(place.pythons[environment]), str(CLIENTS / "imports.py"), module]
            command += [str(base)] if label == BASE_IMPORT else []
            output = subprocess.run(command, env=dict(place.environment), stdout=subprocess.PIPE, check=False).stdout
            if not output or not index:
                continue
            bare, more, everything, outside, modules, code = json.loads(output)
            found.bare_milliseconds.append(bare)
            found.milliseconds.setdefault(label, []).append(more)
            found.source_kb[label] = everything / 1e3
            found.outside_kb[label] = outside / 1e3
            found.modules[label] = modules
            found.code_kb[label] = code / 1e3
    return found


def measure_map_growth(place: Place, calls: int) -> float | None:
    """Measure the growth of a process in MB during a map, after 2,000 calls; None without our environment."""
    return ask_ours(place, "maps.py", json.dumps({**place.settings_of("plain"), "in_flight": 64}), str(calls))


def measure_settle(place: Place, rows: int) -> float | None:
    """Measure the seconds to settle 5,000 doubts of a journal with ``rows`` rows; None without our environment."""
    return ask_ours(place, "settle.py", str(rows))


def count_look_up_threads(place: Place, tasks: int) -> float | None:
    """Count the most threads during an outage of name look-up, with ``tasks`` tasks; None without our environment."""
    return ask_ours(place, "outage.py", str(tasks))


def ask_ours(place: Place, script: str, *arguments: str) -> float | None:
    """Run a script in our environment; the value is the number that it prints, None without the environment."""
    if "ours" not in place.pythons:
        return None
    command = [str(place.pythons["ours"]), str(CLIENTS / script), *arguments]
    output = subprocess.run(command, env=dict(place.environment), stdout=subprocess.PIPE, check=True).stdout
    return float(json.loads(output))


@dataclass(frozen=True)
class Size:
    """The size of an installation on disk, in KB, without and with bytecode."""

    source_kb: float
    total_kb: float


def measure_sizes(place: Place) -> dict[str, Size]:
    """Measure the packages that ``pip install`` brought in each environment."""
    sizes = {}
    if "ours" in place.pythons:
        packages = find_packages(place.pythons["ours"])
        package = packages / "tencentserverless"
        sdk = [path for path in walk(package) if path.relative_to(package).parts[0] not in EXTRA_PACKAGES]
        sizes[SDK_CODE] = weigh(sdk)
        sizes["tencentserverless: the whole package"] = weigh(walk(package))
        sizes["tencentserverless with its one dependency"] = weigh(walk_installed(packages))
    for environment, label in (("official", "official SDK (scf alone)"), ("old", "tencentserverless 0.1.7")):
        if environment in place.pythons:
            packages = find_packages(place.pythons[environment])
            sizes[f"{label} with its dependencies"] = weigh(walk_installed(packages))
    return sizes


def find_packages(python: Path) -> Path:
    """Find the site-packages folder of an environment."""
    return next((python.parents[1] / "lib").glob("python*/site-packages"))


def walk(folder: Path) -> Iterator[Path]:
    """List the files below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def walk_installed(packages: Path) -> Iterator[Path]:
    """List the installed files of an environment, without those that every new environment has."""
    own = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence", "wheel")
    return (path for path in walk(packages) if not path.relative_to(packages).parts[0].startswith(own))


def weigh(paths: Iterator[Path] | list[Path]) -> Size:
    """Sum up the sizes of files."""
    source = total = 0
    for path in paths:
        size = path.stat().st_size
        total += size
        if path.suffix != ".pyc":
            source += size
    return Size(source / 1e3, total / 1e3)
