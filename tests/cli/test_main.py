"""The entry: it says what is missing on any Python, and runs where nothing is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import search_python

SOURCE = Path(__file__).parents[2] / "src"
MAIN = "import sys; from tencentserverless.cli.main import main; sys.exit(main())"
HINT = "pip install '.[local]'"


def run(interpreter, code, folder):
    return subprocess.run(
        [interpreter, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
        cwd=folder,
        check=False,
    )


@pytest.mark.parametrize("version", ["3.6", "3.9"])
def test_an_old_python_is_told_so_in_one_line(version, tmp_path):
    python = search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    done = run(python, MAIN, tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(f"scf: error: the scf command needs Python 3.10 or later, this is {version};")
    assert done.stderr.count("\n") == 1
    assert HINT in done.stderr
    assert "pip install tencentserverless" not in done.stderr


@pytest.mark.parametrize(
    "missing",
    [
        "click",
        "cryptography",
        *(pytest.param(name, marks=pytest.mark.proof) for name in ("httptools", "msgspec", "yaml")),
    ],
)
def test_a_missing_extra_is_told_in_one_line(missing, tmp_path):
    (tmp_path / "index.py").write_text("")
    (tmp_path / "serverless.yml").write_text("component: scf\nname: x\ninputs: {name: xy, src: .}\n")
    arguments = ["local", "start", "--port", "0", "--ephemeral", "--tls"]
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments}; "
    done = run(sys.executable, code + MAIN, tmp_path)
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1].startswith("scf: error: ")
    assert f"({missing} is missing)" in done.stderr
    assert HINT in done.stderr
    assert "Traceback" not in done.stderr


def test_the_entry_imports_nothing_heavy(tmp_path):
    code = (
        "import sys, tencentserverless.cli.main\n"
        "print({'click', 'asyncio', 'httptools', 'msgspec', 'tencentcloud'} & set(sys.modules))"
    )
    assert run(sys.executable, code, tmp_path).stdout == "set()\n"


def test_help_loads_no_server(tmp_path):
    code = f"import sys; sys.argv[1:] = ['local', 'start', '--help']; {MAIN[: -len('sys.exit(main())')]}main(); "
    done = run(sys.executable, code + "print({'asyncio', 'httptools', 'msgspec', 'yaml'} & set(sys.modules))", tmp_path)
    assert "--strict-runtimes" in done.stdout
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9", "3.13"])
def test_child_and_entry_files_compile(version, tmp_path):
    python = search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    files = [
        f"local/worker/child/{name}.py"
        for name in "bootstrap context debugger frames isolation lazy_stdlib own_writes payloads trust".split()
    ]
    if version != "2.7":
        files += ["cli/main.py", "cli/exits.py", "cli/extras.py", "cli/output/printing.py", "__main__.py"]
    paths = [str(SOURCE / "tencentserverless" / name) for name in files]
    code = f"import io\nfor path in {paths}: compile(io.open(path, encoding='utf-8').read(), path, 'exec')"
    done = run(python, code, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
