"""A local SCF for the commands, with its env file where ``--state`` finds it."""

import subprocess
from contextlib import ExitStack

import pytest

from tests.conftest import Starter, child_environment, scf_command

CODE = """
import time

def main_handler(event, context):
    print("working")
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    if isinstance(event, dict) and "sleep" in event:
        time.sleep(event["sleep"])
    return event
"""


@pytest.fixture(scope="session")
def cli_server(tmp_path_factory):
    """A local SCF with the functions ``echo`` and ``order``; ``server.env_file`` leads to it."""
    folder = tmp_path_factory.mktemp("functions")
    for name in ("echo", "order"):
        (folder / name).mkdir()
        (folder / name / "index.py").write_text(CODE)
    started = tmp_path_factory.mktemp("started")
    with ExitStack() as stack:
        server = Starter(started, stack)(folder)
        server.env_file = started / "env-1"
        yield server


@pytest.fixture
def scf(cli_server, tmp_path):
    """Run ``scf`` with what the test gives, against that server: ``scf(*arguments, stdin="")``."""

    def run(*arguments, stdin="", state=True):
        command = scf_command(*arguments, *(["--state", cli_server.env_file] if state else []))
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=child_environment(),
            timeout=60,
            check=False,
        )

    return run
