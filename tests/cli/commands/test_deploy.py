"""``scf deploy`` to a real local SCF, as itself and in the place of the cloud."""

import json
import os
import pty
import subprocess
import zipfile

import pytest

from tests.conftest import child_environment, scf_command
from tests.local.layering import publish

PROXY = "TENCENTSERVERLESS_LOCAL_PROXY"


@pytest.fixture
def project(tmp_path):
    """Two functions: one with all that can be said, one that is only a folder."""
    folder = tmp_path / "new"
    (folder / "full" / "code").mkdir(parents=True)
    (folder / "full" / "code" / "main.py").write_text(
        "import os\ndef run(event, context):\n    return os.environ['A']\n"
    )
    (folder / "full" / "serverless.yml").write_text(
        "component: scf\nname: full\ninputs:\n"
        "  name: full-name\n  src: ./code\n  handler: main.run\n  runtime: Python3.10\n  memorySize: 256\n"
        "  timeout: 20\n  environment: {variables: {A: one}}\n  description: words\n  retryNum: 1\n  role: nobody\n"
        "  events:\n    - timer: {parameters: {name: daily, cronExpression: '0 0 1 * * * *', argument: go,"
        " enable: true}}\n"
        "    - apigw: {parameters: {}}\n"
    )
    (folder / "plain").mkdir()
    (folder / "plain" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    return folder


def test_it_creates_and_then_updates(project, scf, server):
    done = scf("deploy", project)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("created full-name in namespace default of ap-guangzhou (local SCF), ")
    assert second.startswith("created plain in ")
    assert done.stderr == f"scf: {project}/full/serverless.yml: not deployed: role, events of type apigw\n"
    shown = json.loads(scf("functions", "show", "full-name", "--json").stdout)
    assert (shown["Handler"], shown["MemorySize"], shown["Timeout"]) == ("main.run", 256, 20)
    assert (shown["Description"], shown["Triggers"][0]["TriggerName"]) == ("words", "daily")
    assert server.invoke("full-name")["RetMsg"] == '"one"'
    assert server.invoke("plain", 5)["RetMsg"] == "5"

    manifest = project / "full" / "serverless.yml"
    manifest.write_text(manifest.read_text().replace("A: one", "A: two").replace("0 0 1", "0 0 2"))
    again = json.loads(scf("deploy", project, "--json").stdout)
    assert [(each["name"], each["action"]) for each in again] == [("full-name", "updated"), ("plain", "updated")]
    assert again[0]["not_deployed"] == ["role", "events of type apigw"]
    assert server.invoke("full-name")["RetMsg"] == '"two"'
    (trigger,) = server.request("ListTriggers", {"FunctionName": "full-name"}).response["Triggers"]
    assert "0 0 2" in trigger["TriggerDesc"]
    config = server.request("GetFunctionEventInvokeConfig", {"FunctionName": "full-name"}).response
    assert config["AsyncTriggerConfig"]["RetryConfig"] == [{"RetryNum": 1}]


@pytest.mark.proof
def test_it_waits_where_changes_take_their_time_as_in_the_cloud(project, start_local_scf, run_scf):
    (project.parent / "empty" / "unused").mkdir(parents=True)
    (project.parent / "empty" / "unused" / "index.py").touch()
    server = start_local_scf(project.parent / "empty", "--pace", "cloud", "--pace-seconds", "0.5")
    for _ in range(2):
        done = run_scf("deploy", project, env=server.env)
        assert done.returncode == 0, done.stderr
    shown = json.loads(run_scf("functions", "show", "full-name", "--json", env=server.env).stdout)
    assert (shown["Status"], shown["Triggers"][0]["TriggerName"]) == ("Active", "daily")


def test_a_url_is_deployed_and_changed(project, scf, server):
    def triggers():
        found = server.request("ListTriggers", {"FunctionName": "full-name"}).response["Triggers"]
        return [(each["TriggerName"], json.loads(each["TriggerDesc"])) for each in found if each["Type"] == "http"]

    manifest = project / "full" / "serverless.yml"
    text = manifest.read_text()
    event = "    - http: {parameters: {netConfig: {enableExtranet: true}, corsConfig: {enable: true, origins: '*'}}}\n"
    manifest.write_text(text + event)
    done = scf("deploy", project)
    assert done.returncode == 0, done.stderr
    ((name, first),) = triggers()
    assert (name, first["AuthType"], first["CorsConfig"]) == ("url-trigger", "NONE", {"Enable": True, "Origins": ["*"]})
    assert first["NetConfig"]["EnableExtranet"] is True
    manifest.write_text(text + event.replace("corsConfig", "authType: CAM, corsConfig"))
    assert scf("deploy", project).returncode == 0
    ((name, second),) = triggers()
    assert second == {**first, "AuthType": "CAM"}
    # a URL that the console has made has a name of its own, and stays the one of its version
    fields = {"FunctionName": "full-name", "TriggerName": "url-trigger", "Type": "http"}
    assert "Error" not in server.request("DeleteTrigger", fields).response
    fields |= {"TriggerName": "abcdefghij", "Qualifier": "$DEFAULT", "TriggerDesc": json.dumps(first)}
    assert "Error" not in server.request("CreateTrigger", fields).response
    assert scf("deploy", project).returncode == 0
    ((name, third),) = triggers()
    assert (name, third) == ("abcdefghij", second)


def test_layers_are_deployed_and_a_file_without_them_leaves_those_that_are_there(project, scf, server):
    def layers():
        shown = server.request("GetFunction", {"FunctionName": "full-name"}).response["Layers"]
        return [(each["LayerName"], each["LayerVersion"]) for each in shown]

    manifest = project / "full" / "serverless.yml"
    text = manifest.read_text()
    manifest.write_text(text + "  layers: [{name: deployed, version: 1}]\n")
    done = scf("deploy", project)
    assert (done.returncode, "Layer 'deployed' does not exist" in done.stderr) == (11, True), done.stderr
    publish(server, "deployed", {"words.txt": ""})
    assert scf("deploy", project).returncode == 0
    assert layers() == [("deployed", 1)]
    manifest.write_text(text)
    assert scf("deploy", project).returncode == 0
    assert layers() == [("deployed", 1)]


def test_what_can_not_be_changed_is_refused_before_anything_is(project, scf, server):
    manifest = project / "plain" / "serverless.yml"
    manifest.write_text("component: scf\nname: x\ninputs: {name: echo, src: ., runtime: Python3.9}\n")
    (project / "other").mkdir()
    (project / "other" / "index.py").write_text("")
    done = scf("deploy", project)
    assert (done.returncode, done.stdout) == (4, "")
    assert "echo: the runtime is Python3.10 there and Python3.9 here, and can't be changed" in done.stderr
    assert server.error("GetFunction", {"FunctionName": "other"})[0].startswith("ResourceNotFound")


def test_a_folder_alone_leaves_the_configuration_of_what_is_there(project, scf, server):
    def shown():
        found = json.loads(scf("functions", "show", "alone", "--json").stdout)
        return found["MemorySize"], found["Timeout"], found["Runtime"], found["Handler"], found["Environment"]

    (project / "plain").rename(project.parent / "alone")
    alone = project.parent / "alone"
    variables = {"Variables": [{"Key": "A", "Value": "b=c"}]}
    options = ["--memory", 256, "--variable", "A=b=c", "--runtime", "Python3.9"]
    assert scf("deploy", alone, *options).stdout.startswith("created alone ")
    assert shown() == (256, 3, "Python3.9", "index.main_handler", variables)
    (alone / "index.py").write_text("def other(event, context):\n    return 'other'\n")
    assert scf("deploy", alone, "--timeout", 9).stdout.startswith("updated alone ")
    assert shown() == (256, 9, "Python3.9", "index.main_handler", variables)
    scf("deploy", alone, "--handler", "index.other")
    assert shown() == (256, 9, "Python3.9", "index.other", variables)
    other = scf("deploy", alone, "--runtime", "Python3.7")
    assert other.returncode == 4
    assert "the runtime is Python3.9 there and Python3.7 here, and can't be changed" in other.stderr
    assert scf("deploy", alone, "--variable", "A").returncode == 2
    assert scf("deploy", alone, "--memory", 100).returncode == 11
    described = scf("deploy", project / "full", "--memory", 256)
    assert described.returncode == 2
    assert "serverless.yml; set memorySize and the others there" in described.stderr


def test_code_that_is_too_large_for_a_request(project, scf):
    (project / "plain" / "noise").write_bytes(os.urandom(8_000_000))
    done = scf("deploy", project)
    assert (done.returncode, done.stdout) == (4, "")
    assert "its zip file has 7.6 MB, and a request takes 7.2 MB" in done.stderr


@pytest.fixture
def secretive(project):
    """A function with files that do not belong to its code."""
    folder = project / "full"
    for name in (".env", "tests/t.py", ".venv/lib/big.py", "node_modules/a/b.js", "code/.env", "code/tests/t.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x" * 10)
    manifest = folder / "serverless.yml"
    source = "src: {src: ./code, exclude: ['tests/**'], object: x.zip}"
    manifest.write_text(manifest.read_text().replace("src: ./code", source))
    return project


def test_a_dry_run_lists_what_would_be_packed_and_sends_nothing(secretive, run_scf):
    done = run_scf("deploy", secretive, "--dry-run", env={"TENCENTCLOUD_REGION": "ap-chengdu"})
    assert done.returncode == 0, done.stderr
    size = (secretive / "full" / "code" / "main.py").stat().st_size
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        f"{size}  main.py",
        " -  .env  left out: may hold secrets",
        " -  tests/  left out: excluded by tests/**",
    ]
    assert lines[3].startswith(f"full-name: 1 files, {size} bytes, ")
    assert lines[4].endswith("  index.py")
    first, second = done.stderr.splitlines()
    assert first == f"scf: {secretive}/full/serverless.yml: not deployed: role, src.object, events of type apigw"
    told = "left out: .env (may hold secrets); what src.include of a serverless.yml names is packed"
    assert second == f"scf: {secretive}/full/code: {told}"
    (full, plain) = json.loads(run_scf("deploy", secretive, "--dry-run", "--json").stdout)
    assert (full["name"], full["files"], full["bytes"]) == ("full-name", [{"name": "main.py", "bytes": size}], size)
    assert [each["name"] for each in full["left_out"]] == [".env", "tests/"]
    assert (plain["name"], plain["region"]) == ("plain", "ap-guangzhou")


def test_no_secret_is_uploaded_and_what_is_left_out_is_said_once(secretive, scf, server):
    done = scf("deploy", secretive)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("left out: .env (may hold secrets)") == 1
    address = server.request("GetFunctionAddress", {"FunctionName": "full-name"}).response["Url"]
    with zipfile.ZipFile(address.removeprefix("file://")) as archive:
        assert archive.namelist() == ["main.py"]


def test_code_of_which_nothing_is_left_is_refused(secretive, scf):
    manifest = secretive / "full" / "serverless.yml"
    manifest.write_text(manifest.read_text().replace("'tests/**'", "'**'"))
    done = scf("deploy", secretive)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{secretive}/full/code: no file is left to pack" in done.stderr


def test_a_folder_without_functions(tmp_path, scf):
    done = scf("deploy", tmp_path)
    assert done.returncode == 4
    assert "no functions here" in done.stderr


def test_local_is_found_from_the_folder(project, start_local_scf, run_scf, folder):
    server = start_local_scf(folder, "--state", folder / ".scf")
    assert run_scf("deploy", project, "--local", cwd=folder).returncode == 0
    assert server.invoke("plain", 1)["RetMsg"] == "1"
    assert run_scf("deploy", folder, "--local", cwd=project).stdout.count("updated ") == 3


def test_what_was_done_before_a_failure_is_told(project, scf):
    manifest = project / "full" / "serverless.yml"
    manifest.write_text(manifest.read_text().replace("full-name", "aa-first"))
    (project / "plain").rename(project / "zz-last")
    done = scf("deploy", project, "--json", "--memory", 200)
    assert done.returncode == 11
    assert "run: scf explain InvalidParameterValue.Memory" in done.stderr
    told = json.loads(done.stdout)
    assert [each["name"] for each in told["done"]] == ["aa-first"]
    assert told["error"]["code"] == "InvalidParameterValue.Memory"


def test_a_namespace_that_is_not_there_is_the_apis_own_error(project, scf):
    manifest = project / "full" / "serverless.yml"
    manifest.write_text(manifest.read_text().replace("  src:", "  namespace: nowhere\n  src:"))
    done = scf("deploy", project)
    assert done.returncode == 11
    assert "run: scf explain ResourceNotFound.Namespace" in done.stderr


@pytest.fixture
def cloud(folder, start_local_scf):
    """The environment in which a local SCF stands for the cloud: its own address, keys, roots, and a proxy."""
    server = start_local_scf(folder, "--proxy-port", 0)
    names = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "SSL_CERT_FILE")
    return server, {**{name: server.env[name] for name in names}, "HTTPS_PROXY": server.env[PROXY]}


def test_the_cloud_is_changed_only_after_a_yes(project, cloud, run_scf):
    _, env = cloud
    unasked = run_scf("deploy", project, env=env)
    assert (unasked.returncode, unasked.stdout) == (15, "")
    question = "Do you want to create full-name, create plain in namespace default of ap-guangzhou (cloud)?"
    assert f"{question} There is no terminal to ask on" in unasked.stderr
    assert len(run_scf("functions", "list", env=env).stdout.splitlines()) == 3

    assert answer_on_a_terminal(b"no\n", "deploy", project, env=env) == 15
    assert len(run_scf("functions", "list", env=env).stdout.splitlines()) == 3
    assert answer_on_a_terminal(b"y\n", "deploy", project, env=env) == 0
    assert len(run_scf("functions", "list", env=env).stdout.splitlines()) == 5
    assert run_scf("deploy", project, "--yes", env=env).returncode == 0
    assert run_scf("functions", "delete", "plain", "--yes", env=env).returncode == 0
    assert run_scf("invoke", "full-name", env=env).stdout == '"one"\n'


def answer_on_a_terminal(answer, *words, env):
    """The exit code of a command that a person answers."""
    reader, writer = pty.openpty()
    try:
        process = subprocess.Popen(
            scf_command(*words), stdin=writer, stdout=writer, stderr=writer, env=child_environment(**env)
        )
        os.write(reader, answer)
        return process.wait(30)
    finally:
        os.close(reader)
        os.close(writer)


def test_nothing_is_deployed_while_a_function_can_not_be_read_or_is_in_doubt(project, scf, server):
    (project / "plain").rename(project / "unsent")
    manifest = project / "full" / "serverless.yml"
    text = manifest.read_text()
    for wrong, words in (
        ("memorySize: 100", "inputs.memorySize must be 64, or"),
        ("handler: main.walk", "handler main.walk: no walk in main.py; it has run"),
        ("description: '${output:dev:shop:db.table}'", "give it a value with --output dev:shop:db.table=VALUE"),
    ):
        key = wrong.partition(":")[0]
        lines = [wrong if line.strip().startswith(f"{key}:") else line.strip() for line in text.splitlines()]
        manifest.write_text(
            "\n".join(f"  {new}" if new == wrong else old for new, old in zip(lines, text.splitlines(), strict=True))
        )
        done = scf("deploy", project)
        assert (done.returncode, done.stdout) == (4, "")
        assert words in done.stderr
        assert server.error("GetFunction", {"FunctionName": "unsent"})[0].startswith("ResourceNotFound")
    done = scf("deploy", project, "--output", "dev:shop:db.table=orders", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert scf("deploy", project, "--output", "nonsense").returncode == 2


def test_a_folder_below_a_file_is_not_deployed_by_convention(tmp_path, scf):
    folder = tmp_path / "order"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    (folder / "serverless.yaml").write_text(
        "component: scf\nname: x\ninputs: {name: order-api, src: ./src, runtime: Python3.9}\n"
    )
    done = scf("deploy", folder / "src")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{folder}/serverless.yaml configures its code; give the folder {folder} instead" in done.stderr
    assert scf("deploy", folder, "--dry-run").stdout.splitlines()[-1].startswith("order-api: 1 files")


def test_a_web_function_is_deployed_with_its_settings_and_the_mode_of_its_start_file(tmp_path, scf, server):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "serverless.yml").write_text(
        "component: scf\nname: site\ninputs:\n  name: site\n  src: .\n  type: web\n  runtime: Python3.10\n"
        "  protocolType: WS\n  instanceConcurrencyConfig: {maxConcurrency: 4}\n"
    )
    done = scf("deploy", folder)
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["created", "site"])
    assert "site: there is no file 'scf_bootstrap' in the root of the code" in done.stderr
    shown = json.loads(scf("functions", "show", "site", "--json").stdout)
    assert (shown["Type"], shown["ProtocolType"]) == ("HTTP", "WS")
    assert shown["InstanceConcurrencyConfig"]["MaxConcurrency"] == 4
    start = folder / "scf_bootstrap"
    start.write_text("#!/bin/bash\r\nexec python3 app.py\r\n")
    for mode, words in (
        (0o644, "'scf_bootstrap' is not executable: chmod 755 it"),
        (0o755, "end as on Windows (CRLF)"),
    ):
        start.chmod(mode)
        refused = scf("deploy", folder)
        assert refused.returncode != 0
        assert words in refused.stderr
    start.write_text("#!/bin/bash\nexec python3 app.py\n")
    assert scf("deploy", folder).returncode == 0
