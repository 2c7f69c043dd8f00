"""Web functions: servers as users write them, two instances each side by side, and what becomes of one that fails."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import pytest

from tencentserverless.local.invocation import Invocation, new_request_id
from tencentserverless.local.invocations.middleware import FutureCaller
from tencentserverless.local.settings import MIB, Settings
from tencentserverless.local.worker.isolation import find_isolation
from tencentserverless.local.worker.web_ports import Choice
from tests.local.worker.alone import run_alone
from tests.local.worker.isolating import need_namespaces
from tests.local.worker.web_functions import (
    HAS_PROC,
    LANG_PYTHON,
    OneRequest,
    plain,
    record_of,
    serving,
    site_packages,
    write_web,
)

FLASK = """
import os, flask
app = flask.Flask(__name__)
@app.get("/")
def home():
    return {"pid": os.getpid()}
if __name__ == "__main__":
    app.run("0.0.0.0", 9000)
"""
FASTAPI = """
import os, fastapi, uvicorn
app = fastapi.FastAPI()
@app.get("/")
async def home():
    return {"pid": os.getpid()}
if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=9000, loop="uvloop")
"""
TORNADO = """
import asyncio, os, tornado.web
class Home(tornado.web.RequestHandler):
    def get(self):
        self.write({"pid": os.getpid()})
async def main():
    tornado.web.Application([("/", Home)]).listen(9000)
    await asyncio.Event().wait()
asyncio.run(main())
"""
#: Servers that come in a development environment, by how each is started. The last three bind without Python's sockets.
SERVERS = {
    "http.server": (plain(), f"exec {LANG_PYTHON} app.py"),
    "flask": (FLASK, f"exec {LANG_PYTHON} app.py"),
    "fastapi": (FASTAPI, f"exec {LANG_PYTHON} app.py"),
    "tornado": (TORNADO, f"exec {LANG_PYTHON} app.py"),
    "gunicorn": (FLASK, f"{LANG_PYTHON} -m gunicorn -w 2 -b 0.0.0.0:9000 app:app"),
    "hypercorn": (FASTAPI, f"{LANG_PYTHON} -m hypercorn -b 0.0.0.0:9000 app:app"),
    "uvicorn": (FASTAPI, f"{LANG_PYTHON} -m uvicorn --host 0.0.0.0 --port 9000 app:app"),
    "waitress": (FLASK, f"{LANG_PYTHON} -m waitress --listen 0.0.0.0:9000 app:app"),
    "granian": (FASTAPI, f"{LANG_PYTHON} -m granian --interface asgi --host 0.0.0.0 --port 9000 app:app"),
    "uwsgi": (FLASK, "exec UWSGI --http-socket 0.0.0.0:9000 --wsgi-file app.py --callable app"),
}
UNSHIMMED = ("granian", "uwsgi")
QUICK = ("http.server", "flask", "fastapi")  # make proof runs the others


def params(names, quick):
    """Names as parameters, of which make test takes a few and make proof all."""
    return [pytest.param(name, marks=[] if name in quick else pytest.mark.proof) for name in names]


def write_server(folder, name):
    code, start = SERVERS[name]
    if name == "uwsgi":
        uwsgi = shutil.which("uwsgi") or Path(sys.executable).with_name("uwsgi")
        start = start.replace("UWSGI", str(uwsgi))
    return write_web(folder, start, app=code)


async def start_two(folder, **settings):
    async with serving(packages=[site_packages()], **settings) as site:
        instances = await site.launch(record_of(folder, memory_mb=512, init_timeout_seconds=60), 2)
        got = await asyncio.gather(*(site.ask(instance) for instance in instances))
        assert all("pid" in json.loads(each.body) for each in got)
        return {each.exchange.address for each in got}


@pytest.mark.parametrize("name", params(SERVERS, QUICK))
def test_two_instances_of_a_server_listen_on_port_9000_by_seccomp(tmp_path, name):
    folder = write_server(tmp_path / "site", name)
    assert len(asyncio.run(start_two(folder, web_ports="seccomp"))) == 2


@pytest.mark.parametrize("name", params([name for name in SERVERS if name not in UNSHIMMED], ["flask"]))
def test_two_instances_of_a_python_server_listen_by_shims(tmp_path, name):
    folder = write_server(tmp_path / "site", name)
    assert len(asyncio.run(start_two(folder, web_ports="shims"))) == 2


def ask(folder, *paths, site_settings=None, **changes):
    """How the last of some requests ended, one after the other, and the console's lines."""

    async def scenario():
        async with serving(**(site_settings or {})) as site:
            for path in paths or ("/",):
                got = await site.get(record_of(folder, **changes), path)
            return got, site.lines

    return asyncio.run(scenario())


WAYS = [each.value for each in (Choice.SECCOMP, Choice.SHIMS, Choice.SINGLE)]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_can_be_forced_and_the_console_says_which(tmp_path, way):
    run_alone(__name__, "check_way", tmp_path, way)


def check_way(place, way):
    folder = write_web(Path(place) / "site", app=plain())
    got, lines = ask(folder, site_settings={"web_ports": way})
    host, port = got.exchange.address
    assert (port, json.loads(got.body)["bound"][1]) == (9000, 9000)
    assert (host == "127.0.0.1") == (way == "single")
    expected = {
        "seccomp": "on port 9000 of an address each, by seccomp",
        "shims": "listen on an address each, by shims (--web-ports shims)",
        "single": "warning: one instance of a web function at a time, on port 9000 of this machine (--web-ports",
    }
    assert expected[way] in lines


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", params(["127.0.0.1", "localhost"], ["127.0.0.1"]))
def test_a_server_on_loopback_is_refused_at_once_in_each_way(tmp_path, way, host):
    run_alone(__name__, "check_loopback", tmp_path, way, host)


def check_loopback(place, way, host):
    folder = write_web(Path(place) / "site", app=plain(host))
    got, lines = ask(folder, site_settings={"web_ports": way}, init_timeout_seconds=300)
    assert (got.outcome.status, got.outcome.message) == (446, "context deadline exceeded")
    assert "[site] listens on 127.0.0.1:9000 alone, which the platform can't reach: listen on 0.0.0.0:9000" in lines


def test_one_instance_at_a_time_serves_two_functions_in_turn(tmp_path):
    run_alone(__name__, "check_turns", tmp_path)


def check_turns(place):
    one, two = (write_web(Path(place) / name, app=plain()) for name in ("one", "two"))

    async def scenario():
        async with serving(web_ports="single") as site:
            records = [record_of(one, "one"), record_of(two, "two")]
            for _ in range(2):
                got = await asyncio.gather(*(site.get(record) for record in records for _ in range(2)))
                assert [json.loads(each.body)["folder"] for each in got] == [str(one)] * 2 + [str(two)] * 2

    asyncio.run(scenario())


def test_a_port_that_another_program_has_is_told(tmp_path):
    run_alone(__name__, "check_taken", tmp_path)


def check_taken(place):
    folder = write_web(Path(place) / "site", app=plain())
    with socket.create_server(("127.0.0.1", 9000)):
        got, _ = ask(folder, site_settings={"web_ports": "single"})
    assert got.outcome.status == 445
    assert "port 9000 of this machine is used by another program" in got.outcome.message


def start_fault(folder, **changes):
    got, lines = ask(folder, **changes)
    return got.outcome.status, got.outcome.message, lines


MISSING = "[./scf_bootstrap] no such file or directory"


def test_a_start_file_that_is_missing_or_not_executable_or_of_windows(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    status, message, lines = start_fault(empty)
    assert (status, message) == (443, MISSING)
    assert "[site] there is no file 'scf_bootstrap' in the root of the code" in lines
    status, message, lines = start_fault(write_web(tmp_path / "mode", mode=0o644, app=plain()))
    assert (status, message) == (443, MISSING)
    assert "'scf_bootstrap' is not executable: chmod 755 it" in lines
    windows = write_web(tmp_path / "windows", f"#!/bin/bash\n# a note\r\nexec {LANG_PYTHON} app.py\n", app=plain())
    status, message, lines = start_fault(windows)
    assert (status, message) == (443, MISSING)
    assert "lines that end as on Windows (CRLF)" in lines
    plain_text = write_web(tmp_path / "text", app=plain())
    (plain_text / "scf_bootstrap").write_text("exec python app.py\n")
    status, message, lines = start_fault(plain_text)
    assert (status, message) == (443, "[./scf_bootstrap] exec format error")
    assert "nor a script whose first line is such as #!/bin/bash" in lines


def test_an_interpreter_of_the_first_line_that_is_not_there(tmp_path):
    status, message, lines = start_fault(write_web(tmp_path / "site", "#!/nowhere/at/all\n", app=plain()))
    assert (status, message) == (443, MISSING)
    assert "the interpreter of its first line is not on this machine" in lines


def test_a_language_that_this_machine_lacks_is_named(tmp_path):
    status, message, _ = start_fault(write_web(tmp_path / "site", "/var/lang/cobol85/bin/cobol85 main"))
    assert status == 445
    assert "scf_bootstrap names /var/lang/cobol85/bin/cobol85, and no cobol85 is on PATH" in message


def test_a_server_that_dies_at_the_start(tmp_path):
    status, message, lines = start_fault(write_web(tmp_path / "site", "echo last words; exit 7"))
    assert status == 405
    assert message == "scf_bootstrap ended with exit code 7 before anything listened on port 9000"
    assert message in lines
    assert "[site] last words" in lines


@pytest.mark.parametrize(("ends", "status"), [(True, 405), pytest.param(False, 446, marks=pytest.mark.proof)])
def test_a_server_that_listens_and_takes_no_connection_is_told_apart(tmp_path, ends, status):
    app = "import socket, time\nserver = socket.create_server(('::', 9000), family=socket.AF_INET6)\n"
    folder = write_web(tmp_path / "site", app=app + ("" if ends else "time.sleep(30)"))
    got, lines = ask(folder, site_settings={"web_ports": "seccomp"}, init_timeout_seconds=3)
    assert got.outcome.status == status
    if ends:
        assert "scf_bootstrap ended with exit code 0: the server that it starts has to stay in the foreground" in lines
    else:
        assert "listens on port 9000, and takes no connection over IPv4 in its InitTimeout: it does so" in lines


@pytest.mark.parametrize("way", params(WAYS, ["seccomp"]))
def test_a_server_that_never_listens_is_told_with_what_it_did_instead(tmp_path, way):
    run_alone(__name__, "check_silence", tmp_path, way)


def check_silence(place, way):
    folder = write_web(Path(place) / "site", app=plain(port=8000))
    got, lines = ask(folder, site_settings={"web_ports": way}, init_timeout_seconds=3)
    assert (got.outcome.status, got.outcome.message) == (446, "context deadline exceeded")
    assert "nothing listens on 0.0.0.0:9000 after 3 seconds, its InitTimeout" in lines
    if way == "seccomp":
        assert "[site] listens on port 8000; the platform sends requests to 0.0.0.0:9000 alone" in lines
        assert "it listens on port 8000 instead" in lines


def test_a_request_over_the_timeout_ends_and_so_does_its_instance(tmp_path):
    folder = write_web(tmp_path / "site", app=plain())

    async def scenario():
        async with serving() as site:
            record = record_of(folder, timeout_seconds=1)
            first = json.loads((await site.get(record)).body)["pid"]
            late = await site.get(record, "/sleep")
            assert (late.outcome.status, late.exchange.stopped) == (
                433,
                (433, "Invoking task timed out after 1 seconds"),
            )
            assert json.loads((await site.get(record)).body)["pid"] != first

    asyncio.run(scenario())


def test_a_server_that_dies_under_a_request(tmp_path):
    folder = write_web(tmp_path / "site", app=plain())
    got, _ = ask(folder, "/", "/die")
    assert (got.outcome.status, got.outcome.message) == (439, "User process exit when running")
    assert got.outcome.ending == "exit code 3"
    got, _ = ask(folder, "/die", "/")
    assert got.body


class Ends(OneRequest):
    """A request that ends with a status at the moment at which the server dies."""

    def __init__(self, pid, status):
        super().__init__("/")
        self._ending = (pid, status)

    def begin(self, address, injected, on_end):
        pid, status = self._ending
        os.kill(pid, signal.SIGKILL)
        on_end(status, "its own reason")


@pytest.mark.parametrize(("status", "told"), [(455, 455), (499, 499), (413, 413), (502, 439), (439, 439)])
def test_only_a_connection_that_the_server_ended_waits_for_its_death(tmp_path, status, told):
    folder = write_web(tmp_path / "site", app=plain())

    async def scenario():
        async with serving() as site:
            (instance,) = await site.launch(record_of(folder), 1)
            caller = FutureCaller()
            invocation = Invocation(instance.record, new_request_id(), b"", caller)
            invocation.exchange = Ends(instance.worker.pid, status)
            instance.worker.on_end = lambda invocation, outcome: invocation.finish(outcome)
            instance.begin(invocation)
            await caller.wait(invocation)
            assert invocation.outcome.status == told

    asyncio.run(scenario())


def test_a_server_under_a_shell_that_stays_counts_with_its_own_memory(tmp_path):
    if not HAS_PROC:
        pytest.skip("reads /proc, which this system has not")
    folder = write_web(tmp_path / "site", f"{LANG_PYTHON} app.py", app=plain())
    got, _ = ask(folder, "/", "/memory")
    assert got.outcome.status == 434
    assert got.exchange.stopped == (434, "Task memory exceeded 128 MB")
    assert got.outcome.memory_bytes > 128 * MIB


def test_a_peak_over_the_memory_ends_the_instance_after_its_answer(tmp_path):
    if not HAS_PROC:
        pytest.skip("reads /proc, which this system has not")
    folder = write_web(tmp_path / "site", app="bytearray(200 * 1024 * 1024)\n" + plain())  # no more when it is asked

    async def scenario():
        async with serving() as site:
            first, last = [json.loads((await site.get(record_of(folder))).body) for _ in range(2)]
            assert first["pid"] != last["pid"]
            assert "MB, and may hold 128 MB: its instance ends; in the cloud that is 434" in site.lines

    asyncio.run(scenario())


def test_headers_of_the_platform_and_the_variables_and_the_log(tmp_path):
    folder = write_web(tmp_path / "site", f"echo starting; exec {LANG_PYTHON} app.py", app=plain())
    record = record_of(folder, memory_mb=256, environment={"OWN": "value"})

    async def scenario():
        async with serving() as site:
            first, second = await site.get(record), await site.get(record)
            seen = json.loads(second.body)
            headers, variables = seen["headers"], seen["variables"]
            assert headers["X-Scf-Request-Id"] == second.request_id
            fixed = {"Memory": "256", "Timeout": "20", "Version": "$LATEST", "Name": "site", "Namespace": "default"}
            assert {name: headers[f"X-Scf-{name}"] for name in fixed} == fixed
            keys = ("Secret-Id", "Secret-Key", "Session-Token")
            names = ("SECRETID", "SECRETKEY", "SESSIONTOKEN")
            assert [headers[f"X-Scf-{key}"] for key in keys] == [variables[f"TENCENTCLOUD_{name}"] for name in names]
            assert (variables["OWN"], variables["SCF_FUNCTIONNAME"], seen["folder"]) == ("value", "site", str(folder))
            assert (first.outcome.output, second.outcome.output) == (b"starting\nasked for /\n", b"asked for /\n")
            assert first.outcome.memory_bytes > 0 or not HAS_PROC

    asyncio.run(scenario())


def test_new_keys_come_with_a_request(tmp_path):
    folder, now = write_web(tmp_path / "site", app=plain()), [0.0]

    async def scenario():
        async with serving(clock=lambda: now[0]) as site:
            seen = []
            for now[0] in (0.0, 7 * 3600.0):
                seen.append(json.loads((await site.get(record_of(folder))).body))
            assert seen[0]["pid"] == seen[1]["pid"]
            assert seen[0]["headers"]["X-Scf-Session-Token"] != seen[1]["headers"]["X-Scf-Session-Token"]

    asyncio.run(scenario())


def test_no_package_of_the_machine_is_seen_unless_it_is_given(tmp_path):
    folder = write_web(tmp_path / "site", app="import flask\n" + plain())
    got, lines = ask(folder, site_settings={"isolation": find_isolation(Settings(tmp_path))})
    assert got.outcome.status == 405
    assert "No module named 'flask'" in lines
    got, _ = ask(folder, site_settings={"packages": [site_packages()]})
    assert got.outcome.status == 0


def test_code_is_read_only_and_the_start_file_finds_itself_in_a_namespace(tmp_path):
    need_namespaces()
    start = f"""
echo "$0 ${{BASH_SOURCE[0]}} $(dirname "$0") $(pwd)"
touch own-file 2>/dev/null || echo "code is read-only"
touch /tmp/own-file && ls -A /tmp
exec {LANG_PYTHON} app.py
"""
    folder = write_web(tmp_path / "site", start, app=plain())
    got, _ = ask(folder, site_settings={"isolation": find_isolation(Settings(tmp_path))})
    assert got.outcome.status == 0, got.outcome
    told = got.outcome.output.decode().splitlines()
    assert told[:2] == [f"./scf_bootstrap ./scf_bootstrap . {folder}", "code is read-only"]
    assert "own-file" in told
    assert ".scf_bootstrap" not in told
    assert not (folder / "own-file").exists()
    assert LANG_PYTHON in (folder / "scf_bootstrap").read_text()
