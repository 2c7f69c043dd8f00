"""Custom runtimes: what becomes of a bootstrap that does its work, and of one that does not."""

import asyncio
import base64
import contextlib
import io
import json
import os
import shutil
import signal
import stat
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tencentserverless.local.access_keys import KeyRing, make_key_pair
from tencentserverless.local.console import Console
from tencentserverless.local.invocation import Stopping
from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.lifecycle import Lifecycle
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.scheduler.launcher import LaunchContext, Launcher
from tencentserverless.local.scheduler.scheduler import Scheduler
from tencentserverless.local.settings import MIB, Limits, Settings
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME, Interpreters
from tencentserverless.local.worker.run_directory import RunDirectory
from tests.local.scheduler.scheduling import run

EXAMPLES = Path(__file__).parents[3] / "examples" / "runtimes"
HAS_PROC = Path("/proc/self/status").exists()
PYTHON = f"#!{sys.executable}\n"
CALL = """
import http.client, json, os, subprocess, sys, time
connection = http.client.HTTPConnection(os.environ["SCF_RUNTIME_API"], int(os.environ["SCF_RUNTIME_API_PORT"]))
def call(method, what, body=None):
    connection.request(method, "/runtime/" + what, body)
    answer = connection.getresponse()
    return answer.status, dict(answer.headers), answer.read().decode()
print("starts", flush=True)
"""
#: Runs the Python code that its event is, which may answer.
BOOTSTRAP = """
call("POST", "init/ready", " ")
calls = 0
while True:
    _, headers, event = call("GET", "invocation/next")
    calls += 1
    exec(json.loads(event))
"""
SHOW = 'call("POST", "invocation/response", json.dumps({}))'


@contextlib.asynccontextmanager
async def scheduling(clock=time.time, **limits):
    bounds = Limits(**limits)
    settings = Settings(Path(), limits=bounds, passed_environment={"PATH": os.environ["PATH"]})
    keys = KeyRing(make_key_pair(), clock, bounds.temporary_key_seconds)
    support, console, lifecycle = RunDirectory(), Console(), Lifecycle()
    context = LaunchContext(
        settings, keys, Interpreters(is_strict=False), support, console, "http://127.0.0.1:1", Ledger(), lifecycle
    )
    scheduler = Scheduler(Launcher(context), bounds, lifecycle)
    try:
        yield scheduler
    finally:
        await scheduler.close()
        support.close()
        console.close()


@pytest.fixture
def function(tmp_path):
    """Makes a function of a bootstrap's text."""

    def make(text=PYTHON + CALL + BOOTSTRAP, mode=0o755, **changes):
        path = tmp_path / "bootstrap"
        path.write_bytes(text.encode())
        path.chmod(mode)
        handler = changes.pop("handler", "index.main_handler")
        return FunctionRecord(
            FunctionKey("ap-tokyo", "default", "custom"), handler, CUSTOM_RUNTIME, tmp_path, **changes
        )

    return make


async def call(scheduler, record, event):
    return await run(scheduler, record, "id-of-the-test", json.dumps(event).encode())


def outcome_of(record, *events, **limits):
    """How the last of some calls ended."""

    async def scenario():
        async with scheduling(**limits) as scheduler:
            for event in events:
                outcome = await call(scheduler, record, event)
            return outcome

    return asyncio.run(scenario())


def value(outcome):
    assert outcome.status == 0, outcome
    return json.loads(outcome.text)


def test_the_event_comes_with_its_id_and_its_limits(function):
    show = SHOW.format("[headers[name] for name in ('Request_Id', 'Memory_Limit_In_Mb', 'Time_Limit_In_Ms')]")
    assert value(outcome_of(function(memory_mb=256, timeout_seconds=7), show)) == ["id-of-the-test", "256", "7000"]


@pytest.mark.parametrize("text", ["raw text", "", '{"a" : 1}', "ünï 二", "null\n"])
def test_the_result_is_returned_as_sent(function, text):
    outcome = outcome_of(function(), f'call("POST", "invocation/response", {text!r}.encode())')
    assert (outcome.status, outcome.text) == (0, text)


def test_a_warm_bootstrap_serves_on_and_the_first_log_has_its_start(function):
    async def scenario():
        async with scheduling() as scheduler:
            record = function()
            show = SHOW.format("[os.getpid(), calls]")
            first = await call(scheduler, record, f"print('one', flush=True); {show}")
            second = await call(scheduler, record, f"print('two', flush=True); {show}")
            assert (value(first)[1], value(second)) == (1, [value(first)[0], 2])
            assert (first.output, second.output) == (b"starts\none\n", b"two\n")
            assert first.memory_bytes > 0 or not HAS_PROC

    asyncio.run(scenario())


def test_the_same_event_comes_until_it_is_answered_and_the_first_answer_wins(function):
    code = """
again = [call("GET", "invocation/next")[2] == event for _ in range(2)]
call("POST", "invocation/response", json.dumps(again))
late = [call("POST", f"invocation/{path}", "late")[0] for path in ("response", "error")]
late.append(call("POST", "init/ready", "again")[0])
"""

    async def scenario():
        async with scheduling() as scheduler:
            record = function()
            assert value(await call(scheduler, record, code)) == [True, True]
            assert value(await call(scheduler, record, SHOW.format("[calls, late]"))) == [2, [409, 409, 200]]

    asyncio.run(scenario())


def test_an_error_is_430_with_its_text(function):
    outcome = outcome_of(function(), 'call("POST", "invocation/error", "it went wrong: ü".encode())')
    assert (outcome.status, outcome.message, outcome.text) == (430, "it went wrong: ü", "")
    outcome = outcome_of(function(), 'call("POST", "invocation/error", " ")', 'call("POST", "invocation/error", "")')
    assert (outcome.status, outcome.message) == (430, "user code exception caught")


@pytest.mark.parametrize("form", ["bytes({})", "iter([bytes(65536)] * ({} // 65536) + [bytes({} % 65536)])"])
def test_a_result_over_6_mb_is_407_and_the_bootstrap_serves_on(function, form):
    async def scenario():
        async with scheduling() as scheduler:
            record = function()
            fits, over = (form.replace("{}", str(6 * MIB + extra)) for extra in (0, 1))
            send = """
try:
    status = call("POST", "invocation/response", {})[0]
except OSError:
    status = "cut"
connection.close()
"""
            assert len((await call(scheduler, record, send.format(fits))).text) == 6 * MIB
            assert (await call(scheduler, record, send.format(over))).status == 407
            assert value(await call(scheduler, record, SHOW.format("[calls, status]"))) in ([3, 413], [3, "cut"])

    asyncio.run(scenario())


def test_an_event_that_is_not_answered_in_time_is_433_and_the_group_is_killed(function, tmp_path, ends):
    code = f"""
child = subprocess.Popen(["sleep", "1000"]).pid
open({str(tmp_path / "pids")!r}, "w").write(json.dumps([os.getpid(), child]))
time.sleep(1000)
"""
    outcome = outcome_of(function(timeout_seconds=1), code)
    assert (outcome.status, outcome.message) == (433, "Invoking task timed out after 1 seconds")
    assert outcome.output == b"starts\n"
    assert all(ends(pid) for pid in json.loads((tmp_path / "pids").read_text()))


def test_an_event_that_is_never_asked_for_is_433(function):
    text = PYTHON + CALL + 'call("POST", "init/ready")\ntime.sleep(1000)'
    assert outcome_of(function(text, timeout_seconds=1), "").status == 433


def test_a_bootstrap_that_ends_while_it_has_an_event_is_439(function):
    outcome = outcome_of(function(), "print('ends', flush=True); sys.exit(3)")
    assert (outcome.status, outcome.message) == (439, "User process exit when running")
    assert outcome.output == b"starts\nends\n"


def test_an_event_that_a_warm_bootstrap_has_not_taken_when_it_ends_goes_to_another_instance(function, tmp_path):
    leave = f"""
call("POST", "invocation/response", str(os.getpid()))
while not os.path.exists({str(tmp_path / "leave")!r}):
    time.sleep(0.01)
sys.exit()
"""

    async def scenario():
        async with scheduling() as scheduler:
            record = function()
            first = value(await call(scheduler, record, leave))
            second = asyncio.ensure_future(call(scheduler, record, SHOW.format("os.getpid()")))
            while not any(instance.invocations for pool in scheduler._pools.values() for instance in pool.instances):
                assert not second.done()
                await asyncio.sleep(0.01)
            (tmp_path / "leave").touch()
            assert value(await second) != first

    asyncio.run(scenario())


def test_a_bootstrap_that_ends_before_its_first_event_is_not_started_for_ever(function):
    text = PYTHON + CALL + 'call("POST", "init/ready")'
    assert outcome_of(function(text), "").status == 439


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (PYTHON, 0o644, "'bootstrap' is not executable: chmod 755"),
        ("echo hello", 0o755, "#!/bin/bash"),
        ("", 0o755, "#!/bin/bash"),
        ("#!/bin/sh\r\necho", 0o755, "ends as on Windows"),
    ],
)
def test_a_bootstrap_that_the_system_would_not_start_is_443_in_the_platforms_words(function, text, mode, words):
    outcome = outcome_of(function(text, mode), "")
    assert outcome.status == 443
    assert outcome.message.startswith("ReloadFail: Bootstrap not executable\n")
    assert words in outcome.message


@pytest.mark.parametrize("what", ["nothing", "folder"])
def test_no_bootstrap_is_443(function, tmp_path, what):
    record = function()
    (tmp_path / "bootstrap").unlink()
    if what == "folder":
        (tmp_path / "bootstrap").mkdir()
    outcome = outcome_of(record, "")
    assert outcome.status == 443
    assert outcome.message == (
        "ReloadFail: Bootstrap not executable\nthere is no file 'bootstrap' in the root of the code"
    )


@pytest.mark.parametrize(
    ("text", "how", "output"),
    [
        ("#!/bin/sh\necho is broken >&2\nexit 7", "with status 7", b"is broken\n"),
        ("#!/nowhere/node\n", "with status 127", b"not found"),
        ("#!/bin/sh\nkill -9 $$", "by signal 9", b""),
    ],
)
def test_a_bootstrap_that_ends_before_it_is_ready_is_405_with_its_output(function, text, how, output):
    outcome = outcome_of(function(text), "")
    assert outcome.status == 405
    assert outcome.message == f"bootstrap ended {how} before it was ready"
    assert output in outcome.output


def test_a_bootstrap_that_is_not_ready_in_time_is_450_with_its_output(function, ends, tmp_path):
    pids = tmp_path / "pid"
    text = f"#!/bin/sh\necho $$ > {pids}\necho waits\nsleep 1000"
    outcome = outcome_of(function(text, init_timeout_seconds=1), "")
    assert (outcome.status, outcome.output) == (450, b"waits\n")
    assert "after 1 seconds: bootstrap did not say that it is ready" in outcome.message
    assert ends(int(pids.read_text()))


def test_memory_over_the_limit_is_434_and_ends_the_instance(function):
    if not HAS_PROC:
        pytest.skip("reads /proc, which this system has not")

    async def scenario():
        async with scheduling() as scheduler:
            record = function(memory_mb=64)
            first = await call(scheduler, record, "held = bytearray(100 << 20); " + SHOW.format("os.getpid()"))
            assert (first.status, first.message) == (434, "Task memory exceeded 64 MB")
            assert value(await call(scheduler, record, SHOW.format("calls"))) == 1

    asyncio.run(scenario())


def test_the_environment(function, tmp_path):
    record = function(handler="any thing", environment={"MINE": "1", "PYTHONPATH": "/nowhere"})
    names = "SCF_RUNTIME SCF_RUNTIME_API _HANDLER TENCENTCLOUD_RUNENV MINE PYTHONPATH".split()
    show = SHOW.format(f"[[os.environ[name] for name in {names}], os.getcwd(), os.umask(0), len(sys.argv)]")
    variables, folder, umask, arguments = value(outcome_of(record, show))
    assert variables == [CUSTOM_RUNTIME, "127.0.0.1", "any thing", "SCF", "1", "/nowhere"]
    assert (folder, umask, arguments) == (str(tmp_path), 0o022, 1)


def test_nothing_of_the_servers_environment_comes_along(function, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "1")
    assert value(outcome_of(function(), SHOW.format("'SECRET_OF_THE_SERVER' in os.environ"))) is False


def test_a_bootstrap_may_wait_for_all_its_children(function):
    code = """
subprocess.Popen(["true"])
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
call("POST", "invocation/response", "1")
"""
    assert value(outcome_of(function(), code)) == 1


def test_an_instance_whose_keys_are_worn_is_replaced(function):
    now = [1000.0]

    async def scenario():
        async with scheduling(clock=lambda: now[0]) as scheduler:
            record = function()
            show = SHOW.format("[calls, os.getpid(), os.environ['TENCENTCLOUD_SECRETID']]")
            first = value(await call(scheduler, record, show))
            now[0] += 6 * 3600
            second = value(await call(scheduler, record, show))
            assert (first[0], second[0]) == (1, 1)
            assert first[1] != second[1]
            assert first[2] != second[2]

    asyncio.run(scenario())


def test_closing_ends_every_process(function, ends):
    async def scenario():
        async with scheduling() as scheduler:
            code = 'child = subprocess.Popen(["sleep", "1000"]).pid; '
            return value(await call(scheduler, function(), code + SHOW.format("[os.getpid(), child]")))

    assert all(ends(pid) for pid in asyncio.run(scenario()))


def test_no_descriptor_and_no_task_is_left_behind(function):
    if not HAS_PROC:
        pytest.skip("reads /proc, which this system has not")

    async def scenario():
        ours = asyncio.all_tasks()
        async with scheduling() as scheduler:
            for text in ("#!/bin/sh\nexit 1", "no program", PYTHON + CALL + BOOTSTRAP):
                await call(scheduler, function(text), SHOW.format("1"))
            scheduler.drain_version(FunctionKey("ap-tokyo", "default", "custom"), "$LATEST")
            while scheduler._launcher._reapers:
                await asyncio.wait(scheduler._launcher._reapers)
            while others := asyncio.all_tasks() - ours:
                await asyncio.wait(others)
            return os.listdir("/proc/self/fd")

    before = len(os.listdir("/proc/self/fd"))
    after = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert len(after) <= before + 8  # the loop's own


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH")


@pytest.fixture
def server(start_local_scf):
    return start_local_scf(EXAMPLES)


def test_the_shell_example(server):
    needs("bash", "curl")
    event = {"greeting": "Hello", "to": "二"}
    result = server.invoke("ShellRuntime", event, LogType="Tail")
    assert json.loads(result["RetMsg"]) == event
    assert "not supported" not in server.stderr
    assert (result["ErrMsg"], result["InvokeResult"]) == ("", 0)
    assert "bytes came" in result["Log"]
    large = {"text": "x" * 2_000_000}  # curl asks whether it may send as much
    assert json.loads(server.invoke("ShellRuntime", large)["RetMsg"]) == large


JAVA = """
import java.net.URI;
import java.net.http.*;
public class Echo {
    static HttpClient client = HttpClient.newHttpClient();
    static String base = "http://" + System.getenv("SCF_RUNTIME_API") + ":" + System.getenv("SCF_RUNTIME_API_PORT");
    static String ask(String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(base + "/runtime/" + path));
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body));
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }
    public static void main(String[] arguments) throws Exception {
        ask("init/ready", " ");
        while (true) ask("invocation/response", "echo " + ask("invocation/next", null));
    }
}
"""


@pytest.mark.proof
def test_the_jdks_own_client(start_local_scf, tmp_path):
    needs("java")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Echo.java").write_text(JAVA)
    (folder / "bootstrap").write_text("#!/bin/sh\nexec java Echo.java\n")
    (folder / "bootstrap").chmod(0o755)
    (folder / "serverless.yml").write_text(
        "component: scf\nname: x\ninputs: {name: jdk, runtime: CustomRuntime, src: ., memorySize: 1024, timeout: 60}\n"
    )
    server = start_local_scf(folder)
    for number in range(3):
        assert server.invoke("jdk", {"n": number})["RetMsg"] == f'echo {{"n": {number}}}'


def test_the_node_example(server):
    needs("node")
    result = server.invoke("NodeRuntime", {"name": "you"}, LogType="Tail")
    assert json.loads(result["RetMsg"]) == {"greeting": "Hello you from Node.js"}
    assert f"request {result['FunctionRequestId']}" in result["Log"]
    failed = json.loads(server.invoke("NodeRuntime", None)["RetMsg"])
    assert (failed["statusCode"], failed["errorCode"], failed["requestId"]) == (
        430,
        -1,
        json.loads(json.dumps(failed))["requestId"],
    )
    assert failed["errorMessage"].startswith("TypeError: ")


def zipped(mode, text=PYTHON + CALL + BOOTSTRAP):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo("bootstrap")
        member.external_attr = (stat.S_IFREG | mode) << 16
        archive.writestr(member, text)
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_custom_runtime_is_created_and_updated_through_the_api(server):
    parameters = {"FunctionName": "made", "Code": {"ZipFile": zipped(0o755)}, "Runtime": CUSTOM_RUNTIME}
    assert set(server.request("CreateFunction", parameters).response) == {"RequestId"}
    assert server.invoke("made", SHOW.format("os.environ['_HANDLER']"))["RetMsg"] == '"index.main_handler"'
    listed = server.request("ListFunctions", {"Filters": [{"Name": "Runtime", "Values": [CUSTOM_RUNTIME]}]}).response
    assert {each["FunctionName"] for each in listed["Functions"]} == {"made", "NodeRuntime", "ShellRuntime"}
    server.request("UpdateFunctionCode", {"FunctionName": "made", "ZipFile": zipped(0o644)})
    failed = json.loads(server.invoke("made", "")["RetMsg"])
    assert failed["statusCode"] == 443
    assert failed["errorMessage"].startswith("ReloadFail: Bootstrap not executable\n'bootstrap' is not executable: ")


def test_what_a_bootstrap_wrote_that_did_not_start_is_in_the_log(server):
    code = zipped(0o755, "#!/bin/sh\necho no such library >&2\nexit 3\n")
    server.request("CreateFunction", {"FunctionName": "made", "Code": {"ZipFile": code}, "Runtime": CUSTOM_RUNTIME})
    result = server.invoke("made", "", LogType="Tail")
    failed = json.loads(result["RetMsg"])
    assert (failed["statusCode"], result["InvokeResult"]) == (405, 405)
    assert failed["errorMessage"] == "bootstrap ended with status 3 before it was ready"
    assert "\nno such library\n" in result["Log"]


def test_a_bootstrap_ends_with_a_server_that_was_killed(start_local_scf, tmp_path, ends, runs):
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "serverless.yml").write_text(
        "component: scf\nname: fn\ninputs: {name: fn, src: ., runtime: CustomRuntime, handler: whatever}\n"
    )
    (folder / "bootstrap").write_text(PYTHON + CALL + BOOTSTRAP)
    (folder / "bootstrap").chmod(0o755)
    server = start_local_scf(folder)
    code = 'children = [subprocess.Popen(["sleep", "1000"], start_new_session=new).pid for new in (False, True)]; '
    pids = json.loads(server.invoke("fn", code + SHOW.format("[os.getpid(), *children]"))["RetMsg"])
    assert all(runs(pid) for pid in pids)
    server.stop(signal.SIGKILL)
    assert all(ends(pid) for pid in pids)


def test_an_event_that_was_not_asked_for_is_taken_back_at_a_stop(function, tmp_path):
    text = PYTHON + CALL + 'call("POST", "init/ready")\ntime.sleep(1000)'

    async def scenario():
        async with scheduling() as scheduler:
            waiting = asyncio.ensure_future(call(scheduler, function(text, timeout_seconds=600), ""))
            while not any(instance.invocations for pool in scheduler._pools.values() for instance in pool.instances):
                assert not waiting.done()
                await asyncio.sleep(0.01)
            await scheduler.close(grace_seconds=600)  # which waits for calls that have begun
            with pytest.raises(Stopping):
                await waiting

    asyncio.run(scenario())


def test_what_it_put_into_a_session_of_its_own_ends_with_it(function, ends):
    async def scenario():
        async with scheduling() as scheduler:
            code = 'child = subprocess.Popen(["sleep", "1000"], start_new_session=True).pid; '
            return value(await call(scheduler, function(), code + SHOW.format("child")))

    assert ends(asyncio.run(scenario()))


def test_memory_over_the_limit_is_434_while_the_call_runs(function):
    if not HAS_PROC:
        pytest.skip("reads /proc, which this system has not")
    outcome = outcome_of(function(memory_mb=64, timeout_seconds=60), "held = bytearray(100 << 20); time.sleep(1000)")
    assert (outcome.status, outcome.message) == (434, "Task memory exceeded 64 MB")
    assert outcome.memory_bytes > 64 * MIB
