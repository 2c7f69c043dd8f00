"""The dashboard is opened with the first request for it, and a server that nobody looks at has nothing of it."""

import json
import signal

from tests.conftest import LIMITED, ask, wait_until
from tests.local.dashboard.visiting import API, Visitor, send

#: Before what a server runs: writes down the modules that it has loaded, when a signal comes.
TELLS = """
import json, os, signal, sys

def tell(number, frame):
    with open(os.environ["TOLD"] + ".new", "w") as file:
        json.dump(sorted(sys.modules), file)
    os.replace(os.environ["TOLD"] + ".new", os.environ["TOLD"])

signal.signal(signal.SIGUSR1, tell)
"""


def modules_of(server, told):
    """The modules of the dashboard that a server has loaded."""
    told.unlink(missing_ok=True)
    server.process.send_signal(signal.SIGUSR1)
    wait_until(told.exists)
    return [name for name in json.loads(told.read_text()) if "dashboard" in name]


def test_no_module_of_it_is_loaded_until_it_is_asked_for(functions, tmp_path, start_local_scf, monkeypatch):
    told = tmp_path / "told"
    monkeypatch.setattr("tests.conftest.LIMITED", TELLS + LIMITED)
    server = start_local_scf.limited(functions, {}, env={"TOLD": str(told)})
    server.invoke("echo", 1)
    server.request("ListFunctions", {})
    for method, place in (("GET", "status"), ("GET", "logs"), ("GET", "faults"), ("POST", "links")):
        assert ask(server.env, method, place)[0] == 200
    assert send(server, "GET", "/_local/none").status == 401
    assert modules_of(server, told) == []
    assert send(server, "GET", f"{API}session").status == 403
    assert "tencentserverless.local.dashboard.site" in modules_of(server, told)
    Visitor(server)


def test_a_link_is_known_until_it_is_used(functions, start_local_scf):
    server = start_local_scf(functions)
    link = ask(server.env, "POST", "links")[1]
    assert link["url"].startswith(f"{server.url}/_local/open?key=")
    assert link["seconds"] == 120
    place = {"url": link["url"]}
    assert ask(server.env, "PUT", "links", place) == (200, {"is_used": False})
    assert send(server, "GET", link["url"].removeprefix(server.url)).status == 303
    assert ask(server.env, "PUT", "links", place) == (200, {"is_used": True})
    assert ask(server.env, "PUT", "links", {"no": 1})[0] == 400


def test_the_log_of_a_server_has_no_link(functions, start_local_scf):
    server = start_local_scf(functions)
    lines = server.settled_stderr().splitlines()
    assert f"scf: the dashboard: {server.url}/_local/, opened by: scf local open" in lines
    assert "key=" not in server.stderr
