"""Custom domains: kept, shown, and there for the next server."""

import pytest

DOMAIN = "www.example.com"
ROUTE = {"PathMatch": "/aa/*", "Namespace": "default", "FunctionName": "it", "Qualifier": "$LATEST"}
REWRITE = {"Path": "/aa/bb/*", "Type": "WildcardRules", "Rewrite": "/$"}
NEW = {"Domain": DOMAIN, "Protocol": "HTTP", "EndpointsConfig": [{**ROUTE, "PathRewrite": [REWRITE]}]}
BARE = {
    "CertConfig": {"CertificateId": ""},
    "WafConfig": {"WafOpen": "CLOSE", "WafInstanceId": ""},
    "Tags": [],
}


def write_function(place):
    (place / "functions" / "it").mkdir(parents=True)
    (place / "functions" / "it" / "index.py").write_text("def main_handler(event, context): pass\n")
    return place / "functions"


@pytest.fixture
def folder(tmp_path):
    return write_function(tmp_path)


@pytest.fixture
def server(start_local_scf, folder):
    return start_local_scf(folder, "--state", folder.parent / "state")


@pytest.fixture(scope="module")
def untouched(start_for_all, tmp_path_factory):
    """A server for all that is refused."""
    return start_for_all(write_function(tmp_path_factory.mktemp("untouched")))


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    del response["RequestId"]
    return response


def test_a_domain_is_shown_as_it_was_given_also_by_the_next_server(server, start_local_scf, folder):
    do(server, "CreateCustomDomain", **NEW)
    shown = {**NEW, **BARE}
    assert do(server, "GetCustomDomain", Domain=DOMAIN) == shown
    assert do(server, "ListCustomDomains") == {"Total": 1, "Domains": [shown]}
    server.stop()
    again = start_local_scf(folder, "--state", folder.parent / "state")
    assert do(again, "GetCustomDomain", Domain=DOMAIN) == shown
    do(again, "DeleteCustomDomain", Domain=DOMAIN)
    assert do(again, "ListCustomDomains") == {"Total": 0, "Domains": []}
    assert again.error("GetCustomDomain", {"Domain": DOMAIN})[0] == "FailedOperation.Domain.UnExist"


def test_what_an_update_leaves_out_stays(server):
    do(server, "CreateCustomDomain", **NEW, Tags=[{"Key": "a", "Value": "b"}])
    do(server, "UpdateCustomDomain", Domain=DOMAIN, WafConfig={"WafOpen": "OPEN", "WafInstanceId": "waf-1"})
    code, message = server.error("UpdateCustomDomain", {"Domain": DOMAIN, "Protocol": "HTTPS"})
    assert (code, "CertificateId" in message) == ("FailedOperation.Ssl", True)
    do(server, "UpdateCustomDomain", Domain=DOMAIN, Protocol="HTTP&HTTPS", CertConfig={"CertificateId": "c-1"})
    do(server, "UpdateCustomDomain", Domain=DOMAIN, EndpointsConfig=[{**ROUTE, "PathMatch": "/"}])
    assert do(server, "GetCustomDomain", Domain=DOMAIN) == {
        "Domain": DOMAIN,
        "Protocol": "HTTP&HTTPS",
        "EndpointsConfig": [{**ROUTE, "PathMatch": "/", "PathRewrite": []}],
        "CertConfig": {"CertificateId": "c-1"},
        "WafConfig": {"WafOpen": "OPEN", "WafInstanceId": "waf-1"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def test_a_domain_belongs_to_one_region(server):
    do(server, "CreateCustomDomain", **NEW)
    code, message = server.error("CreateCustomDomain", {**NEW, "Domain": "WWW.example.com"}, region="ap-shanghai")
    assert (code, "region ap-guangzhou" in message) == ("InvalidParameterValue.Domain", True)
    code, message = server.error("DeleteCustomDomain", {"Domain": DOMAIN}, region="ap-shanghai")
    assert (code, "region ap-guangzhou" in message) == ("FailedOperation.Domain.UnExist", True)
    assert server.request("ListCustomDomains", {}, region="ap-shanghai").response["Total"] == 0


def test_domains_are_ordered_and_filtered(server):
    for name, function in (("a.example.com", "one"), ("b.example.com", "two"), ("c.example.com", "one")):
        do(
            server,
            "CreateCustomDomain",
            **{**NEW, "Domain": name, "EndpointsConfig": [{**ROUTE, "FunctionName": function}]},
        )
    do(server, "UpdateCustomDomain", Domain="a.example.com", Protocol="HTTP")

    def names(**parameters):
        return [each["Domain"][0] for each in do(server, "ListCustomDomains", **parameters)["Domains"]]

    assert names() == ["c", "b", "a"]
    assert names(OrderBy="ModTime") == ["a", "c", "b"]
    assert names(Order="ASC", Offset=1, Limit=1) == ["b"]
    assert names(Filters=[{"Name": "FunctionName", "Values": ["one"]}], Order="ASC") == ["a", "c"]
    assert names(Filters=[{"Name": "Domain", "Values": ["b.example.com", "x"]}]) == ["b"]
    assert names(Filters=[{"Name": "Domain", "Values": ["B.Example.com"]}]) == ["b"]


@pytest.mark.parametrize(
    "filters", [[{"Name": "Domain", "Values": ["x"]}] * 11, [{"Name": "Domain", "Values": ["x"] * 6}]]
)
def test_there_are_ten_filters_of_five_values_at_most(untouched, filters):
    for action in ("ListCustomDomains", "ListFunctions"):
        assert untouched.error(action, {"Filters": filters})[0] == "InvalidParameterValue"


@pytest.mark.parametrize("tag", [{"Key": "k" * 400, "Value": "v"}, {"Key": "k", "Value": "v" * 400}])
def test_a_tag_is_as_long_as_that_of_a_layer_at_most(untouched, tag):
    code, message = untouched.error("CreateCustomDomain", {**NEW, "Tags": [tag]})
    assert (code, "400 characters" in message) == ("InvalidParameterValue", True)


@pytest.mark.parametrize("target", ["x/$", "/a b/$", "/订单/$", "/x\r\nX-Scf-Uin: 1/$", "/\x7f", "/" + "x" * 512])
def test_a_path_is_rewritten_to_what_a_request_line_can_hold(untouched, target):
    routes = [{**ROUTE, "PathRewrite": [{**REWRITE, "Rewrite": target}]}]
    code, message = untouched.error("CreateCustomDomain", {**NEW, "EndpointsConfig": routes})
    assert (code, "must be a path" in message) == ("InvalidParameterValue", True)
