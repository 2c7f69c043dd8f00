"""Which site a request goes to: the API, a URL, or neither."""

import json
from urllib.parse import urlsplit

import pytest

from tests.conftest import Request
from tests.local.web.urls import Caller, ask, net_of, put_url

CLOUD = ".tencentscf.com"


def at(served, host, path="/", headers=None):
    """Ask the API's port, as this host."""
    return ask(f"http://{host}{path}", headers=headers or {}, port=served.scf.port)


def label(served, name):
    return urlsplit(served.url(name)).netloc.partition(".")[0]


@pytest.mark.parametrize("region", ["ap-guangzhou", "in.ap-guangzhou"])
@pytest.mark.parametrize("domain", ["localhost", "localhost:1", "tencentscf.com", "TencentSCF.com:443"])
def test_the_host_decides_by_whatever_domain_and_port(served, region, domain):
    got = at(served, f"{label(served, 'echo')}.{region}.{domain}", "/a")
    assert (got.status, got.json["path"]) == (200, "/a")


def test_the_path_form(served):
    base = served.local("echo")
    assert base.endswith(f"/{label(served, 'echo')}.ap-guangzhou")
    for path, seen, query in (
        ("", "/", {}),
        ("/", "/", {}),
        ("/a/b?c=d", "/a/b", {"c": "d"}),
        ("?c=d", "/", {"c": "d"}),
    ):
        got = ask(base + path)
        assert (got.status, got.json["path"], got.json["queryString"]) == (200, seen, query)
    with Caller(base) as caller:
        assert [caller("POST", f"{number}").json["body"] for number in range(3)] == ["0", "1", "2"]


def test_the_path_form_is_not_on_the_apis_port_and_the_api_not_on_its(served):
    path = urlsplit(served.local("echo")).path
    got = at(served, f"127.0.0.1:{served.scf.port}", path)
    assert "Response" in got.json
    port = urlsplit(served.local("echo")).port
    assert port != served.scf.port
    body = json.dumps({"FunctionName": "echo"}).encode()
    keys = (served.scf.env["TENCENTCLOUD_SECRETID"], served.scf.env["TENCENTCLOUD_SECRETKEY"])
    answer = Request(f"127.0.0.1:{port}", "InvokeFunction", body, *keys).send("127.0.0.1", port)
    assert answer.status == 404
    got = ask(f"http://127.0.0.1:{port}/_local/status", headers={"Authorization": "Bearer x"})
    assert (got.status, "Authorization" in got.message) == (404, False)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "a.localhost", "xtencentscf.com", "x.example."])
def test_a_host_that_is_none_of_ours_is_told_where_to_look_and_nothing_else(served, host):
    got = at(served, host)
    assert got.status == 404
    assert "scf local status" in got.message
    for name in ("echo", "1250000000", "ap-guangzhou"):
        assert name not in got.message


@pytest.mark.parametrize(
    "host",
    [
        "1250000000-aaaaaaaaaa.ap-guangzhou.localhost",
        "1250000000-aaaaaaaaaa.ap-guangzhou.tencentscf.com",
        f"www{CLOUD}",
    ],
)
def test_a_host_that_only_a_url_can_have_is_told_the_same(served, host):
    got = at(served, host, headers={"X-TC-Action": "InvokeFunction"})
    assert (got.status, "scf local status" in got.message) == (404, True)


def test_all_parts_of_a_host_have_to_fit(served):
    appid, _, own = label(served, "echo").partition("-")
    for host in (f"{appid}-{own}.ap-shanghai", f"1{appid}-{own}.ap-guangzhou", f"{appid}-{own[::-1]}.ap-guangzhou"):
        assert at(served, f"{host}.localhost").status == 404, host
        assert ask(served.local("echo").rpartition("/")[0] + f"/{host}").status == 404, host


@pytest.mark.parametrize("host", ["evil.example", "evil.example:1", "a.localhost:1"])
def test_the_path_form_takes_no_foreign_host(served, host):
    """A page whose own name leads to this machine (DNS rebinding) would have one."""
    got = ask(served.local("echo"), headers={"Host": host})
    assert (got.status, "scf local status" in got.message) == (404, True)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:80", "10.0.0.1:1", "scf-local:1"])
def test_the_path_form_takes_the_hosts_by_which_a_machine_is_called(served, host):
    assert ask(served.local("echo"), headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "a.localhost:1", "my.machine:8583", "scf-local", "scf.tencentcloudapi.com"]
)
def test_signed_requests_of_the_api_are_served_by_whatever_host(served, host):
    body = json.dumps({"FunctionName": "echo", "Event": '"hi"'}).encode()
    keys = (served.scf.env["TENCENTCLOUD_SECRETID"], served.scf.env["TENCENTCLOUD_SECRETKEY"])
    for _ in range(2):
        answer = Request(host, "InvokeFunction", body, *keys).send(served.scf.host, served.scf.port)
        assert answer.response["Result"]["RetMsg"] == '"hi"'


def test_forms_and_queries_of_the_api_are_served_by_whatever_host(served):
    """Clients of signature 1 have all in the form or in the query."""
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    got = ask("http://my.machine/", "POST", "Action=ListFunctions", form, port=served.scf.port)
    assert got.json["Response"]["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
    got = at(served, "my.machine", "/?Action=ListFunctions&SecretId=x")
    assert got.json["Response"]["Error"]["Code"] == "MissingParameter"


def test_a_custom_domain_with_its_routes(start_local_scf, tmp_path):
    for name in ("one", "two"):
        (tmp_path / "functions" / name).mkdir(parents=True)
        code = f"def main_handler(event, context):\n    return [{name!r}, event['path'], event['queryString']]\n"
        (tmp_path / "functions" / name / "index.py").write_text(code)
    server = start_local_scf(tmp_path / "functions", "--state", tmp_path / "state")
    put_url(server, "one")
    put_url(server, "two", Qualifier="$LATEST")
    rewrite = {"Path": "/two/old/*", "Type": "WildcardRules", "Rewrite": "/$"}
    routes = [
        {"PathMatch": "/*", "FunctionName": "one", "Qualifier": "$DEFAULT"},
        {"PathMatch": "/two/*", "FunctionName": "two", "PathRewrite": [rewrite]},
    ]
    fields = {"Domain": "www.example.com", "Protocol": "HTTP", "EndpointsConfig": routes}

    def seen(path, host="www.example.com"):
        got = ask(f"http://{host}{path}", port=server.port)
        return got.json if got.status == 200 else (got.status, got.message)

    assert seen("/")[0] == 404
    assert "Error" not in server.request("CreateCustomDomain", fields).response
    assert seen("/a?b=c") == ["one", "/a", {"b": "c"}]
    assert seen("/two/x", "WWW.example.com:1") == ["two", "/two/x", {}]
    assert seen("/two/old/x?b=c") == ["two", "/x", {"b": "c"}]
    assert seen("/", "www.example.com.evil.example")[0] == 404
    with Caller("http://www.example.com/", server.port) as caller:
        assert [caller("POST", "").json[0] for _ in range(3)] == ["one"] * 3
        changed = [{**routes[0], "FunctionName": "two", "Qualifier": "$LATEST"}]
        fields = {"Domain": "www.example.com", "EndpointsConfig": changed}
        assert "Error" not in server.request("UpdateCustomDomain", fields).response
        assert caller("POST", "").json[0] == "two"
    code, message = server.error("DeleteTrigger", {"FunctionName": "two", "TriggerName": "url", "Type": "http"})
    assert (code, "'www.example.com'" in message) == ("FailedOperation.DeleteTrigger.UrlUsed", True)
    fields = {"FunctionName": "one", "TriggerName": "url", "Type": "http"}
    assert "Error" not in server.request("DeleteTrigger", fields).response


def test_a_route_to_a_function_without_a_url_leads_nowhere(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(tmp_path / "functions")
    routes = [{"PathMatch": "/it/*", "FunctionName": "it", "Qualifier": "$LATEST"}]
    routes += [{"PathMatch": "/no/*", "FunctionName": "missing"}]
    fields = {"Domain": "www.example.com", "Protocol": "HTTP", "EndpointsConfig": routes}
    assert "Error" not in server.request("CreateCustomDomain", fields).response
    for path in ("/it/", "/no/", "/"):
        assert ask(f"http://www.example.com{path}", port=server.port).status == 404, path
    put_url(server, "it", Qualifier="$DEFAULT")  # another name of the same version
    assert ask("http://www.example.com/it/", port=server.port).json == 1


def test_no_custom_domain_takes_a_host_of_the_api(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(tmp_path / "functions")
    put_url(server, "it")
    routes = [{"PathMatch": "/*", "FunctionName": "it", "Qualifier": "$DEFAULT"}]
    fields = {"Domain": "scf.tencentcloudapi.com", "Protocol": "HTTP", "EndpointsConfig": routes}
    assert "Error" not in server.request("CreateCustomDomain", fields).response
    assert "Response" in ask("http://scf.tencentcloudapi.com/", port=server.port).json


def test_the_usual_port_of_path_forms_or_a_free_one(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "index.py").write_text("def main_handler(event, context):\n    return 1\n")
    server = start_local_scf(tmp_path / "functions", "--url-port", 0)
    url = put_url(server, "it")["LocalUrl"]
    assert net_of(server, "it")["LocalUrl"] == url
    assert ask(url).json == 1
