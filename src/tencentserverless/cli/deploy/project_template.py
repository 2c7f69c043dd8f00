"""The files that ``scf init`` writes: a function that runs on the local SCF and in the cloud, and a test of it."""

import re
import sys
from pathlib import Path

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure

#: A function's name (cloud.tencent.com/document/api/583/18586, FunctionName).
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]\Z")

_EXAMPLE = '{"name": "Ada"}'

_HANDLER = '''"""The function {name}."""


def main_handler(event, context):
    """What is called: the event is decoded JSON, and what is returned must be JSON again."""
    name = event.get("name", "world") if isinstance(event, dict) else "world"
    print("greeting", name)
    return {{"message": "Hello, " + name + "!"}}
'''

_MANIFEST = """component: scf
name: {name}
inputs:
  name: {name}
  src: ./src
  handler: index.main_handler
  runtime: {runtime}
  memorySize: 128
  timeout: 3
"""

_TEST = '''"""Calls the function {name} on a local SCF: run it with pytest.

The functions in the folders beside this one are served too, because functions may call each other.
"""

from tencentserverless import invoke


def test_it_greets(scf_local):
    assert invoke("{name}", data={{"name": "Ada"}}).json() == {{"message": "Hello, Ada!"}}


def test_it_greets_everybody(scf_local):
    assert invoke("{name}").json() == {{"message": "Hello, world!"}}
'''


def next_steps(name: str, folder: str) -> str:
    """The commands that a user types next."""
    return "\n".join(
        (
            "",
            f"Run it:        cd {folder} && scf local start",
            f"Call it:       scf invoke {name} --local -d '{_EXAMPLE}'",
            "Test it:       pytest",
            "Deploy it:     scf deploy",
        )
    )


def make_project(name: str, folder: Path) -> list[Path]:
    """Write the files of a new function, and return their paths.

    :raises Failure: if the platform would refuse the name, or the folder holds anything
    """
    if not _NAME.match(name):
        raise Failure(
            Exit.INPUT,
            f"{name!r} is no function's name: 2 to 60 letters, digits, - and _, a letter first, and no - or _ last",
        )
    files = {
        Path("src/index.py"): _HANDLER.format(name=name),
        Path("serverless.yml"): _MANIFEST.format(name=name, runtime=_runtime()),
        Path(f"test_{name.lower().replace('-', '_')}.py"): _TEST.format(name=name),
    }
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Failure(Exit.INPUT, f"{folder} is not empty; choose another with --folder")
        (folder / "src").mkdir(parents=True)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.INPUT, f"{folder}: {error.strerror}") from error
    return [folder / path for path in files]


def _runtime() -> str:
    """The runtime of this interpreter, if the platform has it; else its newest."""
    known = ("Python3.6", "Python3.7", "Python3.9", "Python3.10")
    own = "Python{}.{}".format(*sys.version_info[:2])
    return own if own in known else known[-1]
