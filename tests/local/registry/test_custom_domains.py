"""Custom domains in the database, and the forms of names and paths."""

import pytest

from tencentserverless.local.registry.custom_domains import (
    DOMAIN_NAME,
    EXACT,
    PATH,
    CustomDomain,
    CustomDomains,
    Rewrite,
    Route,
)
from tencentserverless.local.registry.database import Database

ROUTE = Route("/api/*", "default", "it", "$LATEST", (Rewrite("/api/a", EXACT, "/b"),))
DOMAIN = CustomDomain("WWW.Example.com", "ap-tokyo", "HTTP", (ROUTE,), tags=(("a", "b"),), created_at=1.0)


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "state.db", print)
    yield opened
    opened.close()


def test_a_domain_is_there_for_the_next_server_and_found_in_any_letter_case(database):
    CustomDomains(database).put(DOMAIN)
    again = CustomDomains(database)
    assert again.find("www.EXAMPLE.com") == DOMAIN
    assert (again.of_region("ap-tokyo"), again.of_region("ap-seoul")) == ([DOMAIN], [])
    again.remove("www.example.com")
    assert again.find("www.example.com") is None
    assert CustomDomains(database).of_region("ap-tokyo") == []


@pytest.mark.parametrize("name", ["www.example.com", "a.b", "xn--fiqs8s.cn", "1.example.com", "A-b.Example.COM"])
def test_a_domain_is_a_host_name(name):
    assert DOMAIN_NAME.match(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "example",
        "*.example.com",
        "http://a.b",
        "a.b:80",
        "a..b",
        "-a.b",
        "a-.b",
        "127.0.0.1",
        "a.b/",
        "a b.c",
        "a.b\n",
    ],
)
def test_what_is_no_domain(name):
    assert not DOMAIN_NAME.match(name)


@pytest.mark.parametrize("path", ["/", "/*", "/xxx", "/xxx/a", "/xxx/*", "/cc/", "/a.b-c_d%20"])
def test_a_path_may_end_in_a_star(path):
    assert PATH.match(path)


@pytest.mark.parametrize("path", ["", "xxx", "/a*", "/*/a", "/a/*b", "/a b", "/a?b", "/a#b", "*", "/a\n"])
def test_what_is_no_path(path):
    assert not PATH.match(path)
