"""``scf doctor`` on a local SCF, on one that stands for the cloud, and on what is broken."""

import json
import socket

import pytest

NAMES = ["packages", "credentials", "endpoint", "proxy", "dns", "connection", "round trip", "clock", "signature"]


def findings(done):
    return {each["name"]: each for each in json.loads(done.stdout)}


def test_all_is_well_with_a_local_scf(scf, server):
    done = scf("doctor")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines), done.stdout
    found = findings(scf("doctor", "--json"))
    assert list(found) == NAMES
    assert found["endpoint"]["facts"] == {"url": server.url, "region": "ap-guangzhou", "is_local": True}
    assert abs(found["clock"]["facts"]["offset_seconds"]) < 2
    assert found["signature"]["facts"] == {"functions": 3}
    assert found["credentials"]["facts"]["source"].startswith("the environment (TENCENTCLOUD_SECRETID")


def test_no_secret_is_shown(scf, server):
    shown = scf("doctor", "--json").stdout + scf("doctor").stdout
    assert server.env["TENCENTCLOUD_SECRETKEY"] not in shown
    assert server.env["TENCENTCLOUD_SECRETID"] not in shown


def test_the_way_through_a_proxy_with_tls(folder, start_local_scf, run_scf):
    server = start_local_scf(folder, "--proxy-port", 0)
    names = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "SSL_CERT_FILE")
    env = {name: server.env[name] for name in names}
    proxy = server.env["TENCENTSERVERLESS_LOCAL_PROXY"]
    found = findings(run_scf("doctor", "--json", env={**env, "HTTPS_PROXY": proxy}))
    assert {each["state"] for each in found.values()} == {"ok"}, found
    assert found["endpoint"]["facts"]["url"] == "https://scf.tencentcloudapi.com"
    assert found["proxy"]["facts"]["proxy"] == proxy.removeprefix("http://")
    assert found["tls"]["facts"]["version"].startswith("TLSv1.")
    del env["SSL_CERT_FILE"]
    strange = run_scf("doctor", "--json", env={**env, "HTTPS_PROXY": proxy})
    assert strange.returncode == 16
    assert "name the roots" in findings(strange)["tls"]["text"]


def test_keys_of_tccli_are_named_where_none_is_found(run_scf, tmp_path):
    said = "the keys of tccli in ~/.tccli are not read: set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
    assert said not in findings(run_scf("doctor", "--json", env={"HOME": str(tmp_path)}))["credentials"]["text"]
    (tmp_path / ".tccli").mkdir()
    assert said in findings(run_scf("doctor", "--json", env={"HOME": str(tmp_path)}))["credentials"]["text"]


def test_keys_that_are_refused(scf):
    done = scf("doctor", env={"TENCENTCLOUD_SECRETKEY": "other"})
    assert done.returncode == 16
    assert done.stdout.splitlines()[-1].startswith("failed   signature    AuthFailure.SignatureFailure: ")


def test_no_keys_and_no_server(run_scf, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run_scf("doctor", "--json", env={"TENCENTSERVERLESS_ENDPOINT_URL": url, "HOME": str(tmp_path)})
    assert done.returncode == 16
    found = findings(done)
    assert found["credentials"]["state"] == "failed"
    assert "start a local SCF with: scf local start" in found["connection"]["text"]
    assert "signature" not in found


@pytest.mark.parametrize("host", ["nowhere.invalid"])
def test_a_name_that_is_not_there(run_scf, host, tmp_path):
    env = {"TENCENTSERVERLESS_ENDPOINT_URL": f"https://{host}", "HOME": str(tmp_path)}
    found = findings(run_scf("doctor", "--json", env=env))
    assert found["dns"]["state"] == "failed"
    assert list(found)[-1] == "dns"


def test_a_proxy_that_cannot_be_used_is_named(run_scf, tmp_path):
    env = {"TENCENTCLOUD_SECRET_ID": "AKIDx", "TENCENTCLOUD_SECRET_KEY": "k", "HOME": str(tmp_path)}
    done = run_scf("doctor", "--json", env={**env, "HTTPS_PROXY": "ftp://u:hidden@proxy.example"})
    assert done.returncode == 16
    found = findings(done)
    assert list(found) == ["packages", "credentials", "endpoint", "proxy"]
    assert found["proxy"]["text"].startswith("HTTPS_PROXY 'ftp://***@proxy.example' is of no kind")
    assert "hidden" not in done.stdout


def test_a_proxy_of_another_kind_is_checked_by_the_signature(run_scf, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    env = {"TENCENTCLOUD_SECRET_ID": "AKIDx", "TENCENTCLOUD_SECRET_KEY": "k", "HOME": str(tmp_path)}
    found = findings(run_scf("doctor", "--json", env={**env, "HTTPS_PROXY": f"socks5h://{address}"}))
    assert list(found) == ["packages", "credentials", "endpoint", "proxy", "dns", "signature"]
    assert "of the kind socks5h" in found["proxy"]["text"]
    assert f"through the proxy {address} of HTTPS_PROXY" in found["signature"]["text"]
