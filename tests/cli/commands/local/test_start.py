"""``scf local start`` where it can't: one clear line, an exit code of its own, no traceback."""

import socket
import subprocess

import pytest

from tests.conftest import child_environment, scf_command


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "functions"
    (folder / "echo").mkdir(parents=True)
    (folder / "echo" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    return folder


def refused(done, code, words, faults=0):
    """The command was refused in one line; the one about isolation may stand before it."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if "namespaces" not in line]
    assert lines[0].startswith("scf: error: ")
    assert len(lines) == 1 + faults
    assert words in done.stderr
    return done.stderr


def test_a_port_in_use(folder, run_scf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_scf("local", "start", folder, "--port", port, "--ephemeral")
        refused(done, 5, f"port {port} of 127.0.0.1 is in use; choose another with --port")


def test_a_proxy_port_in_use(folder, run_scf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_scf("local", "start", folder, "--port", 0, "--proxy-port", port, "--ephemeral")
        refused(done, 5, f"port {port} of 127.0.0.1 is in use; choose another with --proxy-port")


def test_a_certificate_that_is_spoiled(folder, run_scf, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / ".gitignore").write_text("*\n")
    (state / "scf-local-server.pem").write_text("damage")
    done = run_scf("local", "start", folder, "--port", 0, "--tls", "--state", state)
    refused(done, 6, "remove it, and a new one is made")


def test_a_host_that_is_none(folder, run_scf):
    refused(run_scf("local", "start", folder, "--port", 0, "--ephemeral", "--host", "256.1.1.1"), 5, "256.1.1.1")
    refused(run_scf("local", "start", folder, "--port", 0, "--ephemeral", "--host", "192.0.2.1"), 5, "192.0.2.1")


def test_a_path_that_is_none(tmp_path, run_scf):
    refused(run_scf("local", "start", tmp_path / "none", "--ephemeral"), 4, "no such folder")
    (tmp_path / "file").write_text("")
    refused(run_scf("local", "start", tmp_path / "file", "--ephemeral"), 4, "not a folder")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "cloudbaserc.json").write_text("{")
    done = run_scf("local", "start", tmp_path / "folder", "--ephemeral")
    refused(done, 4, "no function here can be served", faults=1)


def test_a_manifest_that_does_not_parse(folder, run_scf):
    manifest = folder / "echo" / "serverless.yml"
    manifest.write_text("component: scf\nname: [x\n")
    refused(run_scf("local", "start", folder, "--ephemeral"), 4, f"\n  {manifest}:3: not YAML", faults=1)
    manifest.write_text("component: scf\nname: x\ninputs:\n  name: xy\n  src: .\n  timeout: 9999\n  memorySize: 1\n")
    words = f"\n  {manifest}:7: inputs.memorySize must be"
    told = refused(run_scf("local", "start", folder, "--ephemeral"), 4, words, faults=2)
    assert f"\n  {manifest}:6: inputs.timeout must be 1 to 900" in told


def test_a_function_that_can_not_be_read_leaves_the_others_and_strict_refuses_it(folder, run_scf, start_local_scf):
    for name, text in (
        ("bad", "component: scf\nname: x\ninputs: {name: 1st, src: ., timeout: 9999}\n"),
        ("far", "component: scf\nname: x\ninputs: {name: far-one, src: ., runtime: Python3.10, region: ap-chengdu}\n"),
        ("site", "component: scf\nname: x\ninputs: {name: site, src: ., runtime: Python3.10, type: web}\n"),
        ("lost", "component: scf\nname: x\ninputs: {name: lost, src: ., runtime: Python3.10, handler: main.run}\n"),
    ):
        (folder / name).mkdir()
        (folder / name / "serverless.yml").write_text(text)
    (folder / "lost" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(folder)
    for words in (
        f"not served: {folder}/bad/serverless.yml:3: inputs.name must be 2 to 60",
        f"not served: {folder}/bad/serverless.yml:3: inputs.timeout must be 1 to 900 seconds, not 9999",
        "far-one is in ap-chengdu: --region ap-chengdu",
        "site: there is no file 'scf_bootstrap' in the root of the code: requests to it are answered with 443",
        "lost: handler main.run: no main.py; index.py has main_handler",
    ):
        assert words in server.settled_stderr()
    done = run_scf("local", "start", folder, "--ephemeral", "--port", 0, "--strict")
    told = refused(done, 4, "inputs.name must be", faults=1)
    assert "inputs.timeout must be 1 to 900" in told
    refused(
        run_scf("local", "start", folder, "--ephemeral", "--output", "x=y"), 2, "is not STAGE:APP:INSTANCE.KEY=VALUE"
    )
    refused(run_scf("local", "start", folder, "--ephemeral", "--output", "@none"), 2, "none: ")


def test_options_that_can_not_be(folder, run_scf, tmp_path):
    refused(run_scf("local", "start", folder, "--port", "70000"), 2, "70000")
    refused(run_scf("local", "start", folder, "--nope"), 2, "--nope")
    refused(run_scf("local", "start", folder, "--ephemeral", "--state", tmp_path / "s"), 2, "choose one")
    secrets = tmp_path / "secrets"
    secrets.write_text("TENCENTCLOUD_SECRETID=a\nTENCENTCLOUD_SECRETKEY=thekey\n")
    secrets.chmod(0o644)
    told = refused(
        run_scf("local", "start", folder, "--ephemeral", "--port", 0, "--secret-file", secrets), 7, "chmod 600"
    )
    assert "thekey" not in told
    refused(run_scf("local", "start", folder, "--state", folder, "--port", 0), 6, "another program")
    missing = tmp_path / "no" / "env"
    refused(run_scf("local", "start", folder, "--ephemeral", "--port", 0, "--env-file", missing), 6, "can't be written")
    refused(run_scf("local", "start", folder, "--ephemeral", "--region", "Guang Zhou"), 2, "--region")


def test_no_command_shows_what_there_is(run_scf):
    done = run_scf("--help")
    assert done.returncode == 0
    assert "local" in done.stdout
    assert run_scf("--version").stdout.startswith("scf, version ")


def test_a_variable_or_a_folder_of_packages_that_can_not_be(folder, run_scf, tmp_path):
    start = ("local", "start", folder, "--ephemeral", "--port", 0)
    words = "ech: no function of that name here; did you mean echo?; there are: echo"
    refused(run_scf(*start, "--variable", "ech.A=1"), 4, f"--variable {words}")
    refused(run_scf(*start, "--packages", f"ech={tmp_path}"), 4, f"--packages {words}")
    refused(
        run_scf(*start, "--packages", tmp_path / "lib"),
        4,
        f"{tmp_path}/lib is not there; the folders in {tmp_path} are: ",
    )
    refused(run_scf(*start, "--variable", "echo.SCF_X=1"), 4, "the variable 'SCF_X' is reserved")
    told = refused(run_scf(*start, "--variable", "secret"), 2, "is not of the form NAME.KEY=VALUE")
    assert "--variable" in told
    refused(run_scf(*start, "--variables", tmp_path / "none"), 2, f"no such file; {tmp_path} has ")


def test_a_variable_of_a_function_that_can_not_be_read_is_told(folder, start_local_scf):
    (folder / "bad").mkdir()
    (folder / "bad" / "serverless.yml").write_text(
        "component: scf\nname: x\ninputs: {name: bad, src: ., timeout: 9999}\n"
    )
    server = start_local_scf(folder, "--variable", "bad.A=1")
    assert "scf: --variable bad: no function of that name here; there are: echo\n" in server.settled_stderr()


def test_until_eof_ends_with_the_input(folder, tmp_path):
    command = scf_command("local", "start", folder, "--port", 0, "--ephemeral", "--unlisted", "--until-eof")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    ) as server:
        assert server.stdout.readline().startswith("SCF local ready at ")
        server.stdin.write("what stands in it does not matter\n")
        server.stdin.close()
        assert server.wait(20) == 0
        assert "error" not in server.stderr.read()


def test_a_port_that_another_local_scf_has_is_told_with_its_project(folder, start_local_scf, run_scf, tmp_path):
    state, register = tmp_path / "one state", tmp_path / "register"
    register.mkdir(mode=0o700)
    env = {"XDG_RUNTIME_DIR": str(register)}
    server = start_local_scf(folder, "--state", state, env=env)
    port = server.url.rpartition(":")[2]
    done = run_scf("local", "start", folder, "--port", port, "--state", tmp_path / "two", env=env)
    said = refused(done, 5, "is in use", 1)
    assert f"the local SCF of {folder} listens there; to stop it: scf local stop --state '{state}'" in said
