"""Pages that functions serve by their URLs, in a real browser: what a page may ask of its own URL and of others."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Browser
from tests.conftest import FUNCTION_VARIABLES, LOOK_SECONDS, LocalScf, Starter

pytestmark = [pytest.mark.proof]

#: Shows a page, and tells what of a request has come.
PAGE = """
import json

HTML = "<!doctype html><title>{path}</title><h1>Hello from {path}</h1><a href='{to}'>there</a>"

def main_handler(event, context):
    headers = {"Content-Type": "text/html; charset=utf-8"}
    query = event["queryString"]
    if query.get("page"):
        return {"statusCode": 200, "headers": headers, "body": HTML.format(path=event["path"], to=query["page"])}
    if query.get("cookies"):
        cookies = ["first=1; Path=/; HttpOnly", "second=zwei%20; Path=/; SameSite=Lax"]
        return {"statusCode": 302, "headers": {"Location": "/back", "Set-Cookie": cookies}, "body": ""}
    seen = {name: event[name] for name in ("httpMethod", "path", "queryString", "body")}
    print("saw", event["httpMethod"], event["path"])
    seen["cookie"] = event["headers"].get("cookie")
    seen["mark"] = event["headers"].get("x-mark")
    more = {"Content-Type": "application/json", "X-Seen": "yes", "X-Other": "yes"}
    return {"statusCode": 200, "headers": more, "body": json.dumps(seen)}
"""
FETCH = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return {status: answer.status, headers: [...answer.headers.keys()], body: await answer.json()};
    } catch (error) {
        return error.message;
    }
}"""
REFUSED = "Failed to fetch"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    folder = tmp_path_factory.mktemp("pages")
    for name in ("page", "closed", "open"):
        place = folder / "functions" / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(PAGE)
    with ExitStack() as stack:
        yield Starter(folder, stack)(folder / "functions", env=FUNCTION_VARIABLES)


def open_url(server: LocalScf, function: str, cors: dict[str, object] | None = None, **more: object) -> str:
    """Give a function a URL, or change the one that it has; its address for browsers."""
    described = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}, **more}
    if cors is not None:
        described["CorsConfig"] = {"Enable": True, **cors}
    trigger = {"FunctionName": function, "TriggerName": "url", "Type": "http", "TriggerDesc": json.dumps(described)}
    made = server.request("CreateTrigger", {**trigger, "Qualifier": "$DEFAULT"}).response
    if "Error" in made:
        assert made["Error"]["Code"] == "ResourceInUse.Trigger", made
        made = server.request("UpdateTrigger", trigger).response
        assert "Error" not in made, made
    (shown,) = server.request("ListTriggers", {"FunctionName": function}).response["Triggers"]
    return json.loads(shown["TriggerDesc"])["NetConfig"]["ExtranetUrl"]


def test_a_page_with_cookies_by_the_name_below_localhost(server: LocalScf, browser: Browser) -> None:
    url = open_url(server, "page")
    seen = browser.ask("visit", f"{url}/a%20b/%E5%87%BD?page=/next")
    assert (seen["status"], seen["headers"]["content-type"]) == (200, "text/html; charset=utf-8")
    assert seen["text"].startswith("Hello from /a%20b/%E5%87%BD")
    after = browser.ask("visit", f"{url}/?cookies=1")
    assert after["url"] == f"{url}/back"
    assert json.loads(after["text"])["cookie"] == "first=1; second=zwei%20"
    assert [(each["name"], each["httpOnly"]) for each in browser.ask("cookies")] == [("first", True), ("second", False)]


def test_a_page_asks_its_own_url(server: LocalScf, browser: Browser) -> None:
    browser.ask("visit", open_url(server, "page") + "/?page=/next")
    sent = {"method": "PUT", "body": '{"name": "函数"}', "headers": {"X-Mark": "m", "Content-Type": "application/json"}}
    answer = browser.ask("run", FETCH, ["/rest?a=1&a=2&b=%26", sent])
    assert answer["status"] == 200
    assert answer["body"] == {
        "httpMethod": "PUT",
        "path": "/rest",
        "queryString": {"a": "2", "b": "&"},
        "body": '{"name": "函数"}',
        "cookie": None,
        "mark": "m",
    }
    assert browser.ask("click", "a")["url"].endswith("/next")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_page_of_another_url_is_refused_without_cors(server: LocalScf, browser: Browser, method: str) -> None:
    browser.ask("visit", open_url(server, "page") + "/?page=/next")
    closed = open_url(server, "closed")
    assert browser.ask("run", FETCH, [f"{closed}/secret", {"method": method}]) == REFUSED
    # Nor does it run unseen, as a request without cors would let it.
    browser.ask("run", "url => fetch(url, {mode: 'no-cors', method: 'POST'}).then(() => 0)", f"{closed}/secret")
    assert "/secret" not in server.settled_stderr()


def test_a_page_that_cors_names_may_call(server: LocalScf, browser: Browser) -> None:
    page = open_url(server, "page")
    cors = {
        "Origins": [page],
        "Methods": ["PATCH"],
        "Headers": ["x-mark", "content-type"],
        "ExposeHeaders": ["X-Seen"],
        "MaxAge": 10,
        "Credentials": True,
    }
    there = open_url(server, "open", cors)
    browser.ask("visit", f"{there}/?cookies=1")
    browser.ask("visit", f"{page}/?page=/next")
    sent = {"method": "PATCH", "body": "{}", "headers": {"X-Mark": "m", "Content-Type": "application/json"}}
    answer = browser.ask("run", FETCH, [f"{there}/rest", {**sent, "credentials": "include"}])
    assert (answer["body"]["httpMethod"], answer["body"]["mark"]) == ("PATCH", "m")
    assert answer["body"]["cookie"] == "first=1; second=zwei%20"
    assert answer["headers"] == ["content-length", "content-type", "x-seen"]
    without = browser.ask("run", FETCH, [f"{there}/rest", sent])
    assert without["body"]["cookie"] is None
    # What the preflight does not allow, the browser does not send.
    assert browser.ask("run", FETCH, [f"{there}/deleted", {"method": "DELETE"}]) == REFUSED
    assert browser.ask("run", FETCH, [f"{there}/deleted", {"headers": {"X-Else": "1"}}]) == REFUSED
    assert "/deleted" not in server.settled_stderr()


def test_cors_of_other_origins_and_of_all(server: LocalScf, browser: Browser) -> None:
    page = open_url(server, "page")
    browser.ask("visit", f"{page}/?page=/next")
    there = open_url(server, "open", {"Origins": ["https://example.com"]})
    assert browser.ask("run", FETCH, [there, {}]) == REFUSED
    there = open_url(server, "open", {"Origins": ["*"]})
    assert browser.ask("run", FETCH, [there, {}])["status"] == 200
    there = open_url(server, "open", {"Origins": [page], "Enable": False})
    assert browser.ask("run", FETCH, [there, {}]) == REFUSED


def test_a_url_of_authtype_cam_shows_a_browser_nothing(server: LocalScf, browser: Browser) -> None:
    seen = browser.ask("visit", open_url(server, "closed", AuthType="CAM") + "/by-hand")
    assert (seen["status"], json.loads(seen["text"])["statusCode"]) == (401, 401)
    assert "www-authenticate" not in seen["headers"]  # which would ask the user for a password
    open_url(server, "closed")
    assert browser.ask("visit", seen["url"])["status"] == 200


class Page(BaseHTTPRequestHandler):
    """A page of another site: it links to an address, sends a form there, and shows it as an image."""

    def do_GET(self) -> None:
        """Send the page."""
        to = parse_qs(urlsplit(self.path).query).get("to", [""])[0]  # the browser asks for an icon too
        form = f"<form method=post action='{to}/sent'><button>y</button></form>"
        words = f"<a href='{to}/linked'>x</a>{form}<img src='{to}/shown'>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    """The port of a site that is none of ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        thread = Thread(target=site.serve_forever, args=(LOOK_SECONDS,))
        thread.start()
        yield site.server_port
        site.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_runs_nothing(server: LocalScf, browser: Browser, other_port: int, host: str) -> None:
    url = open_url(server, "closed")
    address = f"http://{host}:{other_port}/?to={url}"
    browser.ask("visit", address)
    browser.ask("run", "url => fetch(url, {mode: 'no-cors'}).then(() => 0)", f"{url}/fetched")
    for selector in ("a", "button"):
        browser.ask("visit", address)
        seen = browser.ask("click", selector)
        assert (seen["status"], json.loads(seen["text"])["statusCode"]) == (403, 403)
    browser.ask("visit", f"{url}/typed")
    said = server.settled_stderr()
    assert "[closed] saw GET /typed" in said
    for path in ("fetched", "linked", "sent", "shown"):
        assert not re.search(rf"\[closed\] saw \w+ /{path}", said)
    there = open_url(server, "open", {"Origins": ["*"]})
    browser.ask("visit", f"http://{host}:{other_port}/?to={there}")
    assert browser.ask("click", "a")["status"] == 200
