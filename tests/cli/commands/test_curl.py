"""``scf curl`` against a real local SCF."""

import json
import os
import subprocess
from contextlib import ExitStack

import pytest

from tests.conftest import Starter, child_environment, scf_command

TELLS = """
import base64, json

def main_handler(event, context):
    query = event["queryString"]
    if "raise" in query:
        raise KeyError("pear")
    if "plain" in query:
        return {"heard": event}
    answer = {"statusCode": int(query.get("status", 200)), "headers": {"Content-Type": "application/json"}}
    if "bytes" in query:
        return dict(answer, body=base64.b64encode(bytes(range(256))).decode(), isBase64Encoded=True)
    if "to" in query:
        answer["headers"]["Location"] = query["to"]
    return dict(answer, body=json.dumps(event))
"""
NETWORK = {"EnableIntranet": False, "EnableExtranet": True}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    for name in ("tells", "guarded", "binary", "bare"):
        (folder / name).mkdir()
        (folder / name / "index.py").write_text(TELLS, encoding="utf-8")
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("server"), stack)(folder)


@pytest.fixture(scope="module")
def urls(server):
    """Give two functions their URLs."""
    for name, auth in (("tells", "NONE"), ("guarded", "CAM")):
        config = json.dumps({"AuthType": auth, "NetConfig": NETWORK})
        words = ("triggers", "add", name, "door", "--type", "http", "--config", config)
        subprocess.run(scf_command(*words), env=child_environment(**server.env), check=True, capture_output=True)


@pytest.fixture
def curl(urls, server, run_scf):
    return lambda *words: run_scf("curl", *words, env=server.env)


def test_a_request_is_told_as_it_was_sent(curl):
    done = curl("tells", "/a b/ü?x=1&y=ü")
    assert (done.returncode, done.stderr) == (0, "")
    event = json.loads(done.stdout)
    assert (event["httpMethod"], event["path"]) == ("GET", "/a%20b/%C3%BC")
    assert event["queryString"] == {"x": "1", "y": "ü"}
    assert event["headers"]["user-agent"].startswith("scf/")


def test_a_path_that_is_no_text_in_utf_8_is_sent_as_its_bytes(curl):
    assert json.loads(curl("tells", os.fsdecode(b"/a\xff")).stdout)["path"] == "/a%FF"


def test_method_headers_and_body(curl):
    done = curl("tells", "-d", '{"a": 1}', "-H", "X-One: two words", "-H", "accept: text/html")
    event = json.loads(done.stdout)
    assert (event["httpMethod"], event["body"], event["path"]) == ("POST", '{"a": 1}', "/")
    assert event["headers"]["content-type"] == "application/json"
    assert (event["headers"]["x-one"], event["headers"]["accept"]) == ("two words", "text/html")
    event = json.loads(curl("tells", "-X", "put", "-d", "a=b").stdout)
    assert (event["httpMethod"], event["headers"]["content-type"]) == ("PUT", "application/x-www-form-urlencoded")
    event = json.loads(curl("tells", "-d", "1", "-H", "content-type: text/plain").stdout)
    assert event["headers"]["content-type"] == "text/plain"


def test_a_body_from_a_file_and_from_stdin(curl, server, tmp_path):
    (tmp_path / "body.txt").write_text("größe", encoding="utf-8")
    assert json.loads(curl("tells", "-d", f"@{tmp_path}/body.txt").stdout)["body"] == "größe"
    done = subprocess.run(
        scf_command("curl", "tells", "-d", "@-"),
        check=True,
        input=b"piped",
        capture_output=True,
        env=child_environment(**server.env),
    )
    assert json.loads(done.stdout)["body"] == "piped"
    done = curl("tells", "-d", "@/nowhere/at/all")
    assert (done.returncode, done.stderr) == (14, "scf: error: /nowhere/at/all: No such file or directory\n")


def test_bytes_come_as_they_are(curl, server):
    config = json.dumps({"AuthType": "NONE", "NetConfig": NETWORK, "ApiGwCompatible": True})
    words = ("triggers", "add", "binary", "door", "--type", "http", "--config", config)
    subprocess.run(scf_command(*words), env=child_environment(**server.env), check=True, capture_output=True)
    done = subprocess.run(
        scf_command("curl", "binary", "/?bytes"), capture_output=True, env=child_environment(**server.env), check=True
    )
    assert done.stdout == bytes(range(256))


def test_the_head_of_an_answer_and_a_redirect_that_is_not_followed(curl):
    done = curl("tells", "/?status=302&to=/there", "-i")
    head, _, body = done.stdout.partition("\n\n")
    assert head.startswith("HTTP/1.1 302")
    assert "Location: /there" in head.splitlines()
    assert json.loads(body)
    assert done.returncode == 0


def test_a_bad_status_is_an_error_after_the_answer(curl):
    done = curl("tells", "/?status=404")
    assert json.loads(done.stdout)["path"] == "/"
    assert (done.returncode, done.stderr) == (10, "scf: error: HTTP 404 Not Found\n")
    done = curl("tells", "/?raise")
    assert json.loads(done.stdout)["statusCode"] == 430
    assert (done.returncode, done.stderr) == (10, "scf: error: HTTP 430; run: scf explain 430\n")


def test_a_url_that_asks_for_a_signature_gets_one(curl):
    done = curl("guarded", "/orders?x=1", "-d", "{}")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["queryString"] == {"x": "1"}
    assert curl("guarded", "--uin", "100000000002", "-X", "DELETE").returncode == 0
    refused = curl("guarded", "--no-cam")
    assert (refused.returncode, json.loads(refused.stdout)["statusCode"]) == (10, 401)
    assert curl("tells", "--cam").returncode == 0
    done = curl("guarded", "--uin", "me")
    assert (done.returncode, "uin 'me' is no UIN" in done.stderr) == (2, True)


def test_no_url_no_function(curl):
    done = curl("bare")
    assert (done.returncode, done.stdout) == (11, "")
    assert "ResourceNotFound.Trigger: function 'bare' has no URL; make one by scf triggers add" in done.stderr
    done = curl("tell")
    assert (done.returncode, "no function 'tell'; in namespace default" in done.stderr) == (11, True)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("tells", "orders"), "PATH must begin with a slash: /orders"),
        (("tells", "-H", "X-One"), "-H 'X-One' is no header; write 'Name: value'"),
        (("tells", "-H", "X One: 1"), "is no header"),
        (("tells", "-X", "G T"), "-X 'G T' is no method; write letters alone, such as PUT"),
        (("tells", "-X", "PUT\n"), "is no method"),
        (("tells", "-X", "GÉT"), "is no method"),
        (("tells", "-H", "X-One: a\nb"), "-H X-One: its value has letters that a header can't have"),
    ],
)
def test_what_is_no_request(run_scf, words, text):
    done = run_scf("curl", *words)
    assert (done.returncode, text in done.stderr) == (2, True)


@pytest.mark.parametrize("seconds", ["inf", "nan", "604801"])
def test_a_time_that_no_wait_can_take(curl, seconds):
    done = curl("tells", "--timeout", seconds)
    assert (done.returncode, done.stdout) == (14, "")
    assert "timeout must be above 0 and at most 604800 seconds, not" in done.stderr
