"""``scf_local.url``: the URL of a function of the test, and its client."""

import asyncio
import copy
import json
import pickle
import urllib.request
from pathlib import Path

import aiohttp
import httpx
import httpx2
import pytest
import requests

from tencentserverless import management
from tencentserverless.auth import AiohttpMiddleware, Httpx2Auth, HttpxAuth, RequestsAuth
from tencentserverless.exception import ResourceNotFound
from tencentserverless.local import LocalError
from tencentserverless.scf import Client
from tencentserverless.testing import LocalUrl, ScfLocal, UrlAnswer


def tell(event, context):
    if event["queryString"].get("what") == "cookies":
        return {"statusCode": 201, "headers": {"Set-Cookie": ["a=1", "b=2"], "X-One": "1"}, "body": "größe"}
    return event


def guard(client: Client, name: str) -> None:
    """Give a function a URL of AuthType CAM."""
    description = {"AuthType": "CAM", "NetConfig": {"EnableIntranet": False, "EnableExtranet": True}}
    fields = {"FunctionName": name, "TriggerName": "guard", "Type": "http", "TriggerDesc": json.dumps(description)}
    management.call_action(client, "CreateTrigger", fields)


def test_the_url_of_a_function_that_has_none(scf_local: ScfLocal) -> None:
    assert scf_local.url == str(scf_local.url)
    scf_local.register(tell)
    url = scf_local.url("tell")
    assert url.auth_type == "NONE"
    assert url == scf_local.url("tell")
    answer = url.get("/a b?x=ü&what=cookies")
    assert isinstance(answer, UrlAnswer)
    assert (answer.status, answer.text, answer.headers["x-one"]) == (201, "größe", "1")
    assert answer.headers["set-cookie"] == "a=1, b=2"
    event = url.post("/orders", json={"item": "ü"}, headers={"X-Shop": "tea"}).json()
    assert (event["httpMethod"], event["path"], json.loads(event["body"])) == ("POST", "/orders", {"item": "ü"})
    assert (event["headers"]["content-type"], event["headers"]["x-shop"]) == ("application/json", "tea")
    assert url.request("put", data="größe").json()["body"] == "größe"
    with urllib.request.urlopen(url + "/any") as found:
        assert json.load(found)["path"] == "/any"


def test_every_library_reaches_it_and_signs_with_the_environment_alone(scf_local: ScfLocal) -> None:
    scf_local.register(tell)
    client = scf_local.client()
    guard(client, "tell")
    url = scf_local.url("tell")
    assert url.auth_type == "CAM"
    assert url.get("/signed").json()["path"] == "/signed"
    sent = url.post(json=1, headers={"content-type": "application/x-one"}).json()["headers"]
    assert sent["content-type"] == "application/x-one"
    refused = url.get(signed=False)
    assert (refused.status, refused.json()["statusCode"]) == (401, 401)
    found = client.url("tell")
    assert requests.get(found + "/r", auth=RequestsAuth(found), timeout=20).json()["path"] == "/r"
    for library, auth in ((httpx, HttpxAuth(found)), (httpx2, Httpx2Auth(found))):
        assert library.post(found + "/h?x=1", auth=auth, json=[1], timeout=20).json()["body"] == "[1]"

    async def call_from_tasks() -> list[str]:
        async with httpx.AsyncClient(auth=HttpxAuth(found, signs_path=True), timeout=20) as one:
            paths = [(await one.get(found + "/a%20b?x=1")).json()["path"]]
        async with aiohttp.ClientSession(middlewares=[AiohttpMiddleware(found)]) as two:
            answer = await two.post(found + "/t", data=b"order")
            return [*paths, (await answer.json())["body"]]

    assert asyncio.run(call_from_tasks()) == ["/a%20b", "order"]


def test_a_url_of_the_test_is_gone_in_the_next(project: Path, run_pytest) -> None:
    (project / "functions" / "echo").mkdir(parents=True)
    (project / "functions" / "echo" / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    (project / "pytest.ini").write_text("[pytest]\nscf_functions = functions\n")
    test = """
        import pytest
        from tencentserverless import scf
        from tencentserverless.exception import ResourceNotFound

        @pytest.mark.parametrize("number", [1, 2])
        def test_one(scf_local, number):
            with pytest.raises(ResourceNotFound, match="has no URL"):
                scf.Client().url("echo")
            assert scf_local.url("echo").get().status == 200
    """
    done = run_pytest(test_it=test)
    assert "2 passed" in done.stdout, done.stdout


def test_what_cannot_be(scf_local: ScfLocal) -> None:
    with pytest.raises(ResourceNotFound):
        scf_local.url("nobody")
    scf_local.register(tell)
    url = scf_local.url("tell")
    with pytest.raises(LocalError, match="'tell' has no version or alias 'v9'"):
        scf_local.url("tell", qualifier="v9")
    with pytest.raises(ValueError, match="path must begin with a slash: /orders"):
        url.get("orders")
    with pytest.raises(TypeError, match="give data= or json=, not both"):
        url.post(data="", json=1)


def test_it_can_be_copied_and_shows_no_key(scf_local: ScfLocal) -> None:
    scf_local.register(tell)
    url = scf_local.url("tell")
    for each in (copy.copy(url), pickle.loads(pickle.dumps(url))):
        assert isinstance(each, LocalUrl)
        assert (each, each.function_name) == (url, "tell")
        assert each.get("/x").json()["path"] == "/x"
    assert repr(url) == repr(str(url))
    assert type(copy.copy(scf_local.url)) is str
