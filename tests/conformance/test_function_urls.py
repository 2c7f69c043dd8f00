"""Programs of others call function URLs and manage them: curl, Node.js, Tencent's SDK and command line."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.common.sign import Sign
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client import ScfClient

from tests.conformance.judges import curl, make_judge
from tests.conftest import FUNCTION_VARIABLES, LocalScf, Starter, wait_until

#: Answers with what it was sent; ``as=`` in the query asks for another answer.
INDEX = """
import base64, json

def main_handler(event, context):
    wanted = event["queryString"].get("as")
    if wanted == "html":
        return {"statusCode": 201, "headers": {"Content-Type": "text/html"}, "body": "<p>函数</p>"}
    if wanted == "bytes":
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 200, "headers": {"Content-Type": "x/y"}, "body": body, "isBase64Encoded": True}
    if wanted == "cookies":
        return {"statusCode": 200, "headers": {"Set-Cookie": ["a=1; Path=/", "b=2; Path=/"]}, "body": "set"}
    if wanted == "text":
        return "plain"
    if wanted == "error":
        raise ValueError("on purpose")
    return event
"""
#: As cloud.tencent.com/document/product/1154/43228 writes a function with a URL.
MANIFEST = """
component: scf
name: written
inputs:
  name: written
  src: .
  handler: index.main_handler
  runtime: {runtime}
  region: ap-guangzhou
  events:
    - http:
        parameters:
          name: written-url
          netConfig:
            enableIntranet: true
            enableExtranet: true
          qualifier: $DEFAULT
          authType: NONE
          corsConfig:
            enable: true
            origins:
              - https://a.example
              - 'https://*.b.example'
            methods:
              - GET
              - PATCH
            headers:
              - X-Mark
              - Content-Type
            exposeHeaders:
              - X-Seen
            credentials: true
            maxAge: 10
"""
SECURE_URL = re.compile(r"\bhttps://\d+-\w+\.ap-guangzhou\.localhost:\d+")
BOTH = {"EnableIntranet": True, "EnableExtranet": True}
ORIGIN = "https://x.b.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    folder = tmp_path_factory.mktemp("urls")
    for name in ("asked", "written"):
        (folder / "functions" / name).mkdir(parents=True)
        (folder / "functions" / name / "index.py").write_text(INDEX, encoding="utf-8")
    written = MANIFEST.format(runtime=FUNCTION_VARIABLES["OWN_RUNTIME"])
    (folder / "functions" / "written" / "serverless.yml").write_text(written, encoding="utf-8")
    with ExitStack() as stack:
        yield Starter(folder, stack)(folder / "functions", env=FUNCTION_VARIABLES)


@pytest.fixture(scope="module")
def client(server: LocalScf) -> ScfClient:
    keys = credential.Credential(server.env["TENCENTCLOUD_SECRETID"], server.env["TENCENTCLOUD_SECRETKEY"])
    http = HttpProfile(protocol="http", endpoint=f"{server.host}:{server.port}")
    return ScfClient(keys, "ap-guangzhou", ClientProfile(httpProfile=http))


def send(client: ScfClient, action: str, **parameters: object) -> Any:
    request = getattr(models, f"{action}Request")()
    request._deserialize(parameters)
    return getattr(client, action)(request)


def net_of(client: ScfClient, function: str) -> dict[str, Any]:
    """The addresses of a function's URL, found as programs find them."""
    triggers = send(client, "GetFunction", FunctionName=function).Triggers
    (url,) = (each for each in triggers if each.Type == "http")
    return json.loads(url.TriggerDesc)["NetConfig"]


@contextmanager
def given_url(client: ScfClient, described: dict[str, object]) -> Iterator[dict[str, Any]]:
    """Give ``asked`` a URL for a while: its addresses."""
    trigger = {"FunctionName": "asked", "TriggerName": "url", "Type": "http"}
    send(client, "CreateTrigger", **trigger, TriggerDesc=json.dumps(described), Qualifier="$DEFAULT")
    try:
        yield net_of(client, "asked")
    finally:
        send(client, "DeleteTrigger", **trigger)


@pytest.fixture
def asked(client: ScfClient) -> Iterator[dict[str, Any]]:
    """The URL of ``asked`` for all."""
    with given_url(client, {"AuthType": "NONE", "NetConfig": BOTH, "ApiGwCompatible": True}) as net:
        yield net


def test_tencents_sdk_gives_changes_and_removes_a_url(client):
    trigger = {"FunctionName": "asked", "TriggerName": "sdk", "Type": "http", "Qualifier": "$LATEST"}
    described = {"AuthType": "CAM", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
    made = send(client, "CreateTrigger", **trigger, TriggerDesc=json.dumps(described), Enable="OPEN").TriggerInfo
    assert (made.TriggerName, made.Type, made.Qualifier, made.Enable) == ("sdk", "http", "$LATEST", 1)
    (shown,) = send(client, "ListTriggers", FunctionName="asked").Triggers
    assert shown.TriggerDesc == made.TriggerDesc
    assert shown.AvailableStatus == "Available"
    before = json.loads(made.TriggerDesc)["NetConfig"]
    assert before["ExtranetUrl"]
    assert not before["IntranetUrl"]
    changed = {**described, "NetConfig": BOTH, "ApiGwCompatible": True, "EnableSimpleMode": False}
    send(client, "UpdateTrigger", **trigger, TriggerDesc=json.dumps(changed))
    after = json.loads(send(client, "ListTriggers", FunctionName="asked").Triggers[0].TriggerDesc)
    net = after.pop("NetConfig")
    assert after == {"AuthType": "CAM", "ApiGwCompatible": True, "EnableSimpleMode": False}
    assert net["ExtranetUrl"] == before["ExtranetUrl"]
    assert ".in.ap-guangzhou." in net["IntranetUrl"]
    send(client, "UpdateTriggerStatus", **trigger, Enable="CLOSE")
    assert send(client, "ListTriggers", FunctionName="asked").Triggers[0].Enable == 0
    assert curl(net["ExtranetUrl"])[0] == 403
    send(client, "DeleteTrigger", **trigger)
    assert send(client, "ListTriggers", FunctionName="asked").TotalCount == 0
    assert curl(net["ExtranetUrl"])[0] == 404


def test_a_serverless_yml_of_tencents_page_comes_back_as_it_was_written(client):
    (shown,) = send(client, "ListTriggers", FunctionName="written").Triggers
    described = json.loads(shown.TriggerDesc)
    net = described.pop("NetConfig")
    assert {name: net[name] for name in BOTH} == BOTH
    assert (shown.TriggerName, shown.Qualifier, shown.Enable) == ("written-url", "$DEFAULT", 1)
    assert described == {
        "AuthType": "NONE",
        "CorsConfig": {
            "Enable": True,
            "Origins": ["https://a.example", "https://*.b.example"],
            "Methods": ["GET", "PATCH"],
            "Headers": ["X-Mark", "Content-Type"],
            "ExposeHeaders": ["X-Seen"],
            "Credentials": True,
            "MaxAge": 10,
        },
    }


@pytest.mark.parametrize("form", ["ExtranetUrl", "IntranetUrl", "ExtranetHTTPUrl", "LocalUrl"])
def test_curl_calls_each_address(asked, form):
    status, _, body = curl(f"{asked[form]}/a%20b?x=1&y=%26&x=2", "--header", "X-Two: 1", "--header", "X-Two: 2")
    event = json.loads(body)
    assert (status, event["httpMethod"], event["path"]) == (200, "GET", "/a%20b")
    assert event["queryString"] == {"x": "2", "y": "&"}
    assert event["headers"]["x-two"] == "1,2"
    assert event["headers"]["x-scf-remote-addr"] == "127.0.0.1"
    assert event["headers"]["user-agent"].startswith("curl/")


def test_curl_by_the_host_header_alone(server, asked):
    host = asked["ExtranetUrl"].partition("//")[2].partition(":")[0]
    for name in (host, host.replace("localhost", "tencentscf.com"), host.upper()):
        assert curl(f"{server.url}/by-host", "--header", f"Host: {name}")[0] == 200
    status, _, body = curl(f"{server.url}/by-host", "--header", f"Host: x{host}")
    assert (status, json.loads(body)["statusCode"]) == (404, 404)
    assert b"scf local status" in body
    assert host.encode() not in body


def test_curl_gets_every_kind_of_answer(asked):
    url = asked["ExtranetUrl"]
    status, headers, body = curl(f"{url}?as=html")
    assert (status, body.decode()) == (201, "<p>函数</p>")
    assert ("content-type", "text/html") in headers
    assert any(name == "x-scf-request-id" for name, _ in headers)
    assert curl(f"{url}?as=bytes")[2] == bytes(range(256))
    assert curl(f"{url}?as=text")[2] == b'"plain"'
    assert [value for name, value in curl(f"{url}?as=cookies")[1] if name == "set-cookie"] == [
        "a=1; Path=/",
        "b=2; Path=/",
    ]
    status, headers, body = curl(f"{url}?as=html", "--head")
    assert (status, body) == (201, b"")
    assert ("content-length", "13") in headers
    status, _, body = curl(f"{url}?as=error")
    failure = json.loads(body)
    assert (status, failure["statusCode"], failure["errorCode"]) == (430, 430, -1)


def test_curl_sends_text_and_bytes_and_forms(asked, tmp_path):
    url = asked["ExtranetUrl"]
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)))
    event = json.loads(curl(url, "--data-binary", f"@{sent}", "--header", "Content-Type: x/y")[2])
    assert (event["httpMethod"], event["isBase64Encoded"], len(event["body"])) == ("POST", True, 344)
    event = json.loads(curl(url, "--json", '{"name": "函数"}', "--request", "PUT", "--compressed")[2])
    assert (event["httpMethod"], event["isBase64Encoded"], event["body"]) == ("PUT", False, '{"name": "函数"}')
    event = json.loads(curl(url, "--form", "a=1", "--form", f"file=@{sent};type=text/plain")[2])
    assert event["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    event = json.loads(curl(url, "--data-binary", "in parts", "--header", "Transfer-Encoding: chunked")[2])
    assert event["body"] == "in parts"
    sent.write_bytes(b"x" * 7_000_000)
    status, _, body = curl(url, "--data-binary", f"@{sent}")
    assert (status, json.loads(body)["statusCode"]) == (413, 413)


def test_curl_asks_for_cors_by_hand(client):
    url = net_of(client, "written")["ExtranetUrl"]
    asks = ("--request", "OPTIONS", "--header", "Access-Control-Request-Method: PATCH")
    status, headers, body = curl(url, *asks, "--header", f"Origin: {ORIGIN}")
    told = {name: value for name, value in headers if name.startswith("access-control-")}
    assert (status, body) == (204, b"")
    assert told == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, PATCH",
        "access-control-allow-headers": "X-Mark, Content-Type",
        "access-control-max-age": "10",
    }
    status, headers, _ = curl(url, *asks, "--header", "Origin: https://b.example")
    assert status == 403
    assert not [name for name, _ in headers if name.startswith("access-control-")]


def signed_headers(server: LocalScf, host: str, body: str) -> list[str]:
    """Options of curl: the string to sign is that of programs that call such URLs; the HMAC is of Tencent's own SDK."""
    uin, stamp, names = "100000000001", int(time.time()), "content-type;host;x-scf-cam-uin"
    date = time.strftime("%Y-%m-%d", time.gmtime(stamp))
    lines = f"content-type:application/json\nhost:{host}\nx-scf-cam-uin:{uin}\n"
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
    scope = f"{date}/scf/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = Sign.sign_tc3(server.env["TENCENTCLOUD_SECRETKEY"], date, "scf", to_sign)
    headers = {
        "Content-Type": "application/json",
        "X-Scf-Cam-Uin": uin,
        "X-Scf-Cam-Timestamp": stamp,
        "Authorization": f"TC3-HMAC-SHA256 Credential={server.env['TENCENTCLOUD_SECRETID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    }
    return [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]


def test_what_others_sign_by_tencents_code_comes_in(server, client):
    described = {"AuthType": "CAM", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
    with given_url(client, described) as net:
        url, body = net["ExtranetUrl"], '{"n": 1}'
        headers = signed_headers(server, url.partition("//")[2], body)
        status, _, answer = curl(f"{url}/deep?x=1", "--data-binary", body, *headers)
        assert (status, json.loads(answer)["path"]) == (200, "/deep"), answer
        for words in ((body + " ", *headers), (body, *headers[:-2]), (body,)):
            status, _, answer = curl(url, "--data-binary", *words)
            assert (status, json.loads(answer)["statusCode"]) == (401, 401)


def test_curl_by_the_clouds_own_name_through_the_proxy(tmp_path):
    (tmp_path / "functions" / "written").mkdir(parents=True)
    (tmp_path / "functions" / "written" / "index.py").write_text(INDEX, encoding="utf-8")
    written = MANIFEST.format(runtime=FUNCTION_VARIABLES["OWN_RUNTIME"])
    (tmp_path / "functions" / "written" / "serverless.yml").write_text(written, encoding="utf-8")
    with ExitStack() as stack:
        options = ("--proxy-port", 0, "--state", tmp_path / "state")
        server = Starter(tmp_path, stack)(tmp_path / "functions", *options)
        wait_until(lambda: SECURE_URL.search(server.stderr))
        url = SECURE_URL.search(server.stderr)[0]
        trusted = ("--cacert", server.env["SSL_CERT_FILE"])
        assert curl(f"{url}/direct", *trusted)[0] == 200
        name = url.rpartition(":")[0].replace("localhost", "tencentscf.com")
        through = ("--proxy", server.env["TENCENTSERVERLESS_LOCAL_PROXY"], "--suppress-connect-headers")
        status, _, body = curl(f"{name}/named", *trusted, *through)
        assert (status, json.loads(body)["path"]) == (200, "/named")
        assert json.loads(body)["headers"]["host"] == name.partition("//")[2]


NODE = """
const http = require('http');
const [local, host, port] = process.argv.slice(1);
const told = {};
const byHost = (path) => new Promise((resolve, reject) => {
  http.get({ host: '127.0.0.1', port, path, headers: { Host: host } }, (response) => {
    const parts = [];
    response.on('data', (part) => parts.push(part));
    response.on('end', () => resolve(Buffer.concat(parts).toString()));
  }).on('error', reject);
});
(async () => {
  const answer = await fetch(`${local}/deep?x=1`, { method: 'POST', body: JSON.stringify({ a: '函数' }) });
  const event = await answer.json();
  told.fetch = [answer.status, event.path, event.body];
  told.bytes = new Uint8Array(await (await fetch(`${local}?as=bytes`)).arrayBuffer()).length;
  told.cookies = (await fetch(`${local}?as=cookies`)).headers.getSetCookie().length;
  told.byHost = [await byHost('/?as=html'), JSON.parse(await byHost('/deep')).path];
  told.error = (await fetch(`${local}?as=error`)).status;
  console.log(JSON.stringify(told));
})();
"""


def test_node_calls_by_fetch_and_by_the_host_header(server, asked):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on PATH")
    host = asked["ExtranetUrl"].partition("//")[2].partition(":")[0]
    words = [node, "-e", NODE, asked["LocalUrl"], host, str(server.port)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "fetch": [200, "/deep", '{"a":"函数"}'],
        "bytes": 256,
        "cookies": 2,
        "byHost": ["<p>函数</p>", "/deep"],
        "error": 430,
    }


@pytest.mark.proof
@pytest.mark.timeout(600)  # the first run installs it
def test_tencents_command_line_gives_and_lists_a_url(server, tmp_path):
    python = make_judge("tccli", Path(sys.executable), ("setuptools", "tccli==3.1.189.1"))

    def tccli(action: str, *words: str) -> dict[str, Any]:
        keys = ("--secretId", server.env["TENCENTCLOUD_SECRETID"], "--secretKey", server.env["TENCENTCLOUD_SECRETKEY"])
        place = ("--region", "ap-guangzhou", "--endpoint", server.url)
        command = [python.parent / "tccli", "scf", action, *words, *keys, *place]
        environment = {"HOME": str(tmp_path), "PATH": str(python.parent), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    named = ("--FunctionName", "asked", "--TriggerName", "line", "--Type", "http")
    described = json.dumps({"AuthType": "NONE", "NetConfig": BOTH})
    made = tccli("CreateTrigger", *named, "--TriggerDesc", described, "--Qualifier", "$DEFAULT")["TriggerInfo"]
    (listed,) = tccli("ListTriggers", "--FunctionName", "asked")["Triggers"]
    assert listed["TriggerDesc"] == made["TriggerDesc"]
    assert curl(json.loads(listed["TriggerDesc"])["NetConfig"]["ExtranetUrl"])[0] == 200
    tccli("DeleteTrigger", *named)
    assert tccli("ListTriggers", "--FunctionName", "asked")["Triggers"] == []
