"""Where a command goes."""

import click
import pytest

from tencentserverless.cli.api.target import Place, choose_target
from tencentserverless.config import ENDPOINT_URL, REGION
from tencentserverless.local.errors import StartupError


@pytest.fixture
def functions(tmp_path):
    folder = tmp_path / "functions"
    (folder / "echo").mkdir(parents=True)
    (folder / "echo" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    return folder


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch, tmp_path):
    """No variable and no server of whoever runs the tests."""
    for name in ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in (ENDPOINT_URL, REGION, "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_the_cloud_is_where_nothing_else_is_said(monkeypatch):
    target = choose_target(Place())
    assert (target.region, target.url, target.is_local) == ("ap-guangzhou", "https://scf.tencentcloudapi.com", False)
    monkeypatch.setenv(REGION, "ap-chengdu")
    assert choose_target(Place()).region == "ap-chengdu"
    assert choose_target(Place("ap-beijing")).region == "ap-beijing"


@pytest.mark.parametrize("options", [(), ("--tls",)])
def test_local_is_found_from_any_folder_of_the_project(functions, start_local_scf, monkeypatch, options):
    server = start_local_scf(functions, "--state", functions / ".scf", "--region", "ap-shanghai", *options)
    monkeypatch.chdir(functions / "echo")
    target = choose_target(Place(is_local=True))
    assert (target.url, target.region, target.is_local) == (server.env[ENDPOINT_URL], "ap-shanghai", True)
    assert server.env["TENCENTCLOUD_SECRETKEY"] not in repr(target)
    with target.open_client() as client:
        assert client.invoke("echo", data=1) == "1"


def test_local_is_also_where_the_environment_leads_on_this_machine(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ENDPOINT_URL, "http://127.0.0.1:9999")
    assert choose_target(Place(is_local=True)).url == "http://127.0.0.1:9999"
    monkeypatch.setenv(ENDPOINT_URL, "https://example.com")
    with pytest.raises(StartupError):
        choose_target(Place(is_local=True))


def test_no_local_server_names_the_command_that_starts_one(functions, monkeypatch):
    monkeypatch.chdir(functions)
    with pytest.raises(StartupError, match=r"no local SCF runs from .*; start one with: scf local start"):
        choose_target(Place(is_local=True))


def test_what_can_not_be_a_target_is_a_usage_error(monkeypatch):
    with pytest.raises(click.UsageError, match="region 'a_b'"):
        choose_target(Place("a_b"))
    monkeypatch.setenv(ENDPOINT_URL, "nonsense")
    with pytest.raises(click.UsageError, match=ENDPOINT_URL):
        choose_target(Place())
