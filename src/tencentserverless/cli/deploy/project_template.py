"""The files that ``scf init`` writes: a function that runs on the local SCF and in the cloud, and a test of it."""

import re
import sys
from pathlib import Path

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure

#: A function's name (cloud.tencent.com/document/api/583/18586, FunctionName).
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]\Z")

_START_NAME = "scf_bootstrap"
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


_WEB_APP = '''"""The web function {name}."""

import fastapi
import uvicorn

app = fastapi.FastAPI()


@app.get("/")
async def greet(name: str = "world") -> dict:
    """What a GET of the URL gives back."""
    print("greeting", name)
    return {{"message": "Hello, " + name + "!"}}


if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000)
'''

_START = """#!/bin/bash
exec {python} -u app.py
"""

_WEB_REQUIREMENTS = """fastapi
uvicorn
"""

_WEB_MANIFEST = """component: scf
name: {name}
inputs:
  name: {name}
  src: ./src
  type: web
  runtime: {runtime}
  memorySize: 256
  timeout: 30
  events:
    - http:
        name: url
        parameters:
          authType: NONE
          netConfig:
            enableExtranet: true
            enableIntranet: false
"""

_WEB_TEST = '''"""Asks the web function {name} on a local SCF: run it with pytest. It needs fastapi and uvicorn."""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

# Last, also where pytest has put it first: the packages in src may be those of another Python than this one.
SOURCE = str(Path(__file__).parent / "src")
sys.path[:] = [folder for folder in sys.path if folder != SOURCE] + [SOURCE]
from app import app


def test_it_greets(scf_local):
    url = scf_local.register_web(app)
    with urlopen(url + "/?name=Ada") as answer:
        assert json.load(answer) == {{"message": "Hello, Ada!"}}


def test_it_greets_everybody(scf_local):
    with urlopen(scf_local.register_web(app)) as answer:
        assert json.load(answer) == {{"message": "Hello, world!"}}
'''


def next_steps(name: str, folder: str, *, is_web: bool = False) -> str:
    """The commands that a user types next."""
    if is_web:
        python = _runtime().lower()
        return "\n".join(
            (
                "",
                f"Packages:      cd {folder} && {python} -m pip install -t src -r src/requirements.txt",
                "Run it:        scf local start",
                f"Ask it:        scf curl {name} --local, or curl the URL that scf local start prints",
                f"Test it:       python -m pip install pytest fastapi uvicorn && pytest {_test_name(name)}",
                "Deploy it:     scf deploy",
            )
        )
    return "\n".join(
        (
            "",
            f"Run it:        cd {folder} && scf local start",
            f"Call it:       scf invoke {name} --local -d '{_EXAMPLE}'",
            "Test it:       pytest",
            "Deploy it:     scf deploy",
        )
    )


def make_project(name: str, folder: Path, *, is_web: bool = False) -> list[Path]:
    """Write the files of a new function, and return their paths.

    :raises Failure: if the platform would refuse the name, or the folder holds anything
    """
    if not _NAME.match(name):
        raise Failure(
            Exit.INPUT,
            f"{name!r} is no function's name: 2 to 60 letters, digits, - and _, a letter first, and no - or _ last",
        )
    files = _web_files(name) if is_web else _event_files(name)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Failure(Exit.INPUT, f"{folder} is not empty; choose another with --folder")
        (folder / "src").mkdir(parents=True)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
            if path.name == _START_NAME:
                (folder / path).chmod(0o755)
    except OSError as error:
        raise Failure(Exit.INPUT, f"{folder}: {error.strerror}") from error
    return [folder / path for path in files]


def _event_files(name: str) -> dict[Path, str]:
    return {
        Path("src/index.py"): _HANDLER.format(name=name),
        Path("serverless.yml"): _MANIFEST.format(name=name, runtime=_runtime()),
        Path(_test_name(name)): _TEST.format(name=name),
    }


def _web_files(name: str) -> dict[Path, str]:
    version = _runtime().removeprefix("Python")
    digits = "3" if version == "3.6" else version.replace(".", "")
    return {
        Path("src/app.py"): _WEB_APP.format(name=name),
        Path("src") / _START_NAME: _START.format(python=f"/var/lang/python{digits}/bin/python{version}"),
        Path("src/requirements.txt"): _WEB_REQUIREMENTS,
        Path("serverless.yml"): _WEB_MANIFEST.format(name=name, runtime=_runtime()),
        Path(_test_name(name)): _WEB_TEST.format(name=name),
    }


def _test_name(name: str) -> str:
    return f"test_{name.lower().replace('-', '_')}.py"


def _runtime() -> str:
    """The runtime of this interpreter, if the platform has it; else its newest."""
    known = ("Python3.6", "Python3.7", "Python3.9", "Python3.10")
    own = "Python{}.{}".format(*sys.version_info[:2])
    return own if own in known else known[-1]
