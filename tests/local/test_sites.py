"""The sockets of a server: the API, URLs by their hosts and in path form, and the names of the cloud."""

import json
import shutil
import socket
import ssl
import subprocess
from urllib.parse import urlsplit

import pytest

from tests.conftest import wait_until
from tests.local.web.urls import OPEN, ask, put_url

CODE = "def main_handler(event, context):\n    return [event['headers']['host'], event['path']]\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text(CODE)
    return tmp_path / "functions"


def over_tls(server, url, address, through=None):
    """Status and body of a GET, with the certificate judged by the name in the URL.

    :param through: of a proxy for CONNECT
    """
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=server.env["SSL_CERT_FILE"])
    with socket.create_connection(through or address, 20) as raw:
        if through is not None:
            raw.sendall(f"CONNECT {parts.hostname}:443 HTTP/1.1\r\nHost: {parts.hostname}:443\r\n\r\n".encode())
            assert raw.recv(4096).startswith(b"HTTP/1.1 200 ")
        with context.wrap_socket(raw, server_hostname=parts.hostname) as connection:
            line = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
            connection.sendall(line.encode())
            head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_with_tls_urls_are_served_by_their_names_here_and_by_the_clouds_through_the_proxy(
    start_local_scf, folder, run_scf
):
    (folder / "it" / "serverless.yml").write_text(
        "component: scf\nname: it\ninputs:\n  name: it\n  src: .\n  runtime: Python3.10\n  events:\n"
        "    - http: {parameters: {netConfig: {enableIntranet: true, enableExtranet: true}}}\n"
    )
    server = start_local_scf(folder, "--proxy-port", 0)
    status = json.loads(run_scf("local", "status", "--env-file", env_file(server), "--json").stdout)
    (listed,) = status["urls"]
    url, local_url = listed["url"], listed["local_url"]
    assert url.startswith("https://")
    assert over_tls(server, f"{url}/a", (server.host, server.port)) == (200, [urlsplit(url).netloc, "/a"])
    inside = url.replace(".ap-", ".in.ap-")
    assert over_tls(server, inside, (server.host, server.port))[0] == 200
    assert ask(f"{local_url}/b").json == [urlsplit(local_url).netloc, "/b"]
    label = urlsplit(url).hostname.partition(".")[0]
    proxy = urlsplit(server.env["TENCENTSERVERLESS_LOCAL_PROXY"])
    for network in ("", "in."):
        host = f"{label}.{network}ap-guangzhou.tencentscf.com"
        found = over_tls(server, f"https://{host}/c", None, (proxy.hostname, proxy.port))
        assert found == (200, [host, "/c"])
    unknown = f"https://1-{'a' * 10}.ap-guangzhou.tencentscf.com/"
    status, answer = over_tls(server, unknown, None, (proxy.hostname, proxy.port))
    assert (status, "scf local status" in answer["errorMessage"]) == (404, True)
    assert over_tls(server, "https://127.0.0.1/", (server.host, server.port))[1].keys() == {"Response"}


def env_file(server):
    return server.stderr_path.with_name(server.stderr_path.name.replace("stderr", "env"))


def test_the_start_and_the_status_show_urls_and_a_saved_file_too(start_local_scf, folder, run_scf):
    manifest = folder / "it" / "serverless.yml"
    text = "component: scf\nname: it\ninputs:\n  name: it\n  src: .\n  runtime: Python3.10\n"
    event = "  events:\n    - http: {parameters: {netConfig: {enableExtranet: true}}}\n"
    manifest.write_text(text + event)
    server = start_local_scf(folder)
    status = run_scf("local", "status", "--env-file", env_file(server))
    (line,) = [line for line in status.stderr.splitlines() + status.stdout.splitlines() if "($DEFAULT)" in line]
    assert line.startswith("ap-guangzhou/default/it ($DEFAULT) is at http://1250000000-")
    url, local_url = line.split(" is at ")[1].split(" or ")
    assert f"scf: it ($DEFAULT) is at {url} or {local_url}\n" in server.settled_stderr()
    assert ask(url).status == ask(local_url).status == 200


def test_a_url_that_a_saved_file_brings_is_shown_and_served_at_once(start_local_scf, folder):
    manifest = folder / "it" / "serverless.yml"
    text = "component: scf\nname: it\ninputs:\n  name: it\n  src: .\n  runtime: Python3.10\n"
    manifest.write_text(text)
    server = start_local_scf(folder)
    event = "  events:\n    - http: {parameters: {netConfig: {enableExtranet: true}}}\n"
    manifest.write_text(text + event)
    wait_until(lambda: "[it] its URL ($DEFAULT): " in server.stderr)
    url = server.stderr.partition("[it] its URL ($DEFAULT): ")[2].split(" or ")[0]
    assert ask(url).status == 200
    manifest.write_text(text)
    wait_until(lambda: ask(url).status == 404)
    manifest.write_text(text + event)
    wait_until(lambda: ask(url).status == 200)  # the same one


def test_the_port_of_path_forms_is_its_own(start_local_scf, folder, run_scf):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_scf("local", "start", folder, "--port", 0, "--url-port", port, "--ephemeral")
        assert (done.returncode, f"port {port} of 127.0.0.1 is in use" in done.stderr) == (5, True), done.stderr
        assert "--url-port" in done.stderr
    server = start_local_scf(folder, "--url-port", port)
    assert urlsplit(put_url(server, "it", OPEN)["LocalUrl"]).port == port


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_finds_the_host_of_a_url(start_local_scf, folder):
    """Browsers and curl lead every name below localhost to this machine."""
    server = start_local_scf(folder)
    url = put_url(server, "it", OPEN)["ExtranetUrl"]
    done = subprocess.run(["curl", "-sS", f"{url}/a"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [urlsplit(url).netloc, "/a"]
