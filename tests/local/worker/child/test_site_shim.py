"""What Python does first in a web function: the path, the next sitecustomize, the port, the notes, the debugger."""

import json
import os
import subprocess
import sys

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tencentserverless.local.worker.run_directory import RunDirectory
from tests.environments import search_python
from tests.local.worker.web_functions import site_packages

PLAN = {"environments": [], "sdk": "", "bundle": "", "notes": None, "debugger": None, "lead": None, "tell": ""}
ADDRESS = "127.77.9.3"


@pytest.fixture
def directory():
    directory = RunDirectory()
    yield directory
    directory.close()


@pytest.fixture
def run(directory, tmp_path):
    """Runs a program as a web function would, and gives back the JSON that it prints."""

    def run(code, python=None, path=(), **changes):
        plan = {**PLAN, "code_folder": str(tmp_path), "child": str(directory.child_folder), **changes}
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join([str(directory.shim_folder), *map(str, path)]),
            "PYTHONDONTWRITEBYTECODE": "x",
            "_SCF_WEB": json.dumps(plan),
        }
        python = python or Interpreters(is_strict=False).find(OWN_RUNTIME)
        (tmp_path / "program.py").write_text(code)
        done = subprocess.run(
            [python, tmp_path / "program.py"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def python_of(version):
    found = Interpreters(is_strict=False).find(OWN_RUNTIME) if version == "own" else search_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    return found


@pytest.mark.parametrize(("version", "hides"), [("own", True), ("3.13", True), ("3.6", False), ("2.7", False)])
def test_packages_of_the_interpreter_are_hidden_but_where_the_platform_has_some(run, directory, version, hides):
    code = "import json, sys, sysconfig\nfound = [path for path in sys.path if path.endswith('-packages')]\n"
    code += "import email\nprint(json.dumps([found, [path for path in sys.path if path.endswith('shims')]]))\n"
    found, shims = run(code, python_of(version))
    assert (not found) is hides
    assert shims == []


def test_a_relative_path_of_the_user_stays(run, tmp_path):
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "given_module.py").write_text("value = 2\n")
    code = "import json, given_module\nprint(json.dumps(given_module.value))\n"
    assert run(code, path=["vendor"]) == 2


def test_packages_that_are_given_and_the_sdk_are_there(run, directory, tmp_path):
    environment = tmp_path / "venv"
    folder = environment / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
    folder.mkdir(parents=True)
    (folder / "given_module.py").write_text("value = 1\n")
    code = "import json, given_module\nfrom tencentserverless import scf\nprint(json.dumps(given_module.value))\n"
    assert run(code, environments=[str(environment)], sdk=str(directory.sdk_folder)) == 1


@pytest.mark.parametrize("version", ["own", "3.6", "2.7"])
def test_the_next_sitecustomize_is_loaded(run, tmp_path, version):
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import sys\nsys.customized = True\n")
    code = "import json, sys\nprint(json.dumps(getattr(sys, 'customized', False)))\n"
    assert run(code, python_of(version), [other]) is True


BIND = """
import json, socket
told = []
for host, port in (("0.0.0.0", 9000), ("", 9000), ("127.0.0.1", 9000), ("127.0.0.1", 0)):
    tried = socket.socket()
    tried.bind((host, port))
    tried.listen(5)
    told.append(tried.getsockname()[0] + (" led" if tried.getsockname()[1] == 9000 else ""))
    tried.close()
print(json.dumps(told))
"""


@pytest.mark.parametrize("version", ["own", "3.6", "2.7"])
def test_the_port_is_led_and_who_listens_is_told(run, tmp_path, version):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        found = run(BIND, python_of(version), lead=[ADDRESS, 9000], tell=str(pipe))
        told = os.read(reader, 4096).decode().splitlines()
    finally:
        os.close(reader)
    assert found == [f"{ADDRESS} led"] * 3 + ["127.0.0.1"]
    assert [line.split()[0] for line in told] == ["0.0.0.0", "0.0.0.0", "127.0.0.1"]


UVLOOP = """
import asyncio, json, uvloop
async def main():
    loop = asyncio.get_running_loop()
    by_keyword = await loop.create_server(asyncio.Protocol, host="0.0.0.0", port=9000)
    found = [by_keyword.sockets[0].getsockname()]
    by_keyword.close()
    await by_keyword.wait_closed()
    other = await asyncio.start_server(lambda *given: None, "127.0.0.1", 0)
    found.append(other.sockets[0].getsockname())
    print(json.dumps(found))
uvloop.run(main())
"""


def test_servers_of_uvloop_are_led(run):
    pytest.importorskip("uvloop")
    led, other = run(UVLOOP, path=[site_packages()], lead=[ADDRESS, 9000])
    assert led == [ADDRESS, 9000]
    assert other[0] == "127.0.0.1"


def test_what_is_written_beside_the_code_is_noted(run, tmp_path):
    notes = {"path": str(tmp_path / "notes"), "code_folder": str(tmp_path), "tmp": "", "apart": []}
    (tmp_path / "noted").mkdir()
    code = f"import json\nopen({str(tmp_path / 'noted' / 'file')!r}, 'w').close()\nprint(json.dumps(1))\n"
    run(code, notes={**notes, "code_folder": str(tmp_path / "noted")})
    (line,) = (tmp_path / "notes").read_text().splitlines()
    assert json.loads(line) == ["opened", str(tmp_path / "noted" / "file"), None]


def test_without_a_plan_nothing_changes(directory):
    code = "import sys; print(any(path.endswith('-packages') for path in sys.path))"
    environment = {"PYTHONPATH": str(directory.shim_folder), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
