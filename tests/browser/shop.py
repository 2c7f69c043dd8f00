"""A small shop of functions, and what happened there: what the pages of the dashboard show in tests and in pictures."""

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tencentserverless.local.control import ask
from tests.conftest import FUNCTION_VARIABLES, LocalScf, wait_until
from tests.local.worker.web_functions import LANG_PYTHON

RUNTIME = FUNCTION_VARIABLES["OWN_RUNTIME"]
#: The line that fails is the sixth.
ORDER = """
PRICES = {"tea": 3}


def main_handler(event, context):
    return {"item": event["item"], "price": PRICES[event["item"]]}
""".lstrip()
MENDED = ORDER.replace('{"tea": 3}', '{"tea": 3, "cake": 5}')
FAILING_LINE = 1 + ORDER.split("\n").index('    return {"item": event["item"], "price": PRICES[event["item"]]}')
MAIL = """
def main_handler(event, context):
    raise ConnectionError("the mail server at mail.example.com does not answer")
"""
REPORT = """
def main_handler(event, context):
    print("the report of", event.get("Time", "today"))
    return {"orders": 12}
"""
VIDEO = """
import time

def main_handler(event, context):
    time.sleep(600)
"""
#: Text that a page must only show.
ECHO = """
def main_handler(event, context):
    print("\\x1b[31mred\\x1b[0m <script>document.title = 'printed'</script>")
    if event.get("size"):
        return "x" * event["size"]
    return "<img src=x onerror=\\"document.title = 'returned'\\"><script>document.title = 'returned'</script>"
"""
PAGE = """
import json

def main_handler(event, context):
    if event["path"] == "/broken":
        return {"statusCode": 503, "headers": {"Content-Type": "text/plain"}, "body": "closed"}
    return {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<h1>Tea 3, cake 5</h1>"}
"""
#: A web function: an HTTP server of its own, with a stream.
SITE = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_stream = self.path.startswith("/orders")
        body = b"data: tea\\n\\ndata: cake\\n\\n" if is_stream else b"<h1>The shop</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if is_stream else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()
"""
EVERY_MORNING = """events:
    - timer:
        name: every-morning
        parameters: {cronExpression: "0 30 8 * * * *", enable: true, argument: daily}"""
FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "order": (ORDER, "environment: {variables: {CURRENCY: CNY, PAYMENT_SECRET: not-for-the-page}}"),
    "mail": (MAIL, "retryNum: 1"),
    "letter": (MAIL, "retryNum: 0"),
    "report": (REPORT, EVERY_MORNING),
    "video": (VIDEO, "asyncRunEnable: true\n  timeout: 7200"),
    "echo": (ECHO, "timeout: 30"),
    "page": (PAGE, "description: the price list"),
}


def write_site(folder: Path) -> None:
    """Write the web function."""
    folder.mkdir()
    (folder / "app.py").write_text(SITE)
    start = folder / "scf_bootstrap"
    start.write_text(f"#!/bin/bash\nexec {LANG_PYTHON} app.py\n")
    start.chmod(0o755)
    (folder / "serverless.yml").write_text(
        f"component: scf\nname: site\ninputs:\n  name: site\n  src: .\n  runtime: {RUNTIME}\n  type: web\n"
    )


def write_shop(folder: Path) -> Path:
    """Write the functions, each with its file."""
    for name, (code, more) in FUNCTIONS.items():
        place = folder / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(code)
        (place / "serverless.yml").write_text(
            f"component: scf\nname: {name}\ninputs:\n  name: {name}\n  src: .\n  runtime: {RUNTIME}\n"
            f"  handler: index.main_handler\n  {more}\n"
        )
    write_site(folder / "site")
    return folder


def open_url(server: LocalScf, function: str) -> str:
    """Give a function a URL; its path on this server, for clients that know no names below localhost."""
    described = {"AuthType": "NONE", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
    trigger = {"FunctionName": function, "TriggerName": "url", "Type": "http", "TriggerDesc": json.dumps(described)}
    made = server.request("CreateTrigger", {**trigger, "Qualifier": "$DEFAULT"}).response
    assert "Error" not in made, made
    (shown,) = server.request("ListTriggers", {"FunctionName": function}).response["Triggers"]
    url: str = json.loads(shown["TriggerDesc"])["NetConfig"]["ExtranetUrl"]
    return url


def get(server: LocalScf, url: str, path: str) -> int:
    """Ask a URL of this server; the status of its answer."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": urlsplit(url).netloc, "User-Agent": "shop"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def spawn(server: LocalScf, function: str, event: object) -> str:
    """Start an asynchronous call; its request id."""
    parameters = {"FunctionName": function, "InvocationType": "Event", "ClientContext": json.dumps(event)}
    answer = server.request("Invoke", parameters).response
    assert "Error" not in answer, answer
    request_id: str = answer["Result"]["FunctionRequestId"]
    return request_id


def run_shop(server: LocalScf) -> None:
    """A day at the shop: calls that succeed and fail, events that wait, a dead letter, requests by a URL."""
    for item in ("tea", "tea", "cake", "tea"):
        server.invoke("order", {"item": item})
    spawn(server, "mail", {"to": "ada@example.com"})
    spawn(server, "letter", {"to": "bob@example.com"})
    spawn(server, "video", {"file": "holiday.mp4"})
    for function, paths in (("page", ("/", "/prices?page=2", "/broken")), ("site", ("/", "/orders?live=1"))):
        url = open_url(server, function)
        for path in paths:
            get(server, url, path)
    wait_until(lambda: ask(server.env, "GET", "dead-letters")[1]["letters"])
