"""Which hosts are those of URLs."""

import pytest

from tencentserverless.local.web.url_hosts import (
    MAX_HOST_BYTES,
    UrlName,
    bare_host,
    is_cloud_host,
    is_near,
    read_host,
    read_path_form,
    read_target,
    read_url_host,
)

LABEL = "1250000000-abcde12345"


@pytest.mark.parametrize("domain", ["localhost", "localhost:8583", "tencentscf.com", "tencentscf.com:443"])
def test_the_two_domains_with_and_without_a_port(domain):
    name = UrlName("1250000000", "abcde12345", "ap-guangzhou")
    assert read_url_host(f"{LABEL}.ap-guangzhou.{domain}") == name
    assert read_url_host(f"{LABEL}.in.ap-guangzhou.{domain}") == name._replace(is_intranet=True)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        LABEL,
        f"{LABEL}.localhost",
        f"{LABEL}.ap-guangzhou.localhost.evil.example",
        f"{LABEL}.ap-guangzhou.evil.example",
        f"evil.{LABEL}.ap-guangzhou.localhost",
        f"{LABEL}0.ap-guangzhou.localhost",
        f"{LABEL}.ap-guangzhou.localhost:port",
        f"{LABEL}.ap-guangzhou.localhost\n",
        "1250000000-ABCDE12345.ap-guangzhou.localhost",
        "-abcde12345.ap-guangzhou.localhost",
    ],
)
def test_everything_else_is_none(host):
    assert read_url_host(host) is None


def test_hosts_are_compared_in_lower_case_and_long_ones_are_none():
    assert read_host(b" Example.COM ") == "example.com"
    assert read_host(b"\xff") == "\xff"
    assert read_host(b"a" * MAX_HOST_BYTES) == "a" * MAX_HOST_BYTES
    assert read_host(b"a" * (MAX_HOST_BYTES + 1)) == ""


def test_the_hosts_of_the_cloud_are_never_the_apis():
    assert is_cloud_host("x.tencentscf.com")
    assert is_cloud_host("a.b.tencentscf.com:443")
    assert not is_cloud_host("tencentscf.com")
    assert not is_cloud_host("x.tencentscf.com.evil.example")
    assert not is_cloud_host("xtencentscf.com")


@pytest.mark.parametrize(
    ("url", "rest"),
    [
        (f"/{LABEL}.ap-guangzhou", "/"),
        (f"/{LABEL}.ap-guangzhou/", "/"),
        (f"/{LABEL}.ap-guangzhou/a/b%20c?d=e", "/a/b%20c?d=e"),
        (f"/{LABEL}.ap-guangzhou?d=e", "/?d=e"),
        (f"/{LABEL}.ap-guangzhou//evil.example", "//evil.example"),
    ],
)
def test_the_path_form_loses_its_first_segment(url, rest):
    assert read_path_form(url) == (UrlName("1250000000", "abcde12345", "ap-guangzhou"), rest)


@pytest.mark.parametrize("url", ["/", "", f"/{LABEL}", f"/x/{LABEL}.ap-guangzhou", f"/{LABEL}.ap-guangzhou.localhost"])
def test_other_paths_are_no_path_form(url):
    assert read_path_form(url) is None


def test_the_host_without_its_port():
    assert bare_host("a.example:80") == "a.example"
    assert bare_host("a.example") == "a.example"
    assert bare_host("[::1]:80") == bare_host("[::1]") == "::1"
    assert bare_host("a.example:") == "a.example:"


def test_names_that_a_foreign_page_can_have_are_not_near():
    for near in ("127.0.0.1", "10.1.2.3", "::1", "localhost", "scf-local"):
        assert is_near(near), near
    for far in ("", "evil.example", "127.0.0.1.evil.example", "a.localhost", "x:y"):
        assert not is_near(far), far


def test_a_whole_url_in_the_request_line_leads_to_its_path():
    assert read_target(b"/a?b") == "/a?b"
    assert read_target(b"http://h.example/a?b") == "/a?b"
    assert read_target(b"HTTPS://h.example:80") == "/"
    assert read_target(b"http://h.example?b") == "/?b"
    assert read_target(b"*") == "*"
