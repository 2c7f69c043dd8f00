"""The signer that gives headers to any library: which URLs it covers, and what it refuses."""

import urllib.request

import pytest

from tencentserverless.auth import UrlSigner
from tests.cam_door import SECRET_ID, SECRET_KEY, UIN, Door
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

GIVEN = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY, "uin": UIN}


@pytest.fixture
def door() -> "Iterator[Door]":
    door = Door()
    yield door
    door.close()


def test_any_other_library(door: Door) -> None:
    signer = UrlSigner(door.url + "/any?path", **GIVEN)
    for body, content_type in ((b"", ""), (b"data", ""), (b"{}", "application/json; charset=utf-8")):
        headers = signer.headers("POST", door.url + "/orders", body, content_type)
        request = urllib.request.Request(door.url + "/orders", data=body, headers=headers, method="POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            assert answer.status == 200
    assert signer.headers("POST", "http://127.0.0.1:1/", b"") == {}


@pytest.mark.parametrize(
    "location",
    [
        "https://abc.tencentscf.com.evil.example/",
        "https://abc.tencentscf.com@evil.example/",
        "https://abc.tencentscf.com\\@evil.example/",
        "https://abc.tencentscf.com:444/",
        "http://abc.tencentscf.com/",
        "https://abc.tencentscf.com%2e/",
        "//abc.tencentscf.com/",
        "",
    ],
)
def test_what_is_not_covered(location: str) -> None:
    assert not UrlSigner("https://abc.tencentscf.com", **GIVEN).covers(location)


@pytest.mark.parametrize(
    "url", ["https://ABC.tencentscf.com:443/a?b#c", "HTTPS://abc.tencentscf.com?b", "https://abc.tencentscf.com"]
)
def test_what_is_covered(url: str) -> None:
    assert UrlSigner("https://abc.tencentscf.com/path", **GIVEN).covers(url)


@pytest.mark.parametrize(
    "url", ["abc.tencentscf.com", "ftp://abc", "https://user@abc.tencentscf.com", "https://a b/", ""]
)
def test_a_url_that_cannot_be_signed_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL of a function"):
        UrlSigner(url, **GIVEN)


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(ValueError, match=r"url 'https://\*\*\*@abc\.tencentscf\.com/' is no URL") as caught:
        UrlSigner("https://user:pass/word@abc.tencentscf.com/", **GIVEN)
    assert "word" not in str(caught.value)
    with pytest.raises(ValueError, match="is no whole URL") as caught:
        UrlSigner("https://abc.tencentscf.com", **GIVEN).headers("GET", "https://user:word@abc.tencentscf.com/")
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"uin": "me"}, "uin 'me' is no UIN"),
        ({"uin": ""}, "uin '' is no UIN"),
        ({"secret_id": "id"}, "secret_id is given without secret_key"),
        ({"token_header": "X Token"}, "token_header holds a blank"),
        ({"token_header": ""}, "token_header is empty"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: "dict[str, Any]", words: str) -> None:
    with pytest.raises(ValueError, match=words):
        UrlSigner("https://abc.tencentscf.com", **options)


def test_what_is_no_request_is_refused_by_name() -> None:
    signer = UrlSigner("https://abc.tencentscf.com", **GIVEN)
    for path in ("/orders", "orders", ""):
        with pytest.raises(ValueError, match="is no whole URL"):
            signer.headers("GET", path)
    with pytest.raises(TypeError, match="body must be bytes, not str"):
        signer.headers("POST", "https://abc.tencentscf.com/", "text")  # type: ignore[arg-type]
