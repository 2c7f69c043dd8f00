"""The endpoint ``/_local/`` says which addresses it has, and its page has each of them."""

import http.client
import json
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "local-endpoint.md"
#: Links to the dashboard are made for `scf local open` alone.
UNLISTED = {"POST /_local/links", "PUT /_local/links"}


def ask(server, method, path):
    token = server.env["TENCENTSERVERLESS_LOCAL_ADMIN_TOKEN"]
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_an_unknown_address_is_told_those_that_there_are_and_the_page_has_them_all(start_local_scf, functions):
    server = start_local_scf(functions)
    status, found = ask(server, "GET", "/_local/unheard-of")
    assert status == 404
    known = set(re.findall(r"[A-Z]+ /_local/[\w-]+", found["error"])) - {"GET /_local/unheard-of"}
    rows = set(re.findall(r"^\| `([A-Z]+ /_local/[\w-]+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert known - UNLISTED == rows
    assert known >= UNLISTED
