"""A server with functions to look at, and a browser that has signed in."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import FUNCTION_VARIABLES, Starter
from tests.local.dashboard.visiting import Visitor

ECHO = "def main_handler(event, context):\n    print('seen', event)\n    return event\n"
FAILS = """
def main_handler(event, context):
    print("about to fail")
    return inner(event)


def inner(event):
    raise ValueError(f"no: {event}")
"""
LARGE = "def main_handler(event, context):\n    return 'x' * (6 * 1024 * 1024 - 100)\n"
TIMED = """component: scf
name: timed
inputs:
  name: timed
  src: .
  runtime: RUNTIME
  environment: {variables: {MODE: plain, DB_PASSWORD: hunter2}}
  events:
    - timer: {parameters: {name: noon, cronExpression: "0 0 12 * * * *", enable: true, argument: lunch}}
"""


def write_functions(folder: Path) -> Path:
    """Write the functions that the tests look at."""
    for name, code in (("echo", ECHO), ("fails", FAILS), ("large", LARGE), ("timed", ECHO)):
        (folder / name).mkdir(parents=True)
        (folder / name / "index.py").write_text(code)
    text = TIMED.replace("RUNTIME", FUNCTION_VARIABLES["OWN_RUNTIME"])
    (folder / "timed" / "serverless.yml").write_text(text)
    return folder


@pytest.fixture
def functions(tmp_path):
    """A folder of functions of the test's own."""
    return write_functions(tmp_path / "functions")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of theirs, for all tests of a file. Retries come at once."""
    folder = tmp_path_factory.mktemp("dashboard")
    with ExitStack() as stack:
        yield Starter(folder, stack)(write_functions(folder / "functions"), "--time-scale", "100")


@pytest.fixture(scope="module")
def visitor(server):
    """A browser that has signed in."""
    return Visitor(server)
