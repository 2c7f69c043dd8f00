"""Servers that are found from other folders: ``scf local list``, and ``--local`` without a path."""

import json

import pytest

from tests.conftest import Starter


@pytest.fixture
def runtime(tmp_path):
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return {"XDG_RUNTIME_DIR": str(folder)}


@pytest.fixture
def listed(folder, start_local_scf, runtime):
    return start_local_scf(folder, "--state", folder / ".scf", env=runtime)


@pytest.fixture
def away(tmp_path):
    """A folder of no project."""
    path = tmp_path / "away"
    path.mkdir()
    return path


def test_the_only_server_is_found_from_anywhere(listed, folder, away, runtime, run_scf):
    assert run_scf("invoke", "echo", "--local", "-d", "1", cwd=away, env=runtime).stdout == "1\n"
    assert run_scf("functions", "list", "--local", cwd=away, env=runtime).stdout.count("\n") == 3
    assert listed.url in run_scf("local", "status", cwd=away, env=runtime).stdout
    shown = run_scf("local", "list", cwd=away, env=runtime)
    address, pid, _, _, project, source = shown.stdout.split()
    assert (address, pid) == (listed.url, str(listed.process.pid))
    assert (project, source) == (str(folder.resolve()), str((folder / ".scf").resolve()))
    (found,) = json.loads(run_scf("local", "list", "--json", cwd=away, env=runtime).stdout)
    assert (found["url"], found["pid"]) == (listed.url, listed.process.pid)
    text = "".join(path.read_text() for path in (away.parent / "runtime" / "scf-local").iterdir())
    assert listed.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"] not in text
    assert listed.env["TENCENTCLOUD_SECRETKEY"] not in text
    assert run_scf("local", "stop", cwd=away, env=runtime).returncode == 0
    assert listed.process.wait(5) == 0
    none = run_scf("local", "list", cwd=away, env=runtime)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr == "scf: no local SCF runs; start one with: scf local start\n"


@pytest.mark.parametrize("verb", [("local", "status"), ("invoke", "echo", "--local")])
def test_several_servers_are_named_and_one_is_chosen(listed, folder, away, runtime, run_scf, tmp_path, verb):
    (tmp_path / "second" / "echo").mkdir(parents=True)
    (tmp_path / "second" / "echo" / "index.py").write_text("def main_handler(event, context):\n    return 2\n")
    from contextlib import ExitStack

    (tmp_path / "more").mkdir()
    with ExitStack() as stack:
        other = Starter(tmp_path / "more", stack)(tmp_path / "second", env=runtime)
        unclear = run_scf(*verb, cwd=away, env=runtime)
        assert unclear.returncode == 6
        assert f"no local SCF runs from {away} or a folder above; 2 run elsewhere: " in unclear.stderr
        assert f"{folder.resolve()}/.scf ({listed.url}), " in unclear.stderr
        assert f"({other.url}); choose with --state or --env-file" in unclear.stderr
        for source in (folder, folder / ".scf"):
            assert run_scf(*verb, "--state", source, cwd=away, env=runtime).returncode == 0
        named = run_scf("invoke", "echo", "--env-file", tmp_path / "more" / "env-1", cwd=away, env=runtime)
        assert named.stdout == "2\n"
        assert run_scf(*verb, cwd=folder / "echo", env=runtime).returncode == 0, "its own project comes first"


def test_a_stopped_project_does_not_take_the_server_of_another_one(listed, folder, away, runtime, run_scf):
    (away / ".scf").mkdir()
    done = run_scf("invoke", "echo", "--local", cwd=away, env=runtime)
    assert done.returncode == 6
    assert f"no local SCF runs from {away}/.scf; one runs elsewhere: {folder.resolve()}/.scf" in done.stderr


def test_a_server_without_a_file_is_listed_and_said_to_be_out_of_reach(folder, away, runtime, run_scf, monkeypatch):
    from tencentserverless.local.running_servers import describe_own, registered

    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime["XDG_RUNTIME_DIR"])
    with registered(describe_own(folder, None)):
        assert run_scf("local", "list", cwd=away, env=runtime).stdout.split()[0] == "-"
        done = run_scf("local", "status", cwd=away, env=runtime)
    assert (done.returncode, "one runs without --state and --env-file" in done.stderr) == (6, True)


def test_a_server_that_has_no_address_yet_is_said_to_start(folder, away, runtime, run_scf, monkeypatch):
    from tencentserverless.local.running_servers import describe_own, registered

    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime["XDG_RUNTIME_DIR"])
    (away / ".scf").mkdir()
    with registered(describe_own(folder, folder / ".scf")):
        done = run_scf("local", "status", cwd=away, env=runtime)
    assert f"one runs elsewhere: {folder}/.scf (starting); choose with --state or --env-file" in done.stderr
