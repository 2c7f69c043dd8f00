"""The namespaces of an instance, entered by a program of each Python: what is there and what can be written."""

import json
import os
import subprocess
import sys

import pytest

from tencentserverless.local.worker.child import isolation
from tencentserverless.local.worker.interpreters import OWN_RUNTIME, Interpreters
from tests.environments import search_python
from tests.local.worker.isolating import need_namespaces

#: Prints what it finds at the paths that are its arguments, and what is left of the process's rights.
LOOK = """
import json, os, sys
found = {}
for path in sys.argv[1:]:
    try:
        open(os.path.join(path, "new") if os.path.isdir(path) else path, "a").close()
        found[path] = "written"
    except EnvironmentError as error:
        found[path] = error.errno
status = open("/proc/self/status").read()
print(json.dumps([found, sorted(os.listdir("/tmp")), os.getcwd(), status.split("CapEff:")[1].split()[0]]))
"""


@pytest.fixture
def machine(tmp_path):
    """A folder of its own for each part of a plan; the new /tmp is laid over the folder of all of them."""
    need_namespaces()
    for name in ("code", "kept", "shared", "hidden", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "kept" / "inner").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    return tmp_path


def plan_of(folder, scratch, **changes):
    paths = {"kept": ["code", "kept", "kept/inner", "file", "link", "gone"], "shared": ["shared"]}
    plan = {name: [str(folder / each) for each in each_of] for name, each_of in paths.items()}
    plan.update({"tmp": "/tmp", "scratch": str(scratch), "code_folder": str(folder / "code")})
    return {**plan, "opt": "", "layers": "", "mounts": "", **changes}


def run(python, plan, *command):
    words = [str(python), "-S", isolation.__file__, json.dumps(plan), *map(str, command)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["2.7", "3.6", "own", "3.13"])
def test_what_is_there_and_what_can_be_written(machine, tmp_path_factory, version):
    python = Interpreters(is_strict=False).find(OWN_RUNTIME) if version == "own" else search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    scratch = tmp_path_factory.mktemp("scratch")
    names = ("code", "kept", "kept/inner", "file", "link", "shared")
    paths = [str(machine / name) for name in (*names, "hidden", "gone/x")]
    done = run(python, plan_of(machine, scratch), python, "-c", LOOK, *paths)
    assert done.returncode == 0, done.stderr
    found, listed, folder, rights = json.loads(done.stdout)
    assert [found[path] for path in paths] == [30, 30, 30, 30, 30, "written", "written", 2]
    assert (machine / "shared" / "new").exists()
    assert not (machine / "hidden").joinpath("new").exists()  # a new file in the own /tmp, which has no such folder
    assert machine.relative_to("/tmp").parts[0] in listed
    assert folder == str(machine / "code")
    assert rights == "0" * 16 or os.geteuid() == 0
    assert not list((machine / "code").iterdir())


@pytest.mark.parametrize("version", ["2.7", "3.6", "own", "3.13"])
@pytest.mark.parametrize("kept", [[], ["needed/inner"]], ids=["alone", "beside what is needed"])
def test_layers_take_the_place_of_opt(machine, tmp_path_factory, version, kept):
    python = Interpreters(is_strict=False).find(OWN_RUNTIME) if version == "own" else search_python(version)
    if python is None:
        pytest.skip(f"no Python {version} on PATH or under pyenv")
    opt = tmp_path_factory.mktemp("opt")
    (opt / "needed" / "inner").mkdir(parents=True)
    (opt / "old.txt").touch()
    (machine / "层" / "needed").mkdir(parents=True)
    (machine / "层" / "值.txt").write_text("of the layer")
    parts = {"opt": str(opt), "layers": str(machine / "层"), "mounts": str(machine / "mounts")}
    plan = plan_of(machine, "", **parts)
    plan["kept"] += [str(opt / each) for each in [*kept, "gone"]]
    done = run(python, plan, "/bin/sh", "-c", 'cd "$1" && find . | sort && cat 值.txt', "sh", opt)
    inner = ["./needed/inner"] * len(kept)
    assert (done.stdout.split("\n"), done.stderr) == ([".", "./needed", *inner, "./值.txt", "of the layer"], "")
    done = run(python, plan_of(machine, "", **parts), python, "-c", LOOK, opt)
    assert json.loads(done.stdout)[0] == {str(opt): 30}


def test_names_that_are_no_ascii(machine, tmp_path_factory):
    (machine / "代码").mkdir()
    plan = plan_of(machine, tmp_path_factory.mktemp("scratch"), code_folder=str(machine / "代码"))
    done = run(sys.executable, {**plan, "kept": [plan["code_folder"]]}, "/bin/sh", "-c", "pwd")
    assert (done.returncode, done.stdout) == (0, f"{machine}/代码\n")


def test_what_can_not_be_entered_is_said_in_one_line(machine, tmp_path_factory):
    scratch = tmp_path_factory.mktemp("scratch")
    done = run(sys.executable, plan_of(machine, scratch, code_folder=str(machine / "gone")), "/bin/true")
    assert done.returncode == 1
    assert done.stderr.startswith("scf: the instance can't be isolated: ")
    assert f"mount: No such file or directory (b'{machine}/gone')" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_probe_is_silent_where_all_is_well(machine, tmp_path_factory):
    done = run(sys.executable, plan_of(machine, tmp_path_factory.mktemp("scratch")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
