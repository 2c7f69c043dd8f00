"""A server with functions to look at, and a browser that has signed in."""

import pytest

from tests.conftest import FUNCTION_VARIABLES
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


@pytest.fixture
def functions(tmp_path):
    """A folder of functions."""
    folder = tmp_path / "functions"
    for name, code in (("echo", ECHO), ("fails", FAILS), ("large", LARGE), ("timed", ECHO)):
        (folder / name).mkdir(parents=True)
        (folder / name / "index.py").write_text(code)
    text = TIMED.replace("RUNTIME", FUNCTION_VARIABLES["OWN_RUNTIME"])
    (folder / "timed" / "serverless.yml").write_text(text)
    return folder


@pytest.fixture
def server(functions, start_local_scf):
    """A server of theirs."""
    return start_local_scf(functions)


@pytest.fixture
def visitor(server):
    """A browser that has signed in."""
    return Visitor(server)
