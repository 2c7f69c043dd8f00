"""The forms in which people write scf_bootstrap, each run as it is written, with namespaces and without."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conformance.servers.sites import MANIFEST, OWN_RUNTIME, SHARED, Site, python_place
from tests.conformance.servers.table import PYTHON
from tests.conftest import Starter

FOLDER = PYTHON.rpartition("/")[0]
#: A server that imports from the folder of packages, and listens where PORT says.
APP = """
import http.server, json, os, sys
import packed

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = {"version": list(sys.version_info[:2]), "folder": os.getcwd(), "mode": os.environ.get("MODE"),
                "packed": packed.WHO, "words": sys.argv[1:]}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", int(os.getenv("PORT", "9000"))), Handler).serve_forever()
"""
PACKAGES = 'export PYTHONPATH="./third_party:$PYTHONPATH"\n'
BASH = "#!/bin/bash\n"
FORMS = {
    "plain": f"{BASH}{PACKAGES}{PYTHON} app.py\n",
    "exec": f"{BASH}{PACKAGES}exec {PYTHON} -u app.py one 'two three'\n",
    "port": f"{BASH}export PORT=9000\n{PACKAGES}{PYTHON} app.py\n",
    "variable-before": f"{BASH}{PACKAGES}MODE=web {PYTHON} -u app.py\n",
    "folder-of-the-file": f'#!/bin/sh\ncd "$(dirname "$0")"\nexport PYTHONPATH="$PWD/third_party"\n'
    f"exec {PYTHON} -m app\n",
    "folder-of-the-source": f'{BASH}DIR="$( cd "$( dirname "${{BASH_SOURCE[0]}}" )" && pwd )"\n'
    f'export PYTHONPATH="$DIR/third_party:$(pwd)"\ncd /\n{PYTHON} "$DIR/app.py"\n',
    "env": f"#!/usr/bin/env bash\nset -euo pipefail\nexport PYTHONPATH=third_party\nexec {PYTHON} app.py\n",
    "path": f'{BASH}export PATH="{FOLDER}:$PATH"\n{PACKAGES}exec {PYTHON.rpartition("/")[2]} app.py\n',
    "choice": f'{BASH}{PACKAGES}if [ -f "{PYTHON}" ]; then\n    {PYTHON} app.py\nelse\n    {PYTHON}9 app.py\nfi\n',
    "again-and-again": f"{BASH}{PACKAGES}while true; do\n  {PYTHON} app.py\n  sleep 1\ndone\n",
    "beside-another": f"{BASH}{PACKAGES}{PYTHON} -c 'import time; time.sleep(600)' &\nexec {PYTHON} app.py\n",
    "no-shell": f"#!{PYTHON}\nimport runpy, sys\nsys.path[:0] = ['third_party']\n"
    "runpy.run_path('app.py', run_name='__main__')\n",
    "comments": f"{BASH}# for Node.js: /var/lang/node98/bin/unheard-of app.js\n{PACKAGES}{PYTHON} app.py # as before\n",
}
QUICK = ("plain", "folder-of-the-source")


def write(folder: Path, name: str, start: str) -> None:
    (folder / "third_party").mkdir(parents=True)
    (folder / "third_party" / "packed.py").write_text("WHO = 'the packages'\n")
    (folder / "app.py").write_text(APP)
    (folder / "serverless.yml").write_text(MANIFEST.format(name=name, runtime=OWN_RUNTIME, more=""))
    (folder / "scf_bootstrap").write_text(start)
    (folder / "scf_bootstrap").chmod(0o755)


def check_all(names: "tuple[str, ...]", folder: Path, isolation: str) -> None:
    """Start all of them on one server, and ask each."""
    for name in names:
        write(folder / "functions" / name, name, FORMS[name])
    with ExitStack() as stack:
        server = Starter(folder, stack)(folder / "functions", "--isolation", isolation, *SHARED)
        for name in names:
            status, _, body = Site(server, name).ask("GET", "/")
            told = json.loads(body)
            assert status == 200, (name, told)
            assert told["packed"] == "the packages"
            assert told["version"] == list(sys.version_info[:2])
            assert told["folder"] == ("/" if name == "folder-of-the-source" else str(folder / "functions" / name))
            assert told["words"] == (["one", "two three"] if name == "exec" else [])
            assert told["mode"] == ("web" if name == "variable-before" else None)


def test_two_forms_of_the_start_file(tmp_path):
    check_all(QUICK, tmp_path, "auto")


@pytest.mark.proof
@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_every_form_of_the_start_file(tmp_path, isolation):
    check_all(tuple(FORMS), tmp_path, isolation)


DJANGO = """
import os, sys
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])

def home(request):
    return JsonResponse({"host": request.get_host(), "port": os.environ["PORT"]})

urlpatterns = [path("", home)]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""


@pytest.mark.proof
@pytest.mark.timeout(600)  # the first run installs it
def test_djangos_runserver_with_its_reloader(tmp_path):
    """It starts itself once more, and the second process listens."""
    packages = f"export PORT=9000 PYTHONPATH={python_place().packages}"
    start = f"{BASH}{packages}\n{PYTHON} manage.py runserver 0.0.0.0:9000\n"
    write(tmp_path / "functions" / "on-django", "on-django", start)
    (tmp_path / "functions" / "on-django" / "manage.py").write_text(DJANGO)
    with ExitStack() as stack:
        site = Site(Starter(tmp_path, stack)(tmp_path / "functions", *SHARED), "on-django")
        for _ in range(3):
            status, _, body = site.ask("GET", "/")
            assert status == 200, body
        assert json.loads(body)["port"] == "9000"
