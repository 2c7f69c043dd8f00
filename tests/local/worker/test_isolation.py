"""Own /tmp and read-only code, on the real server: with namespaces and, forced, without."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tencentserverless.local.errors import StartupError
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker import isolation
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tencentserverless.local.worker.isolation import Isolation, LayerFolder, find_isolation
from tests.conftest import wait_until
from tests.local.worker.isolating import WAYS, need_namespaces, present_runtimes, write_function

#: Writes the number of its call into a file of the one name, and reads it when all calls have written theirs.
MEET = """
import json, os, time

def main_handler(event, context):
    path = event["path"]
    with open(path, "w") as file:
        json.dump(event["n"], file)
    open(os.path.join(event["gate"], str(event["n"])), "w").close()
    while len(os.listdir(event["gate"])) < event["all"]:
        time.sleep(0.01)
    with open(path) as file:
        return json.load(file)
"""
LOOK = """
import errno, os, sys, tempfile

def main_handler(event, context):
    found = {
        "cwd": os.getcwd(),
        "tmp": tempfile.gettempdir(),
        "user": os.getuid() == os.stat(os.getcwd()).st_uid,
        "pid": os.getpid(),
    }
    for name in (os.path.join(os.getcwd(), "left.txt"), "index.py"):
        try:
            with open(name, "a"):
                pass
        except EnvironmentError as error:
            found[os.path.basename(name)] = error.errno
    return found
"""
COUNT = """
import json, time
N = 0

def main_handler(event, context):
    global N
    N += 1
    if event == "write":
        try:
            with open("state.json", "w") as file:
                json.dump(time.time(), file)
        except EnvironmentError as error:
            return [N, error.errno]
    return [N, 0]
"""
CUSTOM = f"""#!{sys.executable}
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["SCF_RUNTIME_API"], int(os.environ["SCF_RUNTIME_API_PORT"]))
def call(method, what, body=None):
    connection.request(method, "/runtime/" + what, body)
    answer = connection.getresponse()
    return answer.read().decode()
call("POST", "init/ready", " ")
while True:
    call("GET", "invocation/next")
    found = {{"cwd": os.getcwd(), "tmp": os.environ["TMPDIR"]}}
    try:
        open("left.txt", "w").close()
    except OSError as error:
        found["left.txt"] = error.errno
    open("/tmp/scf-test-of-isolation", "w").close()
    call("POST", "invocation/response", json.dumps(found))
"""


@pytest.fixture
def way(request):
    if request.param == "namespaces":
        need_namespaces()
    return request.param


both_ways = pytest.mark.parametrize("way", WAYS, indirect=True)


def result_of(server, name, event=None):
    result = server.invoke(name, event)
    assert result["ErrMsg"] == ""
    return json.loads(result["RetMsg"])


@both_ways
def test_calls_at_once_that_use_one_path(start_local_scf, tmp_path, way):
    write_function(tmp_path / "functions" / "meet", MEET)
    server = start_local_scf(tmp_path / "functions", "--isolation", way)
    (tmp_path / "gate").mkdir()
    path = Path("/tmp") / f"scf-test-{os.getpid()}.json"
    events = [{"n": n, "path": str(path), "gate": str(tmp_path / "gate"), "all": 4} for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda event: result_of(server, "meet", event), events))
    if way == "namespaces":
        assert found == [0, 1, 2, 3]
        assert not path.exists()
    else:
        path.unlink()
        warning = f"[meet] warning: two instances use {path}: "
        wait_until(lambda: warning in server.stderr)
        assert server.settled_stderr().count("warning: two instances") == 1


@both_ways
def test_where_a_function_of_each_python_can_write(start_local_scf, tmp_path, way):
    runtimes = present_runtimes()
    for name, runtime in runtimes.items():
        write_function(tmp_path / "functions" / name, LOOK, runtime)
    server = start_local_scf(tmp_path / "functions", "--isolation", way)
    for name in runtimes:
        folder, found = tmp_path / "functions" / name, result_of(server, name)
        assert (found["cwd"], found["user"]) == (str(folder), True)
        if way == "namespaces":
            assert (found["tmp"], found.get("left.txt"), found.get("index.py")) == ("/tmp", 30, 30)
            assert not (folder / "left.txt").exists()
        else:
            assert Path(found["tmp"]).name.startswith("tmp-")
            assert (found.get("left.txt"), found.get("index.py")) == (None, None)


@both_ways
def test_a_custom_runtime_is_isolated_as_well(start_local_scf, tmp_path, way):
    folder = tmp_path / "functions" / "custom"
    write_function(folder, "", "CustomRuntime")
    (folder / "bootstrap").write_text(CUSTOM)
    (folder / "bootstrap").chmod(0o755)
    server = start_local_scf(folder.parent, "--isolation", way)
    found = result_of(server, "custom")
    path = Path("/tmp/scf-test-of-isolation")
    if way == "namespaces":
        assert found == {"cwd": str(folder), "tmp": "/tmp", "left.txt": 30}
        assert not path.exists()
    else:
        path.unlink()
        assert found["cwd"] == str(folder)
        assert (folder / "left.txt").exists()


@both_ways
def test_a_function_that_writes_beside_its_code_does_not_restart_itself(start_local_scf, tmp_path, way):
    runtimes, functions = present_runtimes(), tmp_path / "functions"
    for name, runtime in {**runtimes, "beside": OWN_RUNTIME}.items():
        write_function(functions / name, COUNT, runtime)
    server = start_local_scf(functions, "--isolation", way)
    for n in (1, 2, 3):
        found = [result_of(server, name, "write") for name in runtimes]
        assert found == [[n, 30 if way == "namespaces" else 0]] * len(runtimes)
        # The watch tells of changes in their order: where this save is followed, what was written before it was seen.
        (functions / "beside" / "index.py").write_text(COUNT + f"# {n}\n")
        wait_until(lambda n=n: server.stderr.count("[beside] changed") == n)
    for name in runtimes:
        assert f"[{name}] changed" not in server.settled_stderr()
        (functions / name / "later.part").write_text("V = 1")
        (functions / name / "later.part").rename(functions / name / "later.py")
        wait_until(lambda name=name: f"[{name}] changed" in server.stderr)
        assert result_of(server, name, "read") == [1, 0]
        if way == "none":
            words = f"[{name}] writes state.json beside its code: in the cloud that fails with errno 30"
            assert server.stderr.count(words) == 1
            (functions / name / "state.json").write_text("the user's")
            wait_until(lambda name=name: server.stderr.count(f"[{name}] changed") == 2)


def test_a_save_by_rename_is_seen_in_the_namespace(start_local_scf, tmp_path):
    need_namespaces()
    code = "import os\ndef main_handler(event, context):\n    return [open('data.txt').read(), os.getpid()]\n"
    folder = write_function(tmp_path / "functions" / "read", code)
    (folder / "data.txt").write_text("one")
    server = start_local_scf(folder.parent, "--isolation", "namespaces", "--no-reload")
    first = result_of(server, "read")
    (folder / "data.part").write_text("two")
    (folder / "data.part").rename(folder / "data.txt")
    assert [first, result_of(server, "read")] == [["one", first[1]], ["two", first[1]]]


def test_shared_tmp_leaves_tmp_and_keeps_the_code_read_only(start_local_scf, tmp_path):
    need_namespaces()
    write_function(tmp_path / "functions" / "look", LOOK)
    server = start_local_scf(tmp_path / "functions", "--shared-tmp")
    found = result_of(server, "look")
    assert Path(found["tmp"]).name == "tmp-1"
    assert Path(found["tmp"]).is_dir()
    assert found["left.txt"] == 30
    assert "each instance has this machine's /tmp and can't write its code folder" in server.stderr


def test_what_is_shared_is_written_and_the_rest_of_the_project_only_read(start_local_scf, tmp_path_factory):
    need_namespaces()
    tmp_path = tmp_path_factory.mktemp("outside")  # of what the servers of tests share
    code = """
def main_handler(event, context):
    try:
        open(event, "a").close()
    except OSError as error:
        return error.errno
"""
    folder = write_function(tmp_path / "functions" / "touch", code)
    (tmp_path / "socket").touch()
    server = start_local_scf(folder.parent, "--isolation", "namespaces", "--share", tmp_path / "socket")
    assert result_of(server, "touch", str(tmp_path / "socket")) is None
    assert [result_of(server, "touch", str(path / "x")) for path in (folder, folder.parent)] == [30, 30]
    assert result_of(server, "touch", str(tmp_path / "other")) is None  # in its own /tmp, whose folders are empty
    assert not (tmp_path / "other").exists()


def test_the_console_says_which_way_is_used_and_why(start_local_scf, tmp_path):
    folder = write_function(tmp_path / "functions" / "look", LOOK).parent
    without = start_local_scf(folder, env={"TENCENTSERVERLESS_ISOLATION": "none"}).stderr
    assert "instances share this machine's /tmp and can write their code folder (--isolation none)" in without
    assert "warning" not in without
    need_namespaces()
    assert "each instance has a /tmp of its own and can't write its code folder" in start_local_scf(folder).stderr


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.exit('mount: Permission denied')", "mount: Permission denied"),
        ("raise SystemExit(3)", "status 3"),
    ],
)
def test_a_system_that_refuses_is_said_and_refused_where_namespaces_are_asked_for(monkeypatch, program, reason):
    monkeypatch.setattr(isolation, "launch_command", lambda *_: (sys.executable, "-c", program))
    found = find_isolation(Settings(Path()))
    assert (found.reason, found.uses_namespaces, found.plan(Path("/code"), Path("/x"), ())) == (reason, False, None)
    assert found.notice.startswith("warning: instances share this machine's /tmp and can write their code folder")
    assert reason in found.notice
    with pytest.raises(StartupError, match=f"--isolation namespaces: this system refuses them .{reason}"):
        find_isolation(Settings(Path(), isolation="namespaces"))


REFUSING = "echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "


def test_a_machine_without_namespaces():
    """The real refusal: a user who has no right to mount, and a limit of no user namespace."""
    need_namespaces()
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("needs unshare and setpriv of util-linux")
    code = """
from pathlib import Path
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.isolation import find_isolation
print(find_isolation(Settings(Path())).notice)
"""
    command = ["unshare", "-Ur", "sh", "-c", REFUSING + '"$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    why = "no namespaces: unshare: user.max_user_namespaces allows no more"
    words = (
        f"warning: instances share this machine's /tmp and can write their code folder ({why}); in the cloud they can't"
    )
    assert (done.stdout, done.stderr) == (words + "\n", "")


def test_code_around_tmp_can_not_be_isolated():
    tmp = Path("/tmp").resolve()
    found = Isolation("", has_own_tmp=True, tmp=tmp)
    for folder in (Path("/"), tmp):
        assert found.plan(folder, tmp / "scratch", ()) is None


def test_a_plan_names_what_a_tmp_of_its_own_would_hide(tmp_path):
    tmp = tmp_path.resolve() / "tmp"
    (tmp / "real").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp / "real")
    found = Isolation("", True, tmp, (Path("/usr"), tmp / "kept", tmp_path / "link"), (tmp / "shared",))
    plan = found.plan(tmp / "code", tmp / "scratch", [tmp / "needed", Path("/etc")])
    assert plan is not None
    assert plan["kept"] == [str(tmp / name) for name in ("code", "kept")] + [
        str(tmp_path / "link"),
        str(tmp / "needed"),
    ]
    assert plan["shared"] == [str(tmp / "shared")]


def isolated(found, *command, needed=(), layers=None):
    """What a command prints that runs in the namespaces of a plan."""
    plan = found.plan(layers.mounts.with_name("code"), layers.mounts.with_name("scratch"), needed, layers)
    done = subprocess.run(isolation.launch_command(plan, command), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def opt(tmp_path):
    """A folder that stands for /opt, with an interpreter's environment in it, and the layers to mount there."""
    need_namespaces()
    for name in ("other/hidden.txt", "python/env/lib/module.py", "layers/top.py", "layers/python/seen/deep.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("VALUE = 1\n")
    opt = tmp_path.resolve() / "opt"
    opt.mkdir()
    (tmp_path / "other").rename(opt / "other")
    (tmp_path / "python").rename(opt / "python")
    for name in ("scratch", "code"):
        (tmp_path / name).mkdir()
    return opt


def test_the_layers_hide_the_old_opt(opt):
    layers = LayerFolder(opt.parent / "layers", opt.parent / "mounts")
    found = Isolation("", has_own_tmp=False, opt=opt)
    assert isolated(found, "/bin/ls", str(opt), layers=layers) == ["python", "top.py"]
    assert isolated(found, "/bin/ls", str(opt / "python"), layers=layers) == ["seen"]
    assert not layers.mounts.exists()
    assert sorted(os.listdir(opt)) == ["other", "python"]


def test_what_an_instance_needs_from_below_opt_is_there_beside_the_layers(opt):
    layers = LayerFolder(opt.parent / "layers", opt.parent / "mounts")
    found = Isolation("", has_own_tmp=False, opt=opt, kept=(opt / "python" / "env",), shared=(opt / "other",))
    assert isolated(found, "/bin/ls", str(opt), layers=layers) == ["other", "python", "top.py"]
    shutil.rmtree(layers.mounts)
    assert isolated(found, "/bin/ls", str(opt / "python"), layers=layers) == ["env", "seen"]
    shutil.rmtree(layers.mounts)
    script = f"cat {opt}/python/env/lib/module.py {opt}/python/seen/deep.txt; touch {opt}/other/new"
    for path in (opt, opt / "python" / "env", opt / "python" / "seen"):
        script += f"; touch {path}/x 2>/dev/null || echo refused"
    said = isolated(found, "/bin/sh", "-c", script, layers=layers)
    assert said == ["VALUE", "=", "1"] * 2 + ["refused"] * 3
    assert (opt / "other" / "new").exists()
    shutil.rmtree(layers.mounts)  # nothing of the old /opt is in it: that is mounted in the namespace alone
    assert (opt / "python" / "env" / "lib" / "module.py").exists()


@pytest.mark.parametrize("has_own_tmp", [True, False])
def test_temporary_files_below_opt_are_there_beside_the_layers(opt, has_own_tmp):
    """The folder that is mounted as /tmp must not vanish behind the layers, which are mounted before it."""
    layers = LayerFolder(opt / "run" / "layers", opt / "run" / "mounts")
    (opt / "run").mkdir()
    for name in ("layers", "scratch", "code"):
        (opt.parent / name).rename(opt / "run" / name)
    (opt.parent / "tmp").mkdir()
    found = Isolation("", has_own_tmp, opt.parent / "tmp", opt=opt)
    seen = opt.parent / "tmp" if has_own_tmp else opt / "run" / "scratch"
    script = f"cd /; ls {opt}; touch {seen}/new; ls {seen}"
    assert isolated(found, "/bin/sh", "-c", script, layers=layers) == ["python", "run", "top.py", "new"]
    assert (opt / "run" / "scratch" / "new").exists()


def test_what_is_needed_covers_what_a_layer_has_in_its_place(opt):
    layers = LayerFolder(opt.parent / "layers", opt.parent / "mounts")
    (layers.folder / "other").write_text("a file where the instance needs a folder")
    found = Isolation("", has_own_tmp=False, opt=opt, kept=(opt / "python", opt / "other" / "hidden.txt"))
    said = isolated(found, "/bin/sh", "-c", f"cd {opt}; find . -type f | sort", layers=layers)
    assert said == ["./other/hidden.txt", "./python/env/lib/module.py", "./top.py"]


def test_an_interpreter_below_opt_loads_what_it_has_not_loaded_yet(opt, monkeypatch):
    interpreter = opt / "py" / "bin" / "python3"
    interpreter.parent.mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), interpreter)
    (opt / "py" / "lib").symlink_to(Path(sys.base_prefix) / "lib")
    show = "import sys, json; print(sys.prefix)"
    done = subprocess.run([interpreter, "-I", "-c", show], capture_output=True, text=True, check=False)
    if done.stdout.split() != [str(opt / "py")]:
        pytest.skip(f"a copy of this interpreter does not run: {done.stderr}")
    monkeypatch.setattr(isolation.sys, "executable", str(interpreter))
    layers = LayerFolder(opt.parent / "layers", opt.parent / "mounts")
    program = f"{show}; sys.path.append({str(opt)!r}); import top; print(top.VALUE)"
    found = Isolation("", has_own_tmp=False, opt=opt)
    assert isolated(found, str(interpreter), "-c", program, layers=layers) == [str(opt / "py"), "1"]
    assert sorted(path.name for path in layers.mounts.iterdir()) == ["py", "python", "top.py"]


def test_opt_can_not_be_the_code_nor_around_it_nor_missing(tmp_path):
    opt = tmp_path.resolve() / "opt"
    layers = LayerFolder(tmp_path / "layers", tmp_path / "mounts")
    found = Isolation("", has_own_tmp=False, tmp=Path("/none"), opt=opt)
    code = tmp_path.resolve() / "code"
    assert found.plan(code, tmp_path, (), layers)["opt"] == ""
    opt.mkdir()
    assert found.plan(code, tmp_path, (), layers)["opt"] == str(opt)
    assert found.plan(opt / "code", tmp_path, (), layers)["kept"] == [str(opt / "code")]
    for folder in (opt, tmp_path.resolve()):
        assert found.plan(folder, tmp_path, (), layers)["opt"] == ""
    assert found.plan(code, tmp_path, ())["opt"] == ""


def test_share_needs_something_that_is_there(run_scf, tmp_path):
    done = run_scf("local", "start", tmp_path, "--share", tmp_path / "none")
    assert (done.returncode, f"{tmp_path / 'none'}: no such file or folder" in done.stderr) == (2, True)


@pytest.mark.proof
def test_the_demo_runs_both_ways():
    need_namespaces()
    for way in WAYS:
        subprocess.run(
            [sys.executable, "examples/demo.py"],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "TENCENTSERVERLESS_ISOLATION": way},
            stdout=subprocess.DEVNULL,
            check=True,
        )
