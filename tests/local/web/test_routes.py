"""The routes of custom domains."""

import pytest

from tencentserverless.local.registry.custom_domains import CustomDomain, Rewrite, Route
from tencentserverless.local.web.routes import find_route, rewrite


def domain(*paths):
    routes = tuple(Route(path, "default", f"f{number}", "$LATEST") for number, path in enumerate(paths))
    return CustomDomain("www.example.com", "ap-guangzhou", "HTTP", routes)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a/*"),
        ("/a/b", "/a/*"),
        ("/a/b/c", "/a/b/*"),
        ("/ab", "/*"),
    ],
)
def test_an_exact_path_counts_before_the_longest_star(path, found):
    assert find_route(domain("/*", "/a/*", "/a/b/*", "/a", "/"), path).path == found


def test_a_path_without_a_route():
    assert find_route(domain("/a", "/b/*"), "/") is None
    assert find_route(domain("/a", "/b/*"), "/a/x") is None
    assert find_route(domain("/a", "/b/*"), "/b") is None


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("/aa/bb/c/d?e=f", "/c/d?e=f"),
        ("/aa/bb/", "/"),
        ("/aa/old", "/new"),
        ("/aa/old?x", "/new?x"),
        ("/aa/old/x", "/aa/old/x"),
        ("/aa/v1/x", "/api/x"),
        ("/aa/", "/aa/"),
    ],
)
def test_a_path_is_rewritten_by_the_best_rule(url, seen):
    rules = (
        Rewrite("/aa/bb/*", "WildcardRules", "/$"),
        Rewrite("/aa/v1/*", "WildcardRules", "/api/$1"),
        Rewrite("/aa/old", "ExactRules", "/new"),
    )
    assert rewrite(Route("/aa/*", "default", "f", "$LATEST", rules), url) == seen
