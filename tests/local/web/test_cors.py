"""CorsConfig: whom it lets in, and what browsers are told."""

import pytest

from tencentserverless.local.registry.url_triggers import Cors
from tencentserverless.local.web.cors import allows_origin, answer_lines, preflight_lines

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("origins", "origin", "may"),
    [
        (("*",), SHOP, True),
        (("*",), "", True),
        ((SHOP,), SHOP, True),
        (("https://Shop.example/",), SHOP, True),
        ((SHOP,), "", False),
        ((SHOP,), "http://shop.example", False),
        ((SHOP,), "https://shop.example.evil.example", False),
        ((SHOP,), "null", False),
        (("https://*.shop.example",), "https://a.shop.example", True),
        (("https://*.shop.example",), SHOP, False),
        (("https://*.shop.example",), "http://a.shop.example", False),
        (("https://*.shop.example",), "https://ashop.example", False),
        ((), SHOP, False),
    ],
)
def test_who_may_call(origins, origin, may):
    assert allows_origin(Cors(True, origins), origin) is may
    assert not allows_origin(Cors(False, origins), origin)


def test_no_configuration_lets_nobody_in():
    assert not allows_origin(None, SHOP)


def test_a_star_is_told_as_one_but_not_where_cookies_are_sent():
    assert answer_lines(Cors(True, ("*",)), SHOP) == b"Access-Control-Allow-Origin: *\r\n"
    assert answer_lines(Cors(True, ("*",), exposed_headers=("x-a", "x-b"), has_credentials=True), SHOP) == (
        b"Access-Control-Allow-Origin: https://shop.example\r\nVary: Origin\r\n"
        b"Access-Control-Allow-Credentials: true\r\nAccess-Control-Expose-Headers: x-a, x-b\r\n"
    )


def test_a_preflight_is_told_what_the_configuration_says():
    cors = Cors(True, (SHOP,), ("x-a", "x-b"), ("PUT", "PATCH"), max_age_seconds=0)
    assert preflight_lines(cors, SHOP, "x-c").decode().split("\r\n") == [
        "Access-Control-Allow-Origin: https://shop.example",
        "Vary: Origin",
        "Access-Control-Allow-Methods: PUT, PATCH",
        "Access-Control-Allow-Headers: x-a, x-b",
        "Access-Control-Max-Age: 0",
        "",
    ]


def test_a_preflight_of_everything():
    lines = preflight_lines(Cors(True, ("*",), ("*",)), SHOP, "x-c, x-d").decode()
    assert "Access-Control-Allow-Headers: x-c, x-d\r\n" in lines
    assert "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n" in lines
    assert "Access-Control-Allow-Headers" not in preflight_lines(Cors(True, ("*",)), SHOP, "x-c").decode()
