"""Who may come in."""

from urllib.parse import urlsplit

import pytest

from tests.local.web.urls import CORS, Caller, ask

SHOP = {"Origin": "https://shop.example"}
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-one"}
CROSS = {"Sec-Fetch-Site": "cross-site"}


def own_origin(url):
    return "/".join(url.split("/")[:3])


@pytest.mark.parametrize("form", ["url", "local"])
@pytest.mark.parametrize(
    "headers",
    [
        CROSS,
        {"Sec-Fetch-Site": "Cross-Site"},
        {**CROSS, "Sec-Fetch-Mode": "navigate"},
        SHOP,
        {**SHOP, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://" + "x" * 400},
    ],
    ids=repr,
)
def test_a_page_of_another_site_is_refused(served, form, headers):
    got = ask(getattr(served, form)("echo"), "POST", "{}", headers)
    assert got.status == 403
    assert "CorsConfig of the trigger 'url'" in got.message
    assert got.values("access-control-allow-origin") == []


def test_a_page_of_another_site_is_told_on_the_console(served):
    ask(served.url("echo"), headers={"Origin": "https://told.example"})
    assert "[echo] has a URL that refuses a page. A page of 'https://told.example'" in served.scf.settled_stderr()


@pytest.mark.parametrize("form", ["url", "local"])
def test_the_urls_own_pages_and_programs_without_a_page_come_in(served, form):
    url = getattr(served, form)("echo")
    for headers in (
        {},
        {"Origin": own_origin(url)},
        {"Origin": own_origin(url).upper(), "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Referer": "https://shop.example/"},
    ):
        assert ask(url, headers=headers).status == 200, headers


@pytest.mark.parametrize("form", ["url", "local"])
def test_what_decides_must_not_come_twice(served, form):
    url = getattr(served, form)("echo")
    own = {"Host": urlsplit(url).netloc, "Origin": own_origin(url)}
    for name, other in (("Host", "evil.example"), ("Origin", "https://shop.example")):
        got = ask(url, headers=[*own.items(), (name, other)])
        assert (got.status, got.message) == (400, f"The header {name.lower()} is sent twice.")
    assert ask(url, headers=own).status == 200


def test_a_url_is_no_origin_of_another_url(served):
    assert ask(served.url("echo"), headers={"Origin": own_origin(served.url("say"))}).status == 403


def test_an_origin_that_the_configuration_allows_comes_in_and_is_told_so(served):
    got = ask(served.url("shop"), "POST", '{"statusCode": 200, "headers": {"access-control-allow-origin": "x"}}', SHOP)
    assert got.status == 200
    assert got.values("access-control-allow-origin") == ["https://shop.example"]
    assert got.values("access-control-allow-credentials") == ["true"]
    assert got.values("access-control-expose-headers") == CORS["ExposeHeaders"]
    assert got.values("vary") == ["Origin"]
    assert ask(served.url("shop"), headers={"Origin": "https://other.example"}).status == 403
    assert ask(served.url("shop"), headers=CROSS).status == 403
    assert ask(served.url("everyone"), headers=CROSS).status == 200
    got = ask(served.url("everyone"), headers={"Origin": "https://other.example", **CROSS})
    assert (got.status, got.values("access-control-allow-origin")) == (200, ["*"])


def test_a_failure_of_the_function_is_told_to_the_page_too(served):
    got = ask(served.url("shop"), "POST", "no json", SHOP)
    assert (got.status, got.values("access-control-allow-origin")) == (430, ["https://shop.example"])


def test_a_preflight_is_answered_by_the_url_and_reaches_no_function(served):
    with Caller(served.url("shop")) as caller:
        got = caller("OPTIONS", headers={**SHOP, **PREFLIGHT})
        assert (got.status, got.body) == (204, b"")
        assert got.values("access-control-allow-origin") == ["https://shop.example"]
        assert got.values("access-control-allow-methods") == ["PUT"]
        assert got.values("access-control-allow-headers") == ["x-one, x-two"]
        assert got.values("access-control-max-age") == ["10"]
        assert len(got.values("x-scf-request-id")) == 1
        assert caller("POST", '{"statusCode": 200}', SHOP).status == 200
    assert ask(served.url("shop"), "OPTIONS", headers={**PREFLIGHT, "Origin": "https://other.example"}).status == 403
    got = ask(served.url("everyone"), "OPTIONS", headers={**PREFLIGHT, **SHOP})
    assert (got.status, got.values("access-control-allow-headers")) == (204, ["x-one"])


def test_what_asks_for_headers_can_not_write_lines(served):
    got = ask(
        served.url("everyone"),
        "OPTIONS",
        headers={**PREFLIGHT, **SHOP, "Access-Control-Request-Headers": "x\x0bSet-Cookie: a"},
    )
    assert got.values("access-control-allow-headers") == []


def test_options_reaches_the_function_where_it_is_no_preflight_of_the_url(served):
    assert ask(served.url("echo"), "OPTIONS").json["httpMethod"] == "OPTIONS"
    assert ask(served.url("everyone"), "OPTIONS", headers=SHOP).json["httpMethod"] == "OPTIONS"


def test_the_callers_own_headers_of_the_platform_are_stripped(served):
    given = {
        "X-Scf-Remote-Addr": "6.6.6.6",
        "X-SCF-Uin": "1",
        "x-scf-secret-key": "k",
        "X-Scfx": "stays",
        "X_Scf_Uin": "1",
    }
    headers = ask(served.url("echo"), headers=given).json["headers"]
    assert {name: value for name, value in headers.items() if name.startswith(("x-scf", "x_scf"))} == {
        "x-scf-remote-addr": "127.0.0.1",
        "x-scfx": "stays",
    }


def test_a_network_that_the_trigger_does_not_open(served):
    inner, outer = served.nets["inner"], served.nets["outer"]
    assert (inner["ExtranetUrl"], outer["IntranetUrl"], outer["IntranetHTTPUrl"]) == ("", "", "")
    assert ask(inner["IntranetUrl"]).status == ask(outer["ExtranetUrl"]).status == 200
    got = ask(inner["IntranetUrl"].replace(".in.", "."))
    assert (got.status, "EnableExtranet false" in got.message) == (403, True)
    got = ask(outer["ExtranetUrl"].replace(".ap-", ".in.ap-"))
    assert (got.status, "EnableIntranet false" in got.message) == (403, True)
    assert ask(inner["LocalUrl"]).status == ask(outer["LocalUrl"]).status == 200
