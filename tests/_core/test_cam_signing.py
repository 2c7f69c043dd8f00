"""CAM signatures against a plain computation by hmac, and the parts of a URL that they cover."""

import hashlib

import pytest

from tencentserverless._core.cam_signing import EMPTY_HASH, CamSigner, find_origin, find_target
from tencentserverless.models import Credentials
from tests.cam_door import SECRET_ID, expect_authorization

HOST = "1250000000-abc.ap-guangzhou.tencentscf.com"
DAY = 86400


def check(signer: CamSigner, credentials: Credentials, timestamp: int, body: bytes, *request: str) -> None:
    method, path, query, content_type, host, uin = request
    headers = {"content-type": content_type, "host": host}
    headers.update({"x-scf-cam-uin": uin, "x-scf-cam-timestamp": str(timestamp)})
    wanted = expect_authorization(method, path, query, headers, body, credentials.secret_key)
    payload_hash = hashlib.sha256(body).hexdigest().encode()
    assert signer.sign(credentials, timestamp, (method, path, query, content_type, host, uin), payload_hash) == wanted


def test_one_signer_signs_whatever_comes_next() -> None:
    signer = CamSigner()
    one, other = Credentials(SECRET_ID, "first"), Credentials(SECRET_ID, "second" * 20)
    plain = ("POST", "/", "", "application/json", HOST, "100000000001")
    check(signer, one, 1767225600, b"{}", *plain)
    check(signer, one, 1767225600, b"", *plain)
    check(signer, other, 1767225600, b"{}", *plain)
    check(signer, other, 1767225601, b"{}", *plain)
    check(signer, other, 1767225601 + DAY, b"{}", *plain)
    check(signer, one, 1767225600, b"{}", "PUT", "/ä/b", "x=1&y", "Text/HTML", "127.0.0.1:80", "2")


def test_the_hash_of_nothing() -> None:
    assert hashlib.sha256().hexdigest().encode() == EMPTY_HASH


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://a.b", ("https", "a.b"), ("/", "")),
        ("HTTPS://A.b:443/p?q#f", ("https", "a.b"), ("/p", "q")),
        ("http://a:80?q=1?2", ("http", "a"), ("/", "q=1?2")),
        ("http://a:0080/", ("http", "a"), ("/", "")),
        ("https://a:80/x#y?z", ("https", "a:80"), ("/x", "")),
        ("http://[::1]:8583/%20", ("http", "[::1]:8583"), ("/%20", "")),
        ("http://[::FF]", ("http", "[::ff]"), ("/", "")),
    ],
)
def test_the_parts_of_a_url(url: str, origin: "tuple[str, str]", target: "tuple[str, str]") -> None:
    assert find_origin(url) == origin
    assert find_target(url) == target


@pytest.mark.parametrize(
    "url", ["", "a.b", "//a.b/", "ftp://a", "https://", "https:///a", "https://u@a/", "https://a\\@b/", "https://a b/"]
)
def test_no_origin(url: str) -> None:
    assert find_origin(url) is None
