"""Web functions on a whole server: saved files, own writes, a debugger, packages, records and the log."""

import base64
import io
import json
import threading
import time
import zipfile

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import wait_until
from tests.local.web.urls import ask, put_url
from tests.local.worker.child.test_debugger import Debugger
from tests.local.worker.isolating import need_namespaces
from tests.local.worker.web_functions import LANG_PYTHON, plain, write_web

MANIFEST = (
    f"component: scf\nname: site\ninputs: {{name: site, src: ., type: web, runtime: {OWN_RUNTIME}, timeout: 10}}\n"
)
SAVED = plain().replace("json.dumps({**found", "json.dumps({'word': WORD, **found")
WRITING = plain().replace("print(", "open('visits.txt', 'a').close(); print(", 1)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "functions" / "site"
    write_web(folder, f"echo a start; exec {LANG_PYTHON} -u app.py", app=SAVED.replace("WORD", "'one'"))
    (folder / "serverless.yml").write_text(MANIFEST)
    return folder


def get(server, url):
    """The JSON of an answer."""
    got = ask(url)
    assert got.status == 200, got
    return got.json


@pytest.mark.parametrize("way", ["seccomp", pytest.param("shims", marks=pytest.mark.proof)])
def test_a_saved_file_is_live_without_a_call_lost(start_local_scf, folder, way):
    server = start_local_scf(folder.parent, "--web-ports", way)
    url = put_url(server, "site")["ExtranetUrl"]
    first = get(server, url)
    assert first["word"] == "one"
    (folder / "app.py").write_text(SAVED.replace("WORD", "'two'"))
    wait_until(lambda: get(server, url)["word"] == "two")
    (folder / "scf_bootstrap").write_text(f"#!/bin/bash\nexport WORD=three; exec {LANG_PYTHON} app.py\n")
    (folder / "app.py").write_text(SAVED.replace("WORD", "os.environ['WORD']"))
    wait_until(lambda: get(server, url)["word"] == "three")
    (folder / "scf_bootstrap").chmod(0o644)
    wait_until(lambda: ask(url).status == 443)
    assert "'scf_bootstrap' is not executable" in server.settled_stderr()
    got = ask(url)
    assert (got.status, got.reason) == (443, "status code 443")
    assert got.message == "[./scf_bootstrap] no such file or directory"
    (folder / "scf_bootstrap").chmod(0o755)
    wait_until(lambda: ask(url).status == 200)


def test_what_it_writes_beside_its_code_is_told_and_keeps_it_running(start_local_scf, folder):
    (folder / "app.py").write_text(WRITING)
    server = start_local_scf(folder.parent, "--isolation", "none")
    url = put_url(server, "site")["ExtranetUrl"]
    first = get(server, url)["pid"]
    assert get(server, url)["pid"] == first
    wait_until(
        lambda: "[site] writes visits.txt beside its code: in the cloud that fails with errno 30" in server.stderr
    )
    time.sleep(1)  # a reload would come by now
    assert get(server, url)["pid"] == first


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["namespaces", pytest.param("none", marks=pytest.mark.proof)])
def test_a_debugger_stops_a_request(start_local_scf, folder, way):
    pytest.importorskip("debugpy")
    if way == "namespaces":
        need_namespaces()
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = start_local_scf(folder.parent, "--debug", f"site:{port}", "--isolation", way)
    wait_until(lambda: f"[site] debugpy listens on 127.0.0.1:{port}\n" in server.stderr)
    url = put_url(server, "site")["ExtranetUrl"]
    line = 1 + next(number for number, text in enumerate(SAVED.splitlines()) if "found =" in text)
    debugger = Debugger(port)
    debugger.attach(folder / "app.py", line + 1)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(get(server, url)))
    caller.start()
    thread = debugger.stopped()
    assert debugger.evaluate(thread, "self.path") == "'/'"
    debugger.ask("continue", threadId=thread)
    caller.join(30)
    debugger.socket.close()
    assert answers[0]["word"] == "one"


def test_a_package_keeps_the_mode_of_its_start_file(start_local_scf, tmp_path):
    (tmp_path / "none").mkdir()
    server = start_local_scf(tmp_path / "none")
    for name, mode, status in (("good", 0o755, 200), ("bad", 0o644, 443)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for file, text, its in (
                ("scf_bootstrap", f"#!/bin/bash\nexec {LANG_PYTHON} app.py\n", mode),
                ("app.py", plain(), 0o644),
            ):
                member = zipfile.ZipInfo(file)
                member.external_attr = (0o100000 | its) << 16
                archive.writestr(member, text)
        code = {"ZipFile": base64.b64encode(buffer.getvalue()).decode()}
        fields = {"FunctionName": name, "Code": code, "Runtime": OWN_RUNTIME, "Type": "HTTP", "Timeout": 10}
        assert set(server.request("CreateFunction", fields).response) == {"RequestId"}
        assert ask(put_url(server, name)["ExtranetUrl"]).status == status


def test_records_and_the_log_have_each_request(start_local_scf, folder):
    server = start_local_scf(folder.parent)
    url = put_url(server, "site")["ExtranetUrl"]
    got = ask(f"{url}/path?x=1")
    (request_id,) = got.values("X-Scf-Request-Id")
    assert json.loads(got.body)["headers"]["X-Scf-Request-Id"] == request_id
    status = server.request("GetRequestStatus", {"FunctionName": "site", "FunctionRequestId": request_id}).response
    assert status["Data"][0]["RetMsg"] is not None
    assert "[site] a start\n" in server.settled_stderr()
    assert request_id in server.stderr


def test_a_package_that_is_missing_is_told_with_the_command_that_installs_it(start_local_scf, folder):
    (folder / "app.py").write_text("import surely_missing\n")
    (folder / "requirements.txt").write_text("surely-missing\n")
    server = start_local_scf(folder.parent)
    got = ask(put_url(server, "site")["ExtranetUrl"])
    assert got.status == 405
    assert f"surely-missing is in {folder}/requirements.txt and is not installed; run: " in server.settled_stderr()
