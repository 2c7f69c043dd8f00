"""Signatures of URLs whose AuthType is CAM."""

import time
from urllib.parse import urlsplit

import pytest

from tencentserverless._core import signing
from tests.local.web.urls import Caller, ask, put_url, sign

BODY = b'{"Order": 7}'


def post(served, url, headers, body=BODY, method="POST"):
    return ask(url, method, body, headers)


@pytest.mark.parametrize("form", ["url", "local"])
def test_a_signature_of_the_documented_form_comes_in(served, form):
    url = getattr(served, form)("signed")
    got = post(served, url, sign(served.scf, url, body=BODY))
    assert (got.status, got.json["body"]) == (200, BODY.decode())
    assert [name for name in got.json["headers"] if name.startswith("x-scf")] == ["x-scf-remote-addr"]


@pytest.mark.parametrize("form", ["url", "local"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_root_and_the_real_path_are_taken(served, form, method):
    url = getattr(served, form)("signed", "/a%20b?x=1&y=%C3%BC")
    parts = urlsplit(url)
    body = b"" if method == "GET" else BODY
    for place in (("/", ""), (parts.path, parts.query), ("/a%20b", parts.query)):
        got = post(served, url, sign(served.scf, url, method, body, place=place), body, method)
        assert (got.status, got.json["path"]) == (200, "/a%20b"), place
    log = served.scf.settled_stderr()
    assert "CAM signature of the path / and no query" in log
    assert "CAM signature of the path and query of the request" in log


def test_values_of_headers_are_taken_as_they_are_too(served):
    url, kind = served.url("signed"), "multipart/form-data; boundary=AbC"
    names = ("content-type", "host", "x-extra", "x-scf-cam-uin")
    for lowers in (True, False):
        headers = sign(served.scf, url, body=BODY, content_type=kind, names=names, lowers=lowers)
        assert post(served, url, {**headers, "X-Extra": "Some"}).status == 200, lowers


def test_a_host_without_its_port_is_taken(served):
    url = served.url("signed")
    host = urlsplit(url).hostname
    assert post(served, url, sign(served.scf, url, body=BODY, host=host)).status == 200


def test_each_request_of_a_connection_has_its_own_signature(served):
    url = served.url("signed")
    with Caller(url) as caller:
        headers = sign(served.scf, url, body=BODY)
        for _ in range(3):
            assert caller("POST", BODY, headers).status == 200
        assert caller("POST", BODY + b" ", headers).status == 401
        assert caller("POST", BODY).status == 401


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret_key": "other"}, "The signature does not fit"),
        ({"secret_id": "AKIDother"}, "The SecretId is not found"),
        ({"service": "cos"}, "The service of the credential must be 'scf'"),
        ({"date": "2020-01-01"}, "The date of the credential"),
        ({"host": "evil.example"}, "The signature does not fit"),
        ({"uin": "me"}, "X-Scf-Cam-Uin must be the number"),
        ({"place": ("/other", "")}, "The signature does not fit"),
        ({"names": ("content-type", "host")}, "SignedHeaders must contain content-type, host, x-scf-cam-uin"),
        ({"names": ("content-type", "host", "x-extra", "x-scf-cam-uin")}, "'x-extra' is signed but not sent"),
    ],
)
def test_what_is_refused(served, changes, words):
    url = served.url("signed")
    got = post(served, url, sign(served.scf, url, body=BODY, **changes))
    assert (got.status, words in got.message) == (401, True), got
    assert served.scf.env["TENCENTCLOUD_SECRETKEY"] not in got.message


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"Authorization": ""}, "there is no Authorization header"),
        ({"Authorization": "Bearer x"}, "The Authorization header is malformed"),
        ({"X-Scf-Cam-Timestamp": "now"}, "X-Scf-Cam-Timestamp must be UNIX seconds"),
        ({"X-Scf-Cam-Timestamp": "1"}, "seconds off the server's clock"),
        ({"X-Scf-Cam-Uin": "2"}, "The signature does not fit"),
        ({"Content-Type": "text/plain"}, "The signature does not fit"),
        ({"X-Scf-Cam-Token": "x"}, "is not the token of this key"),
    ],
)
def test_what_was_changed_after_signing_is_refused(served, spoilt, words):
    url = served.url("signed")
    got = post(served, url, {**sign(served.scf, url, body=BODY), **spoilt})
    assert (got.status, words in got.message) == (401, True), got


def test_a_signature_that_is_no_hexadecimal_number_does_not_fit(served):
    url = served.url("signed")
    headers = sign(served.scf, url, body=BODY)
    got = post(served, url, {**headers, "Authorization": headers["Authorization"][:-2] + "\xe9\xe9"})
    assert (got.status, "The signature does not fit" in got.message) == (401, True), got


def test_a_header_that_decides_must_not_come_twice(served):
    url = served.url("signed")
    headers = sign(served.scf, url, body=BODY)
    for name in ("Authorization", "X-Scf-Cam-Uin", "X-Scf-Cam-Timestamp", "Content-Type"):
        got = post(served, url, [*headers.items(), (name, headers[name])])
        assert (got.status, "is sent twice" in got.message) == (401, True), name


def test_a_signature_is_good_for_five_minutes_around_its_time_as_for_the_api(served):
    url, now = served.url("signed"), int(time.time())
    for skew_seconds, status in ((-290, 200), (290, 200), (-320, 401), (320, 401)):
        headers = sign(served.scf, url, body=BODY, moment=now + skew_seconds)
        for _ in range(2):  # one that is heard again is served, too
            assert post(served, url, headers).status == status, skew_seconds


def test_a_request_that_is_refused_calls_no_function(served):
    before = len(served.scf.settled_stderr())
    assert ask(served.url("signed"), "POST", BODY).status == 401
    assert "[signed] 200" not in served.scf.settled_stderr()[before:]


def test_the_keys_of_a_function_come_in_with_their_token(start_local_scf, tmp_path):
    code = """
import os
def main_handler(event, context):
    return {name: os.environ["TENCENTCLOUD_" + name] for name in ("SECRETID", "SECRETKEY", "SESSIONTOKEN")}
"""
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text(code)
    server = start_local_scf(tmp_path / "functions")
    open_url = put_url(server, "it")["ExtranetUrl"]
    net = {"EnableIntranet": False, "EnableExtranet": True}
    url = put_url(server, "it", {"AuthType": "CAM", "NetConfig": net}, TriggerName="cam", Qualifier="$LATEST")
    url = url["ExtranetUrl"]
    keys = ask(open_url).json
    headers = sign(server, url, body=BODY, secret_id=keys["SECRETID"], secret_key=keys["SECRETKEY"])
    for name in ("X-Scf-Cam-Token", "X-TC-Token"):
        assert ask(url, "POST", BODY, {**headers, name: keys["SESSIONTOKEN"]}).status == 200, name
    for token in ({}, {"X-Scf-Cam-Token": "other"}):
        got = ask(url, "POST", BODY, {**headers, **token})
        assert (got.status, "X-Scf-Cam-Token" in got.message) == (401, True)


def test_the_api_takes_no_signature_of_a_url_and_a_url_none_of_the_api(served):
    assert signing.ALGORITHM in sign(served.scf, served.url("signed"))["Authorization"]
    address = f"http://{served.scf.host}:{served.scf.port}/"
    got = ask(address, "POST", BODY, sign(served.scf, address, body=BODY))
    assert got.json["Response"]["Error"]["Code"] == "MissingParameter"
