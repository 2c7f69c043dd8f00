"""``scf local open``: the link reaches a browser and nobody else."""

import http.client
import json
import os
import pty
import re
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.conftest import child_environment, scf_command

#: A browser: it opens a page, follows its link, and writes down what it has seen.
BROWSER = r"""#!PYTHON
import http.client, json, os, re, sys
from urllib.parse import urlsplit

path = urlsplit(sys.argv[1]).path
mode = os.stat(path).st_mode, os.stat(os.path.dirname(path)).st_mode
text = open(path, encoding="utf-8").read()
link = re.search(r'content="0;url=([^"]+)"', text)[1]
url = urlsplit(link)
connection = http.client.HTTPConnection(url.netloc)
connection.request("GET", f"{url.path}?{url.query}")
answer = connection.getresponse()
with open(os.environ["SEEN"], "w") as file:
    json.dump({"arguments": sys.argv[1:], "mode": mode, "status": answer.status, "path": path, "link": link}, file)
"""


@pytest.fixture
def kept(folder, start_local_scf):
    """A server with a state folder in its project."""
    return start_local_scf(folder, "--state", folder / ".scf")


@pytest.fixture
def browser(tmp_path):
    """The environment in which a browser is found, and the file in which it writes what it has seen."""
    program, seen = tmp_path / "browser", tmp_path / "seen.json"
    program.write_text(BROWSER.replace("PYTHON", sys.executable))
    program.chmod(0o755)
    return {"BROWSER": str(program), "SEEN": str(seen)}, seen


def test_a_browser_is_signed_in_and_other_users_see_no_link(kept, folder, run_scf, browser):
    environment, seen = browser
    done = run_scf("local", "open", cwd=folder, env=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "scf: the dashboard is open in your browser\n"
    found = json.loads(seen.read_text())
    assert found["status"] == 303
    assert found["link"].startswith(f"{kept.url}/_local/open?key=")
    assert "key=" not in str(found["arguments"])
    assert stat.S_IMODE(found["mode"][1]) == 0o700
    assert not os.path.exists(found["path"])


def test_without_a_browser_and_a_terminal_it_says_what_to_do(kept, folder, run_scf):
    done = run_scf("local", "open", cwd=folder, env={"BROWSER": "/none", "PATH": ""})
    assert done.returncode == 14
    assert done.stdout == ""
    assert "scf local open --print" in done.stderr
    assert "key=" not in done.stderr


def test_a_link_is_printed_on_a_terminal_alone(kept, folder, run_scf):
    refused = run_scf("local", "open", "--print", cwd=folder)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "key=" not in refused.stderr
    shown = on_terminal(scf_command("local", "open", "--print"), folder)
    (link,) = re.findall(rf"{re.escape(kept.url)}/_local/open\?key=[\w-]+", shown)
    url = urlsplit(link)
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("GET", f"{url.path}?{url.query}")
    assert connection.getresponse().status == 303
    connection.close()


def test_a_terminal_shows_a_link_where_no_browser_comes(kept, folder):
    shown = on_terminal(scf_command("local", "open"), folder, BROWSER="/none", PATH="")
    assert "no browser has opened the dashboard" in shown
    assert f"{kept.url}/_local/open?key=" in shown


def on_terminal(command, folder, **changes):
    """What a command shows on a terminal."""
    here, there = pty.openpty()
    process = subprocess.Popen(command, stdout=there, stderr=there, cwd=folder, env=child_environment(**changes))
    os.close(there)
    shown = b""
    while True:
        try:
            part = os.read(here, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(here)
    assert process.wait(30) == 0
    return shown.decode()


def test_no_server_is_told_as_by_the_other_commands(folder, run_scf):
    done = run_scf("local", "open", cwd=folder)
    assert (done.returncode, "start one with: scf local start" in done.stderr) == (6, True)
