"""certifi, wherever user code has it, names the roots of the local SCF; nothing else is changed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local.worker.child import trust
from tests.environments import search_python

CERTIFI = "from .core import contents, where\n__version__ = '1'\n"
CORE = "def where():\n    return 'its own'\n\ndef contents():\n    return 'its own'\n"
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
import trust
trust.trust(sys.argv[3])
import json
import certifi, certifi.core
from certifi import where
print("%s %s %s %s %s" % (where(), certifi.core.where(), certifi.contents(), certifi.__version__, certifi.__file__))
"""


@pytest.mark.parametrize("version", ["2.7", "3.6", "own", "3.13"])
def test_certifi_names_the_bundle(tmp_path, version):
    python = Path(sys.executable) if version == "own" else search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    (tmp_path / "certifi").mkdir()
    (tmp_path / "certifi" / "__init__.py").write_text(CERTIFI)
    (tmp_path / "certifi" / "core.py").write_text(CORE)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("roots")
    command = [python, "-S", "-B", "-c", PROGRAM, Path(trust.__file__).parent, tmp_path, bundle]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.stdout == f"{bundle} {bundle} roots 1 {tmp_path}/certifi/__init__.py\n", done.stderr


def test_without_certifi_the_import_fails_as_ever():
    program = PROGRAM.replace("import certifi, certifi.core", "import certifi").replace(
        "sys.argv[1:3]", "sys.argv[1:2]"
    )
    command = [sys.executable, "-S", "-c", program, str(Path(trust.__file__).parent), "", "bundle"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: No module named 'certifi'" in done.stderr
