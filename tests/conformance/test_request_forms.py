"""Every request form that Tencent's clients use: its official Python SDK, and what SDKs of other languages sign."""

import http.client
import json
import random
import shlex
import subprocess
import sys
import time
from urllib.parse import quote, urlencode

import pytest
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models, scf_client

from tencentserverless._core import signing, signing_v1
from tests.conftest import child_environment, scf_command

#: Tencent's SDK asks Python 3.12 and later in a way that is deprecated there.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")

EVENT = '{"text": "a b+c~d=&/?%.*函数\\u00e9"}'


@pytest.fixture(params=["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
def algorithm(request):
    return request.param


@pytest.fixture(params=["POST", "GET"])
def method(request):
    return request.param


@pytest.fixture
def connect(local_scf):
    """An official client: ``connect(algorithm, method, endpoint=..., keys=..., unsigned=...)``."""

    def connect(algorithm, method, endpoint=None, keys=None, unsigned=False):
        address = endpoint or f"{local_scf.host}:{local_scf.port}"
        profile = ClientProfile(
            signMethod=algorithm, httpProfile=HttpProfile(protocol="http", endpoint=address, reqMethod=method)
        )
        profile.unsignedPayload = unsigned
        keys = keys or (local_scf.env["TENCENTCLOUD_SECRETID"], local_scf.env["TENCENTCLOUD_SECRETKEY"])
        return scf_client.ScfClient(credential.Credential(*keys), "ap-guangzhou", profile)

    return connect


def invoke(client, **fields):
    request = models.InvokeFunctionRequest()
    for name, value in {"FunctionName": "echo", "Event": EVENT, **fields}.items():
        setattr(request, name, value)
    return client.InvokeFunction(request).Result.RetMsg


def test_the_official_client_calls(connect, algorithm, method):
    assert json.loads(invoke(connect(algorithm, method))) == json.loads(EVENT)


def test_the_official_client_lists_with_numbers_and_nested_parameters(connect, algorithm, method):
    request = models.ListFunctionsRequest()
    request.Limit, request.Offset, request.Order = 5, 0, "ASC"
    wanted = models.Filter()
    wanted.Name, wanted.Values = "Runtime", ["Python2.7", "Python3.6"]
    request.Filters = [wanted]
    answer = connect(algorithm, method).ListFunctions(request)
    assert {function.Runtime for function in answer.Functions} == {"Python2.7", "Python3.6"}


PROXIED = """
import os
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

scheme, _, address = os.environ["TENCENTSERVERLESS_ENDPOINT_URL"].partition("://")
keys = Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"])
profile = ClientProfile(httpProfile=HttpProfile(protocol=scheme, endpoint=address))
client = CommonClient("scf", "2018-04-16", keys, os.environ["TENCENTCLOUD_REGION"], profile)
print(client.call_json("ListFunctions", {"Limit": 1})["Response"]["TotalCount"] > 0)
"""


@pytest.mark.parametrize("own", ["", "intranet.example"])
def test_a_proxy_of_the_shell_is_not_asked_by_whoever_has_loaded_the_variables(local_scf, run_scf, tmp_path, own):
    (tmp_path / "program.py").write_text(PROXIED)
    (tmp_path / "env").write_text("".join(f"{name}={text}\n" for name, text in local_scf.env.items()))
    nobody = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    given = child_environment(**nobody, NO_PROXY=own)
    python, scf = shlex.quote(sys.executable), shlex.join(scf_command())
    script = f"""
        eval "$({scf} local env --env-file env)"
        {python} program.py
        {python} -c 'import requests, os; print(requests.get(os.environ["TENCENTSERVERLESS_ENDPOINT_URL"]).status_code)'
        eval "$({scf} local env --unset)"
        echo "${{NO_PROXY-unset}} ${{no_proxy-unset}} ${{TENCENTSERVERLESS_ENDPOINT_URL-unset}}"
    """
    done = subprocess.run(["sh", "-c", script], env=given, cwd=tmp_path, capture_output=True, text=True, check=False)
    left = f"{own or 'unset'} {own or 'unset'} unset"
    assert done.stdout.splitlines() == ["True", "200", left], done.stdout + done.stderr


def test_a_default_entry_of_netrc_replaces_the_official_clients_signature_and_is_named(
    connect, tmp_path, monkeypatch, method
):
    (tmp_path / "netrc").write_text("default login somebody password secret-of-somebody\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(TencentCloudSDKException, match="has the scheme Basic, not TC3-HMAC-SHA256") as refusal:
        invoke(connect("TC3-HMAC-SHA256", method))
    assert refusal.value.code == "AuthFailure.InvalidAuthorization"
    monkeypatch.setenv("NETRC", "/dev/null")  # what docs/reference/clients.md says to do
    assert invoke(connect("TC3-HMAC-SHA256", method))


def test_the_official_client_is_told_of_errors(connect, algorithm, method):
    client = connect(algorithm, method)
    with pytest.raises(TencentCloudSDKException) as refusal:
        invoke(client, FunctionName="nobody")
    assert refusal.value.code == "ResourceNotFound.Function"
    with pytest.raises(TencentCloudSDKException) as refusal:
        client.call("ListFunctions", {"Limit": "many"})
    assert refusal.value.code == "InvalidParameter"
    with pytest.raises(TencentCloudSDKException) as refusal:
        client.call("ListFunctions", {"Nope": 1})
    assert refusal.value.code == "UnknownParameter"


def test_a_wrong_key_is_refused_in_every_form(connect, local_scf, algorithm, method):
    client = connect(algorithm, method, keys=(local_scf.env["TENCENTCLOUD_SECRETID"], "wrong"))
    with pytest.raises(TencentCloudSDKException) as refusal:
        invoke(client)
    assert refusal.value.code == "AuthFailure.SignatureFailure"


def test_temporary_keys_need_their_token_in_every_form(connect, local_scf, algorithm, method):
    inside = json.loads(local_scf.invoke("behave", {"do": "environ"})["RetMsg"])
    names = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
    keys = [inside[name] for name in names]
    assert invoke(connect(algorithm, method, keys=keys))
    with pytest.raises(TencentCloudSDKException) as refusal:
        invoke(connect(algorithm, method, keys=keys[:2]))
    assert refusal.value.code == "AuthFailure.TokenFailure"


def test_an_endpoint_by_name_or_with_its_scheme(connect, local_scf, algorithm, method):
    assert invoke(connect(algorithm, method, f"localhost:{local_scf.port}"))
    assert invoke(connect(algorithm, method, f"http://{local_scf.host}:{local_scf.port}"))


def test_the_payload_may_be_left_out_of_the_signature(connect, method):
    assert invoke(connect("TC3-HMAC-SHA256", method, unsigned=True))


def test_null_parameters_count_as_absent(connect, algorithm, method):
    fields = {"FunctionName": "echo", "Event": "1", "Qualifier": None, "LogType": None}
    assert "Result" in json.loads(connect(algorithm, method).call("InvokeFunction", fields))["Response"]


# What follows signs by hand, as SDKs of other languages do.


def send(local_scf, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(local_scf.host, local_scf.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Type") == "application/json"
        return json.loads(answer.read())["Response"]
    finally:
        connection.close()


def v1_fields(local_scf, method="POST", host=None, sign_names=str, **changes):
    fields = {
        "Action": "InvokeFunction",
        "Version": "2018-04-16",
        "Region": "ap-guangzhou",
        "Timestamp": str(int(time.time())),
        "Nonce": str(random.randint(1, 2**31)),
        "SecretId": local_scf.env["TENCENTCLOUD_SECRETID"],
        "FunctionName": "echo",
        "Event": EVENT,
        **changes,
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    algorithm = {"hmacsha256": "HmacSHA256"}.get(fields.get("SignatureMethod", "").lower(), "HmacSHA1")
    signed = {sign_names(name): value for name, value in fields.items()}
    text = signing_v1.text_to_sign(method, host or f"{local_scf.host}:{local_scf.port}", signed)
    key = local_scf.env["TENCENTCLOUD_SECRETKEY"]
    fields.setdefault("Signature", signing_v1.signature(key, text, algorithm))
    return fields


def post_form(local_scf, fields, content_type="application/x-www-form-urlencoded"):
    headers = {"Content-Type": content_type} if content_type else {}
    return send(local_scf, "POST", "/", urlencode(fields), headers)


@pytest.mark.parametrize(
    "content_type",
    [None, "application/x-www-form-urlencoded; charset=UTF-8", "application/json"],  # the last one: capi 2.0.3
)
def test_content_types_that_clients_put_on_a_form(local_scf, content_type):
    assert "Result" in post_form(local_scf, v1_fields(local_scf), content_type)


@pytest.mark.parametrize("name", ["HmacSHA1", "HmacSHA256", "hmacsha256", "HMACSHA1", "", None])
def test_letter_case_of_the_algorithm(local_scf, name):
    assert "Result" in post_form(local_scf, v1_fields(local_scf, SignatureMethod=name))


@pytest.mark.parametrize("host", ["{host}", "http://{host}:{port}", "{host}:{port}"])
def test_hosts_that_v1_clients_sign(local_scf, host):
    host = host.format(host=local_scf.host, port=local_scf.port)
    assert "Result" in post_form(local_scf, v1_fields(local_scf, host=host))


def test_dots_for_underscores_in_signed_names(local_scf):
    fields = v1_fields(local_scf, sign_names=lambda name: name.replace("_", "."), No_Such="1")
    assert post_form(local_scf, fields)["Error"]["Code"] == "UnknownParameter"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI="}, "AuthFailure.SignatureFailure"),
        ({"Signature": ""}, "MissingParameter"),
        ({"SecretId": "AKIDnobody"}, "AuthFailure.SecretIdNotFound"),
        ({"SecretId": None}, "MissingParameter"),
        ({"SecretId": None, "Signature": None}, "MissingParameter"),
        ({"Timestamp": None}, "MissingParameter"),
        ({"Timestamp": "1465185768"}, "AuthFailure.SignatureExpire"),
        ({"Timestamp": "soon"}, "InvalidParameterValue"),
        ({"Nonce": None}, "MissingParameter"),
        ({"Nonce": "-1"}, "InvalidParameterValue"),
        ({"SignatureMethod": "HmacMD5"}, "InvalidParameterValue"),
        ({"Token": "of-nobody"}, "AuthFailure.TokenFailure"),
        ({"Action": None}, "MissingParameter"),
        ({"Action": "Nope"}, "InvalidAction"),
        ({"Version": "2017-01-01"}, "NoSuchVersion"),
        ({"Region": None}, "MissingParameter"),
        ({"FunctionName": None}, "MissingParameter"),
    ],
)
def test_refusals_of_v1(local_scf, changes, code):
    assert post_form(local_scf, v1_fields(local_scf, **changes))["Error"]["Code"] == code


def test_a_line_end_behind_the_signature_counts_for_nothing_and_nothing_else_does(local_scf):
    fields = v1_fields(local_scf)
    signature = fields["Signature"]
    assert "Result" in post_form(local_scf, {**fields, "Signature": signature + "\n"})  # Ruby
    for changed in (signature + "\n\n", signature + " ", "\n" + signature, signature[:-1], signature + "="):
        answer = post_form(local_scf, {**fields, "Signature": changed})
        assert answer["Error"]["Code"] == "AuthFailure.SignatureFailure", changed


@pytest.mark.parametrize("body", [b'{"FunctionName": "echo"}', b'  {"a": "=&="}', b"{}", b""])
def test_json_without_a_signature_is_told_what_is_missing(local_scf, body):
    headers = {"Content-Type": "application/json", "X-TC-Action": "InvokeFunction", "X-TC-Version": "2018-04-16"}
    error = send(local_scf, "POST", "/", body, headers)["Error"]
    assert error["Code"] == "AuthFailure.InvalidAuthorization"
    assert error["Message"] == "There is no Authorization header, and no Signature among parameters."


@pytest.mark.parametrize("scheme", ["Basic", "bearer", "Digest"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_authorization_of_another_scheme_is_named_without_what_it_holds(local_scf, method, scheme):
    fields = v1_fields(local_scf, method=method)
    headers = {"Authorization": f"{scheme} c2VjcmV0OnBhc3M=", "Content-Type": "application/x-www-form-urlencoded"}
    body, place = (None, f"/?{urlencode(fields)}") if method == "GET" else (b"{}", "/")
    if method == "POST":
        headers["Content-Type"] = "application/json"
    error = send(local_scf, method, place, body, headers)["Error"]
    assert error["Code"] == "AuthFailure.InvalidAuthorization"
    assert f"has the scheme {scheme}, not TC3-HMAC-SHA256" in error["Message"]
    assert "~/.netrc" in error["Message"]
    assert "c2VjcmV0" not in error["Message"]


def test_what_was_signed_is_what_is_run(local_scf):
    fields = v1_fields(local_scf)
    fields["FunctionName"] = "behave"
    assert post_form(local_scf, fields)["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_a_get_is_no_post(local_scf):
    query = urlencode(v1_fields(local_scf, method="POST"))
    assert send(local_scf, "GET", f"/?{query}")["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_a_get_without_any_content_type(local_scf):
    assert "Result" in send(local_scf, "GET", "/?" + urlencode(v1_fields(local_scf, method="GET")))


def tc3_headers(local_scf, method, query, body, *, sent_type, **changes):
    """Headers of a TC3 request; ``sent_type`` is the content type that goes out."""
    options = {"host": f"{local_scf.host}:{local_scf.port}", "type": sent_type, "service": "scf", "lower": True}
    options |= changes
    timestamp = int(time.time())
    names = ("content-type", "host")
    values = {"content-type": options["type"], "host": options["host"]}
    digest = signing.sha256(body).hexdigest()
    canonical = signing.canonical_request(method, query, values, names, digest)
    if not options["lower"]:
        lines = "".join(f"{name}:{values[name]}\n" for name in names)
        canonical = "\n".join((method, "/", query, lines, ";".join(names), digest))
    scope = signing.Authorization(
        local_scf.env["TENCENTCLOUD_SECRETID"], signing.utc_date(timestamp), options["service"], names, ""
    )
    signature = signing.signature(local_scf.env["TENCENTCLOUD_SECRETKEY"], scope, str(timestamp), canonical)
    headers = {
        "X-TC-Action": "InvokeFunction",
        "X-TC-Version": "2018-04-16",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": str(timestamp),
        "Authorization": f"TC3-HMAC-SHA256 Credential={scope.secret_id}/{scope.date}/{scope.service}/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}",
    }
    if sent_type:
        headers["Content-Type"] = sent_type
    return headers


BODY = json.dumps({"FunctionName": "echo", "Event": EVENT}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "{host}"},  # Node.js
        {"service": "127"},  # Java, PHP
        {"host": "{host}", "service": "127"},
        {"sent_type": "Application/JSON", "lower": False},
        {"sent_type": "application/json; charset=UTF-8"},
    ],
)
def test_what_tc3_clients_of_other_languages_sign(local_scf, changes):
    changes = {name: v.format(host=local_scf.host) if name == "host" else v for name, v in changes.items()}
    headers = tc3_headers(local_scf, "POST", "", BODY, **{"sent_type": "application/json", **changes})
    assert "Result" in send(local_scf, "POST", "/", BODY, headers)


@pytest.mark.parametrize("changes", [{"host": "scf.tencentcloudapi.com"}, {"service": "cvm"}, {"service": "SCF"}])
def test_what_no_client_signs(local_scf, changes):
    headers = tc3_headers(local_scf, "POST", "", BODY, sent_type="application/json", **changes)
    assert send(local_scf, "POST", "/", BODY, headers)["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_null_is_a_request_without_parameters(local_scf):
    headers = tc3_headers(local_scf, "POST", "", b"null", sent_type="application/json")  # Ruby
    listing = {**headers, "X-TC-Action": "ListFunctions"}
    assert send(local_scf, "POST", "/", b"null", listing)["TotalCount"] > 0
    assert send(local_scf, "POST", "/", b"null", headers)["Error"]["Code"] == "MissingParameter"
    for body in (b"[]", b"0", b'"null"', b"nul"):
        headers = tc3_headers(local_scf, "POST", "", body, sent_type="application/json")
        assert send(local_scf, "POST", "/", body, headers)["Error"]["Code"] == "InvalidParameter"


def test_a_get_signs_its_query_as_it_is_sent(local_scf):
    form = "application/x-www-form-urlencoded"
    query = "Event=" + quote(EVENT) + "&FunctionName=echo"
    headers = tc3_headers(local_scf, "GET", query, b"", sent_type=form)
    assert "Result" in send(local_scf, "GET", f"/?{query}", headers=headers)
    other = "FunctionName=echo&Event=" + quote(EVENT)
    assert send(local_scf, "GET", f"/?{other}", headers=headers)["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_a_tilde_that_was_encoded_when_it_was_signed(local_scf):
    signed = "FunctionName=echo&Event=%22%7E%22"
    headers = tc3_headers(local_scf, "GET", signed, b"", sent_type="application/x-www-form-urlencoded")
    sent = signed.replace("%7E", "~")
    assert send(local_scf, "GET", f"/?{sent}", headers=headers)["Result"]["RetMsg"] == '"~"'


def test_a_get_whose_content_type_was_left_out_on_the_way(local_scf):
    query = "FunctionName=echo&Event=1"
    headers = tc3_headers(local_scf, "GET", query, b"", sent_type="", type="application/x-www-form-urlencoded")
    assert "Result" in send(local_scf, "GET", f"/?{query}", headers=headers)


def test_a_form_is_not_signed_by_tc3(local_scf):
    form = "application/x-www-form-urlencoded"
    body = b"FunctionName=echo"
    headers = tc3_headers(local_scf, "POST", "", body, sent_type=form)
    assert send(local_scf, "POST", "/", body, headers)["Error"]["Code"] == "UnsupportedProtocol"


def test_size_caps_of_the_forms(local_scf):
    query = urlencode(v1_fields(local_scf, method="GET", Event=json.dumps("x" * 32768)))
    assert send(local_scf, "GET", f"/?{query}")["Error"]["Code"] == "RequestSizeLimitExceeded"
    answer = post_form(local_scf, v1_fields(local_scf, Event=json.dumps("x" * 1_048_576)))
    assert answer["Error"]["Code"] == "RequestSizeLimitExceeded"
    assert "max 1048576B" in answer["Error"]["Message"]
    event = json.dumps("x" * 1_000_000)
    assert post_form(local_scf, v1_fields(local_scf, Event=event))["Result"]["RetMsg"] == event
