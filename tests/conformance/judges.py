"""Programs that judge, and the environments that hold the judges."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import ROOT, make_once, run, search_python

FUNCTIONS = Path(__file__).resolve().parent / "functions"
PROGRAMS = FUNCTIONS / "programs"
CALLERS = ROOT / "examples" / "callers"
PROGRAM_SECONDS = 60
#: Nobody listens there: what would leave this machine fails, and fails at once.
NO_WAY_OUT = "http://127.0.0.1:9"
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNREACHABLE = re.compile(r"\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT)\b")
FOREIGN = ("TENCENT", "TKE_", "PYTHON")


def is_foreign(name: str) -> bool:
    """Whether a variable of the environment would lead a program elsewhere."""
    return name.startswith(FOREIGN) or name.upper().endswith("_PROXY")


class Programs:
    """Runs programs of ``functions/programs`` and ``examples/callers`` as processes of their own.

    :param python: the interpreter
    :param path: folders that come first on its module path
    """

    def __init__(self, python: Path, *path: Path) -> None:
        self.python = python
        self._path = os.pathsep.join(map(str, path))
        self._printed: dict[object, str] = {}

    def __call__(self, program: "Path | str", env: "dict[str, str]", *arguments: str) -> str:
        """What a program prints, with every request id as ``<id>``; it must end with status 0 and say no more."""
        environment = {name: value for name, value in os.environ.items() if not is_foreign(name)}
        environment.update(env, PYTHONIOENCODING="utf-8", HTTPS_PROXY=NO_WAY_OUT, PYTHONPATH=self._path)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # the programs are functions too, and their folder is watched
        done = subprocess.run(
            [self.python, PROGRAMS / program, *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            timeout=PROGRAM_SECONDS,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return REQUEST_ID.sub("<id>", done.stdout)

    def printed(self, program: str, env: "dict[str, str]") -> str:
        """The same of a run that may have been for another test, as each run prints the same."""
        key = (program, *sorted(env.items()))
        if key not in self._printed:
            self._printed[key] = self(program, env)
        return self._printed[key]


def find_python(version: str) -> Path:
    """An interpreter of this version; without one the test is skipped."""
    found = search_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    return found


def make_environment(python: Path, folder: Path, *requirements: "tuple[str, ...]") -> None:
    """An environment of its own, into which each group of requirements is installed in its turn."""
    version = run(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
    if version == "2.7":
        # Python 2.7 has no venv, and it may have no pip; the last virtualenv that knows it brings both.
        tool = folder.with_name(folder.name + "-virtualenv")
        pip_install(Path(sys.executable), "--target", tool, "virtualenv<20.22")
        environment = {**os.environ, "PYTHONPATH": str(tool)}
        run(sys.executable, "-m", "virtualenv", "--quiet", "--no-download", "-p", python, folder, env=environment)
        shutil.rmtree(tool)
    else:
        run(python, "-m", "venv", folder)
    made = folder / "bin" / "python"
    if version == "3.6":
        pip_install(made, "pip==21.3.1")  # the last one for 3.6
    for group in requirements:
        pip_install(made, *group)


def pip_install(python: Path, *arguments: object) -> None:
    run(python, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *arguments)


def make_judge(label: str, python: Path, *requirements: "tuple[str, ...]") -> Path:
    """The interpreter of an environment that is made once for these requirements."""
    version = run(python, "-c", "import sys; print(sys.version)").stdout
    folder = make_once(
        label, f"{python} {version} {requirements}", lambda folder: make_environment(python, folder, *requirements)
    )
    return folder / "bin" / "python"


def npm_install(npm: str, place: Path, packages: list[str]) -> None:
    """Install packages from npm; skip the test where its registry can't be reached."""
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "1", "--fetch-timeout", "60000")
    command = [npm, "install", "--prefix", str(place), *options, *packages]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=400, check=False)
    unreachable = UNREACHABLE.search(done.stderr)
    if done.returncode and unreachable:
        pytest.skip(f"npm can't reach its registry: {unreachable[0]}")
    assert done.returncode == 0, done.stderr


def curl(*words: object) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body that curl gets."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("no curl on PATH")
    command = [program, "--silent", "--show-error", "--include", "--max-time", "60", *map(str, words)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    while head.split(b" ")[1] == b"100":
        head, _, body = body.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return int(first.split()[1]), pairs, body
