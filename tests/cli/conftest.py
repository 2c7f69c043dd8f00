"""A folder of functions to talk about, and a server over it that every test of a module shares."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import LocalScf, Starter

FUNCTIONS = {
    "echo": "def main_handler(event, context):\n    print('heard', event)\n    return event\n",
    "breaks": "def main_handler(event, context):\n    print('before')\n    raise KeyError('pear\\x1b[31m')\n",
    "sleeps": "import time\ndef main_handler(event, context):\n    time.sleep(60)\n",
}


def write_functions(folder: Path) -> Path:
    for name, code in FUNCTIONS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "index.py").write_text(code)
        (folder / name / "serverless.yml").write_text(
            f"component: scf\nname: {name}\ninputs:\n  name: {name}\n  src: .\n  timeout: 70\n  runtime: Python3.10\n"
        )
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_functions(tmp_path / "project")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    folder = write_functions(tmp_path_factory.mktemp("cli") / "project")
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("server"), stack)(folder)


@pytest.fixture
def scf(server: LocalScf, run_scf: Callable) -> Callable:
    """Run ``scf`` where the environment leads to the server."""
    return lambda *words, env=None, **others: run_scf(*words, env={**server.env, **(env or {})}, **others)
