"""HTTPS, and CONNECT for clients whose endpoint is fixed: the official SDK, 0.1.7 and this SDK, each unchanged."""

import contextlib
import http.client
import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models, scf_client

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tencentserverless.scf import Client
from tests.conformance.judges import find_python, is_foreign, make_judge
from tests.conftest import FUNCTION_VARIABLES, FUNCTIONS, STOP_SECONDS, LocalScf, Starter, wait_until, write_held
from tests.local.worker.isolating import need_namespaces, write_function

#: Tencent's SDK asks Python 3.12 and later in a way that is deprecated there.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

#: What test_tencentserverless_0_1_7 asks for: the same environments.
REQUIREMENTS = (("tencentcloud-sdk-python-scf", "setuptools"), ("--no-deps", "tencentserverless==0.1.7"))
#: Tencent's SDK of today hands the file of certifi to its HTTP library and hears no variable, so this is what an
#: administrator does for it: certifi's answer is another file.
SITE = """
import certifi, os
certifi.where = lambda: os.environ["SSL_CERT_FILE"]
"""
PROGRAM = """
from __future__ import print_function
from tencentserverless.scf import Client
print(Client(region="ap-guangzhou").invoke("echo", data={"a": 1}))
"""


@pytest.fixture(scope="module")
def secure_scf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    """A local SCF with ``--tls`` and a proxy."""
    folder = tmp_path_factory.mktemp("secure_scf")
    with ExitStack() as stack:
        start = Starter(folder, stack)
        yield start(FUNCTIONS, "--proxy-port", 0, "--state", folder / "state", env=FUNCTION_VARIABLES)


@pytest.fixture
def proxy(secure_scf):
    return secure_scf.env["TENCENTSERVERLESS_LOCAL_PROXY"]


@pytest.fixture(params=["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
def algorithm(request):
    return request.param


@pytest.fixture(params=["POST", "GET"])
def method(request):
    return request.param


def official(secure_scf, algorithm="TC3-HMAC-SHA256", certification=None, **http):
    http_profile = HttpProfile(certification=certification or secure_scf.env["REQUESTS_CA_BUNDLE"], **http)
    keys = credential.Credential(secure_scf.env["TENCENTCLOUD_SECRETID"], secure_scf.env["TENCENTCLOUD_SECRETKEY"])
    profile = ClientProfile(signMethod=algorithm, httpProfile=http_profile)
    return scf_client.ScfClient(keys, "ap-guangzhou", profile)


def echo(client):
    request = models.InvokeFunctionRequest()
    request.FunctionName, request.Event = "echo", '{"a": 1}'
    return client.InvokeFunction(request).Result.RetMsg


def test_the_ready_line_and_the_env_file(secure_scf):
    assert secure_scf.url == f"https://127.0.0.1:{secure_scf.port}"
    assert secure_scf.env["TENCENTSERVERLESS_ENDPOINT_URL"] == secure_scf.url
    bundle, ca = Path(secure_scf.env["SSL_CERT_FILE"]), Path(secure_scf.env["NODE_EXTRA_CA_CERTS"])
    assert bundle.is_absolute()
    assert secure_scf.env["REQUESTS_CA_BUNDLE"] == str(bundle)
    assert ca.read_text() in bundle.read_text()
    assert "HTTPS_PROXY" not in secure_scf.env  # everything else that a shell starts would be cut off
    assert stat.S_IMODE((ca.parent / "scf-local-server.pem").stat().st_mode) == 0o600
    assert f"HTTPS_PROXY={secure_scf.env['TENCENTSERVERLESS_LOCAL_PROXY']}" in secure_scf.stderr


def test_the_official_client_through_https(secure_scf, algorithm, method):
    address = f"127.0.0.1:{secure_scf.port}"
    assert echo(official(secure_scf, algorithm, endpoint=address, reqMethod=method)) == '{"a": 1}'


def test_the_official_client_through_connect(secure_scf, proxy, monkeypatch, algorithm, method):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert echo(official(secure_scf, algorithm, reqMethod=method)) == '{"a": 1}'


def test_the_official_client_keeps_a_connection_through_connect(secure_scf, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    client = official(secure_scf, keepAlive=True)
    assert {echo(client) for _ in range(3)} == {'{"a": 1}'}
    client.request.conn._session.close()


@pytest.mark.parametrize("domain", ["internal.tencentcloudapi.com", "ap-shanghai-fsi.tencentcloudapi.com"])
def test_other_hosts_of_scf(secure_scf, proxy, monkeypatch, domain):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert echo(official(secure_scf, rootDomain=domain)) == '{"a": 1}'


def test_a_client_that_does_not_trust_it_goes_no_further(secure_scf, proxy, monkeypatch):
    import certifi

    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(TencentCloudSDKException, match="CERTIFICATE_VERIFY_FAILED"):
        echo(official(secure_scf, certification=certifi.where()))


def test_a_host_of_nobody_is_refused_in_words(secure_scf, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(TencentCloudSDKException, match="403 The proxy of the local SCF leads to hosts of SCF alone"):
        echo(official(secure_scf, endpoint="cvm.tencentcloudapi.com"))


def run_program(python, secure_scf, code, tmp_path, **changes):
    environment = {name: value for name, value in os.environ.items() if not is_foreign(name)}
    environment.update(secure_scf.env, **changes)
    (tmp_path / "program.py").write_text(code)
    done = subprocess.run(
        [python, tmp_path / "program.py"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(400)  # the first run makes environments
@pytest.mark.parametrize("version", ["own", *(pytest.param(old, marks=pytest.mark.proof) for old in ("3.6", "2.7"))])
def test_0_1_7_unmodified_through_connect(secure_scf, proxy, tmp_path, version):
    interpreter = Path(sys.executable) if version == "own" else find_python(version)
    python = make_judge(f"tencentserverless-0.1.7-{version}", interpreter, *REQUIREMENTS)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    shown = run_program(
        python,
        secure_scf,
        PROGRAM,
        tmp_path,
        HTTPS_PROXY=proxy,
        PYTHONPATH=str(tmp_path / "site"),
        PYTHONWARNINGS="ignore",
    )
    assert shown == '{"a": 1}\n'


SOURCE = str(Path(__file__).parents[2] / "src")


def test_this_sdk_through_https_by_the_env_file_alone(secure_scf, tmp_path):
    assert run_program(sys.executable, secure_scf, PROGRAM, tmp_path, PYTHONPATH=SOURCE) == '{"a": 1}\n'


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")  # the SDK's way to say TLS 1.2, which 3.6 knows too
def test_this_sdk_through_connect(secure_scf, proxy):
    env = secure_scf.env
    with Client(
        "ap-guangzhou",
        env["TENCENTCLOUD_SECRETID"],
        env["TENCENTCLOUD_SECRETKEY"],
        endpoint="public",
        proxy=proxy,
        ca_file=env["NODE_EXTRA_CA_CERTS"],
    ) as client:
        assert client.invoke("echo", data={"a": 1}) == '{"a": 1}'


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")  # the SDK's way to say TLS 1.2, which 3.6 knows too
def test_functions_call_each_other_whatever_their_python_knows_of_tls(secure_scf):
    env = secure_scf.env
    with Client(
        "ap-guangzhou",
        env["TENCENTCLOUD_SECRETID"],
        env["TENCENTCLOUD_SECRETKEY"],
        endpoint=secure_scf.url,
        ca_file=env["SSL_CERT_FILE"],
    ) as client:
        inside = client.invoke("behave", data={"do": "environ"}).json()
        assert inside["TENCENTSERVERLESS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert client.invoke("caller", data={"a": 1})


def test_env_prints_the_roots_and_unset_takes_ours_alone(secure_scf, run_scf, tmp_path):
    state = Path(secure_scf.env["SSL_CERT_FILE"]).parent
    printed = run_scf("local", "env", "--state", state)
    assert f"export SSL_CERT_FILE={secure_scf.env['SSL_CERT_FILE']}\n" in printed.stdout
    assert "export TENCENTSERVERLESS_LOCAL_PROXY=http://127.0.0.1:" in printed.stdout
    left = run_scf("local", "env", "--unset", env={"REQUESTS_CA_BUNDLE": "/company.pem", **without(secure_scf.env)})
    ours = ["TENCENTSERVERLESS_LOCAL_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]
    assert left.stdout.split()[-5:] == [*ours, "NO_PROXY", "no_proxy"]


def without(env):
    return {name: env[name] for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")}


@pytest.fixture
def patient_scf(start_local_scf, tmp_path, monkeypatch):
    """A server with a proxy that waits without end for what is under way at a stop."""
    server = start_local_scf.patient(write_held(tmp_path / "functions"), tls=True, proxy_port=0)
    monkeypatch.setenv("HTTPS_PROXY", server.env["TENCENTSERVERLESS_LOCAL_PROXY"])
    return server


def test_a_stop_does_not_wait_for_clients_that_idle(patient_scf):
    tunnelled = official(patient_scf, keepAlive=True)
    context = ssl.create_default_context(cafile=patient_scf.env["SSL_CERT_FILE"])
    direct = http.client.HTTPSConnection(patient_scf.host, patient_scf.port, context=context)
    with contextlib.closing(direct), contextlib.closing(tunnelled.request.conn._session):
        assert tunnelled.ListFunctions(models.ListFunctionsRequest()).TotalCount == 1
        direct.request("POST", "/", b"{}")
        assert direct.getresponse().read()
        assert patient_scf.stop() == 0
    assert "Traceback" not in patient_scf.stderr
    assert not Path(patient_scf.env["SSL_CERT_FILE"]).exists()  # it was ephemeral


def test_a_stop_waits_for_a_call_through_a_tunnel(patient_scf, gate):
    client = official(patient_scf, keepAlive=True)
    request = models.InvokeFunctionRequest()
    request.FunctionName, request.Event = "held", json.dumps(str(gate))
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(client.InvokeFunction, request)
        try:
            wait_until(gate.begun)
            patient_scf.process.send_signal(signal.SIGTERM)
            wait_until(patient_scf.is_stopping)
            assert not answer.done()
        finally:
            gate.open()
    assert answer.result().Result.RetMsg == '"held"'
    assert patient_scf.process.wait(STOP_SECONDS) == 0
    client.request.conn._session.close()


def test_nothing_of_tls_loads_without_it(tmp_path):
    code = (
        "import sys, tencentserverless.local.serve, tencentserverless.local.api.dispatch, "
        "tencentserverless.local.http.server\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'cryptography', 'requests'}, "
        "'tencentserverless.local.http.connect_proxy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": SOURCE}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set() False\n"


OFFICIAL = """
import os
from tencentcloud.common import credential
from tencentcloud.scf.v20180416 import models, scf_client

def main_handler(event, context):
    names = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
    client = scf_client.ScfClient(credential.Credential(*[os.environ[name] for name in names]), "ap-guangzhou")
    request = models.InvokeFunctionRequest()
    request.FunctionName, request.Event = "echo", '{"a": 1}'
    return client.InvokeFunction(request).Result.RetMsg
"""


@pytest.mark.parametrize("way", ["namespaces", pytest.param("none", marks=pytest.mark.proof)])
def test_the_official_client_inside_a_function_stays_here(tmp_path, start_local_scf, way):
    if way == "namespaces":
        need_namespaces()
    packages = Path(scf_client.__file__).parents[3]  # as if they were vendored
    variables = f"{{variables: {{PYTHONPATH: {packages}}}}}"
    write_function(tmp_path / "functions" / "official", OFFICIAL, OWN_RUNTIME, environment=variables, timeout=60)
    write_function(tmp_path / "functions" / "echo", "def main_handler(event, context):\n    return event\n")
    server = start_local_scf(tmp_path / "functions", "--proxy-port", 0, "--isolation", way)
    # The key pair and the trust of this test's own client are the server's.
    client = official(server, endpoint=f"127.0.0.1:{server.port}")
    request = models.InvokeFunctionRequest()
    request.FunctionName = "official"
    result = client.InvokeFunction(request).Result
    assert (result.ErrMsg, json.loads(result.RetMsg or "null")) == ("", '{"a": 1}')
