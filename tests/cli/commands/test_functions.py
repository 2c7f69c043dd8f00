"""``scf functions`` against a real local SCF, and the cloud only as far as the question."""

import base64
import io
import json
import socket
import zipfile

import pytest

from tencentserverless.local.state_dir import ADMIN_TOKEN_VARIABLE

CLOUD = {"TENCENTCLOUD_SECRET_ID": "AKIDexample", "TENCENTCLOUD_SECRET_KEY": "secret", "HTTPS_PROXY": ""}


def make_zip():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", "def main_handler(event, context):\n    return 1\n")
    return base64.b64encode(data.getvalue()).decode()


ZIP = make_zip()


def test_list_is_one_line_a_function_for_pipes(scf):
    lines = scf("functions", "list").stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        [name, "Python3.10", "Active"] for name in ("breaks", "echo", "sleeps")
    ]
    found = json.loads(scf("functions", "list", "--json").stdout)
    assert [each["FunctionName"] for each in found] == ["breaks", "echo", "sleeps"]
    assert scf("functions", "list", "--region", "ap-chengdu").stdout == ""


def test_list_goes_through_every_page(folder, start_local_scf, run_scf):
    for number in range(130):
        (folder / f"f{number:03}").mkdir()
        (folder / f"f{number:03}" / "index.py").write_text("")
    server = start_local_scf(folder)
    assert len(run_scf("functions", "list", env=server.env).stdout.splitlines()) == 133


def test_show_keeps_the_values_of_variables_to_json(scf, server):
    variables = {"Variables": [{"Key": "PASSWORD", "Value": "hidden"}]}
    server.request("UpdateFunctionConfiguration", {"FunctionName": "echo", "Environment": variables})
    shown = scf("functions", "show", "echo").stdout
    assert "variables:   PASSWORD\n" in shown
    assert "hidden" not in shown
    assert json.loads(scf("functions", "show", "echo", "--json").stdout)["Environment"] == variables


def test_a_function_that_is_not_there(scf):
    for verb in ("show", "delete"):
        done = scf("functions", verb, "eco")
        assert done.returncode == 11
        assert "the nearest names are: echo;" in done.stderr


def test_delete_of_a_local_function_does_not_ask(folder, start_local_scf, run_scf):
    server = start_local_scf(folder)
    done = run_scf("functions", "delete", "echo", env=server.env)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "scf: deleted echo in namespace default of ap-guangzhou (local SCF)\n"
    assert len(run_scf("functions", "list", env=server.env).stdout.splitlines()) == 2
    assert (folder / "echo" / "index.py").exists()


def test_delete_in_the_cloud_asks(run_scf):
    done = run_scf("functions", "delete", "echo", env=CLOUD)
    assert done.returncode == 15
    assert "Delete echo in namespace default of ap-guangzhou (cloud)? There is no terminal to ask on" in done.stderr


def test_local_finds_the_server_of_the_folder_and_its_roots(folder, start_local_scf, run_scf):
    start_local_scf(folder, "--state", folder / ".scf", "--tls")
    proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), "http://127.0.0.1:1")
    done = run_scf("functions", "list", "--local", cwd=folder, env=proxies)
    assert len(done.stdout.splitlines()) == 3, done.stderr


@pytest.mark.parametrize("verb", [("functions", "list"), ("logs", "echo")])
def test_no_server_names_the_command_that_starts_one(verb, server, run_scf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run_scf(*verb, env={**server.env, "TENCENTSERVERLESS_ENDPOINT_URL": url})
    assert done.returncode == 12
    assert done.stderr == f"scf: error: no local SCF answers at {url}; start one with: scf local start\n"


def test_wrong_keys(scf):
    done = scf("functions", "list", env={"TENCENTCLOUD_SECRETKEY": "other"})
    assert done.returncode == 13
    assert "run: scf explain AuthFailure.SignatureFailure" in done.stderr


def test_an_empty_list_says_where_functions_are(scf):
    done = scf("functions", "list", "--region", "ap-chengdu")
    assert (done.returncode, done.stdout) == (0, "")
    empty = "scf: no functions in namespace default of ap-chengdu (local SCF); "
    assert done.stderr == f"{empty}there are functions in: --region ap-guangzhou --namespace default (3)\n"
    done = scf("functions", "list", "--region", "ap-chengdu", env={ADMIN_TOKEN_VARIABLE: ""})
    assert done.stderr == f"{empty}choose others with --region and --namespace\n"


def test_an_empty_list_names_other_namespaces_of_the_region(scf, server):
    server.request("CreateNamespace", {"Namespace": "empty"}, region="ap-beijing")
    code = {"Handler": "index.main_handler", "Runtime": "Python3.10", "Code": {"ZipFile": ZIP}}
    server.request("CreateFunction", {"FunctionName": "made", **code}, region="ap-beijing")
    done = scf(
        "functions", "list", "--region", "ap-beijing", "--namespace", "empty", env={ADMIN_TOKEN_VARIABLE: "another"}
    )
    assert done.stderr.endswith("; there are functions in: --region ap-beijing --namespace default (1)\n")
    server.request("DeleteFunction", {"FunctionName": "made"}, region="ap-beijing")
