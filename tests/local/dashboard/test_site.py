"""Who is let in, who is not, and what every answer forbids; and that each address of the contract is served."""

import asyncio
import json
import socket
from types import SimpleNamespace

import pytest

from tencentserverless.local.dashboard import site
from tencentserverless.local.http.messages import Request
from tests.conftest import wait_until
from tests.local.dashboard.visiting import API, CONTRACT, Visitor, check_schema, link_of, send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFE_QUERY = "?region=ap-guangzhou&namespace=default&function=echo&request_id=none&part=event"


def test_a_link_signs_one_browser_in_and_leaves_no_key_in_the_address(server):
    link = link_of(server)
    assert send(server, "HEAD", link).status == 403  # what looks at a link before its user does not use it up
    entered = send(server, "GET", link)
    assert (entered.status, entered.headers["location"], entered.body) == (303, "/_local/", b"")
    name, _, rest = entered.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == f"scf_dashboard_{server.port}"
    assert attributes == ["Path=/_local", "HttpOnly", "SameSite=Strict"]
    assert entered.headers["referrer-policy"] == "no-referrer"
    assert link.partition("key=")[2] not in value
    home = send(server, "GET", "/_local/", Cookie=f"{name}={value}")
    assert home.status == 200
    assert home.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("key", ["", "?key=", "?key=wrong", "?key=%00"])
def test_a_wrong_or_used_link_is_403_with_the_way_to_another(server, key):
    used = link_of(server)
    assert send(server, "GET", used).status == 303
    for path in (f"/_local/open{key}", used):
        refused = send(server, "GET", path)
        assert refused.status == 403
        assert "set-cookie" not in refused.headers
        text = refused.body.decode()
        assert "scf local open" in text
        assert "链接" in text


def test_each_address_of_the_contract_is_for_browsers_that_have_signed_in(server, visitor):
    for path, operations in CONTRACT["paths"].items():
        for method in operations:
            changed = {"Origin": server.url, "X_Scf_Csrf": visitor.csrf}
            refused = send(server, method.upper(), path + SAFE_QUERY, **changed)
            assert (refused.status, refused.code) == (403, "not_signed_in"), path
            assert send(server, method.upper(), path, Cookie=f"{visitor.cookie}x", **changed).code == "not_signed_in"
            assert refused.headers["content-security-policy"] == POLICY
    for path in ("/_local/static/app.js", "/_local/api/none", "/_local/"):
        assert send(server, "GET", path).status == 403


def test_another_host_is_refused_also_with_a_session(server, visitor):
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "0.0.0.0"):
        for path in ("/_local/", f"{API}session", link_of(server)):
            refused = send(server, "GET", path, Host=host, Cookie=visitor.cookie)
            assert refused.status in (403, 404), (host, path)
            assert "set-cookie" not in refused.headers
    assert send(server, "GET", f"{API}session", Host=f"localhost:{server.port}", Cookie=visitor.cookie).status == 200


@pytest.mark.parametrize(
    ("origin", "csrf", "code"),
    [
        ("OWN", "OWN", None),
        ("OWN", "", "csrf"),
        ("OWN", "wrong", "csrf"),
        ("OWN", "COOKIE", "csrf"),
        ("", "OWN", "origin"),
        ("null", "OWN", "origin"),
        ("https://evil.example", "OWN", "origin"),
        ("HTTPS", "OWN", "origin"),
        ("PORT", "OWN", "origin"),
    ],
)
def test_a_change_needs_the_exact_origin_and_the_token(server, visitor, origin, csrf, code):
    named = {
        "OWN": server.url,
        "HTTPS": server.url.replace("http:", "https:"),
        "PORT": f"http://{server.host}:{server.port + 1}",
    }
    tokens = {"OWN": visitor.csrf, "COOKIE": visitor.cookie.partition("=")[2]}
    headers = {"Cookie": visitor.cookie, "X_Scf_Csrf": tokens.get(csrf, csrf), "Origin": named.get(origin, origin)}
    kept = {name: value for name, value in headers.items() if value}
    visitor.change("PUT", "ledger", {"is_on": False})
    got = send(server, "PUT", f"{API}ledger", {"is_on": True}, **kept)
    assert (got.status, got.code if got.status != 200 else None) == (403 if code else 200, code)
    assert visitor.get("ledger")["is_on"] is (code is None)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_read_nothing_and_may_lead_to_the_dashboard(server, visitor, site):
    refused = send(server, "GET", f"{API}session", Cookie=visitor.cookie, Sec_Fetch_Site=site)
    assert (refused.status, refused.code) == (403, "origin")
    bounced = send(server, "GET", "/_local/", Sec_Fetch_Site=site)  # a browser sends no cookie of SameSite=Strict here
    assert bounced.status == 200
    assert b'http-equiv="refresh" content="0;url=/_local/"' in bounced.body
    assert b"script" not in bounced.body
    assert send(server, "GET", "/_local/", Sec_Fetch_Site="same-origin").status == 403  # no second bounce


def test_no_answer_may_be_framed_sniffed_stored_or_share_its_data(server, visitor):
    for path in ("/_local/", "/_local/static/app.js", f"{API}session", f"{API}none", f"{API}faults"):
        headers = send(server, "GET", path, Cookie=visitor.cookie).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == ("no-cache" if path in ("/_local/", "/_local/static/app.js") else "no-store")
        assert "access-control-allow-origin" not in headers
        assert server.env["TENCENTCLOUD_SECRETKEY"] not in str(headers)


def test_what_is_not_there_is_404_and_the_pages_are_only_read(server, visitor):
    for path in (f"{API}none", f"{API}", "/_local/static/", "/_local/static/none.js", "/_local/static/../__init__.py"):
        got = send(server, "GET", path, Cookie=visitor.cookie)
        assert (got.status, got.code) == (404, "not_found"), path
    changed = {"Cookie": visitor.cookie, "Origin": server.url, "X_Scf_Csrf": visitor.csrf}
    assert send(server, "POST", "/_local/", **changed).status == 405
    assert send(server, "DELETE", f"{API}session", **changed).status == 404


def test_the_endpoint_for_programs_is_as_it_was(server, visitor):
    bearer = {"Authorization": f"Bearer {server.env['TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN']}"}
    assert send(server, "GET", "/_local/status", **bearer).status == 200
    assert send(server, "GET", "/_local/status", Cookie=visitor.cookie).status == 401
    assert send(server, "GET", f"{API}session", **bearer).code == "not_signed_in"
    assert send(server, "POST", "/_local/links").status == 401


def test_a_session_outlives_the_server_and_ends_with_its_keys(functions, start_local_scf, tmp_path):
    state = tmp_path / "state"
    server = start_local_scf(functions, "--state", state)
    visitor = Visitor(server)
    before = visitor.get("session")
    assert server.stop() == 0
    again = start_local_scf(functions, "--state", state, "--port", server.port)
    visitor.server = again
    after = visitor.get("session")
    assert after["csrf_token"] == before["csrf_token"]
    assert after["server_id"] != before["server_id"]
    assert visitor.change("PUT", "ledger", {"is_on": True})["is_on"]
    assert again.stop() == 0
    other = start_local_scf(functions, "--port", server.port)  # with keys of its own
    assert send(other, "GET", f"{API}session", Cookie=visitor.cookie).code == "not_signed_in"


def test_who_signs_out_has_no_cookie(visitor):
    got = visitor.ask("POST", "sign-out")
    assert got.value == {}
    name = visitor.cookie.partition("=")[0]
    assert got.headers["set-cookie"] == f"{name}=; Path=/_local; HttpOnly; SameSite=Strict; Max-Age=0"


def test_the_body_of_a_stranger_is_not_read_and_one_that_is_too_large_is_refused(server, visitor):
    with socket.create_connection((server.host, server.port), 20) as connection:
        head = f"POST {API}call HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 100000000\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")
    changed = {"Cookie": visitor.cookie, "Origin": server.url, "X_Scf_Csrf": visitor.csrf}
    got = send(server, "POST", f"{API}call", b"x" * 100, Content_Length="100000000", **changed)
    assert (got.status, got.code) == (413, "too_large")
    got = send(server, "POST", f"{API}call", b"\xff{", **changed)
    assert (got.status, got.code) == (400, "parameter")


def test_the_session_tells_the_browsers_language(server, visitor):
    for accepted, language in (("zh-CN,zh;q=0.9", "zh"), ("en,zh", "en"), ("", "en")):
        got = send(server, "GET", f"{API}session", Cookie=visitor.cookie, Accept_Language=accepted)
        assert got.value["language"] == language
        assert (got.value["region"], got.value["is_ephemeral"]) == ("ap-guangzhou", True)


def test_other_machines_get_it_with_tls_alone(functions, start_local_scf):
    server = start_local_scf(functions, "--host", "0.0.0.0")
    server.host = "127.0.0.1"
    refused = send(server, "GET", "/_local/")
    assert refused.status == 403
    assert b"--tls" in refused.body
    bearer = {"Authorization": f"Bearer {server.env['TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN']}"}
    refused = send(server, "POST", "/_local/links", **bearer)
    assert refused.status == 403
    assert "--tls" in json.loads(refused.body)["error"]


def test_the_lines_of_the_terminal_go_on_from_a_cursor(visitor):
    visitor.invoke("fails", 1)
    first = visitor.get("logs")
    assert any("about to fail" in line for line in first["items"])
    assert visitor.get("logs", after=first["next"])["items"] == []
    visitor.invoke("fails", 2)
    wait_until(lambda: any("no: 2" in line for line in visitor.get("logs", after=first["next"])["items"]))
    assert visitor.ask("GET", "logs", after="x").code == "parameter"


async def _fail(*_):
    raise ZeroDivisionError("the words of a defect")


def _fail_at_once(*_):
    raise PermissionError("the words of a defect")


def ask_inside(path):
    """The answer to a browser that has signed in, and what the terminal is told."""
    told = []

    async def ask():
        facts = SimpleNamespace(is_tls=False, port=1)
        engine = SimpleNamespace(tell=told.append)
        dashboard = site.Dashboard(SimpleNamespace(facts=facts, settings=SimpleNamespace(host="h"), engine=engine))
        request, answered = Request("GET", path, []), asyncio.get_running_loop().create_future()
        request.found = site._Visitor("session")
        dashboard.handle(request, SimpleNamespace(send=answered.set_result))
        return await asyncio.wait_for(answered, 10)

    return asyncio.run(ask()), told


@pytest.mark.parametrize(
    ("place", "path", "fails"),
    [
        ("function_page.show_function", b"/_local/api/function", _fail),
        ("chaos_page.show_faults", b"/_local/api/faults", _fail_at_once),
        ("files.Files.answer", b"/_local/", _fail_at_once),
        ("files.Files.answer", b"/_local/static/app.js", _fail_at_once),
    ],
)
def test_a_defect_of_the_dashboard_is_answered_and_its_words_are_told_on_the_terminal_alone(
    monkeypatch, place, path, fails
):
    monkeypatch.setattr(f"{site.__name__}.{place}", fails)
    answer, told = ask_inside(path)
    refusal = json.loads(answer.body)
    check_schema("Refusal", refusal)
    assert (answer.status, refusal["code"]) == (500, "internal")
    assert b"words of a defect" not in answer.body
    assert len(told) == 1
    assert path.decode() in told[0]
    assert "the words of a defect" in told[0]


def test_the_path_of_a_file_whose_name_is_not_utf_8_can_be_shown(monkeypatch):
    notice = {"text": "/functions/caf\udce9/template.yaml is empty: ignored", "values": ({"é": 1},)}

    async def show(_query, _sources):
        return notice

    monkeypatch.setattr(f"{site.__name__}.function_page.show_function", show)
    answer, told = ask_inside(b"/_local/api/function")
    assert (answer.status, told) == (200, [])
    assert json.loads(answer.body) == {**notice, "values": [{"é": 1}]}
