import asyncio
import contextlib
import os
import shlex

import pytest

from tencentserverless import config, scf
from tencentserverless._base.environment_keys import FromEnvironment
from tencentserverless.aio import AsyncClient
from tencentserverless.config import Addressing, check_region, is_loopback
from tencentserverless.exception import ConnectError, ResourceNotFound
from tencentserverless.models import Credentials
from tencentserverless.scf import Client
from tests.peer import Peer, api_error
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def locate(
    endpoint: "str | None" = None, proxy: "str | None" = None, region: str = "ap-guangzhou"
) -> "tuple[str, int, bool]":
    origin = Addressing(endpoint, proxy, None).locate(region)
    return origin.host, origin.port, origin.is_tls


def proxy_of(proxy: "str | None" = None, endpoint: "str | None" = None) -> "Any":
    return Addressing(endpoint, proxy, None).locate("ap-guangzhou").proxy


def test_a_region_is_the_one_given_then_the_functions_own_then_guangzhou(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_region(None) == "ap-guangzhou"
    monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-beijing")
    assert check_region(None) == "ap-beijing"
    assert check_region("") == "ap-beijing"
    assert check_region("ap-chengdu") == "ap-chengdu"


@pytest.mark.parametrize(
    "region", ["ap chengdu", "ap-chengdu\r\nX: 1", "ap_chengdu", "scf.evil.com/", "\u5317\u4eac", " "]
)
def test_what_is_no_regions_name_is_refused(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stand in a header and, for some regions, in the host name."""
    with pytest.raises(ValueError, match="region"):
        check_region(region)
    monkeypatch.setenv("TENCENTCLOUD_REGION", region)
    with pytest.raises(ValueError, match="region"):
        check_region(None)


@pytest.mark.parametrize("region", [1, b"ap-chengdu", ["ap-chengdu"]])
def test_a_region_that_is_no_text_is_refused(region: "Any") -> None:
    with pytest.raises(TypeError, match="region must be a str"):
        check_region(region)


@pytest.mark.parametrize(
    ("endpoint", "region", "host"),
    [
        (None, "ap-guangzhou", "scf.tencentcloudapi.com"),
        ("public", "ap-chengdu", "scf.tencentcloudapi.com"),
        ("internal", "ap-chengdu", "scf.internal.tencentcloudapi.com"),
        ("regional", "ap-chengdu", "scf.ap-chengdu.tencentcloudapi.com"),
        (None, "ap-shanghai-fsi", "scf.ap-shanghai-fsi.tencentcloudapi.com"),
        ("public", "ap-shenzhen-fsi", "scf.ap-shenzhen-fsi.tencentcloudapi.com"),
        ("internal", "ap-shenzhen-fsi", "scf.ap-shenzhen-fsi.tencentcloudapi.com"),
    ],
)
def test_an_endpoint_by_name_serves_each_region(endpoint: "str | None", region: str, host: str) -> None:
    assert locate(endpoint, region=region) == (host, 443, True)


def test_inside_scf_the_internal_endpoint_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    assert locate()[0] == "scf.internal.tencentcloudapi.com"
    assert locate("public")[0] == "scf.tencentcloudapi.com"
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "CVM")
    assert locate()[0] == "scf.tencentcloudapi.com"


def test_the_environments_url_comes_before_the_run_environment_and_after_the_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENCENTCLOUD_RUNENV", "SCF")
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", "http://127.0.0.1:8583")
    assert locate() == ("127.0.0.1", 8583, False)
    assert locate(region="ap-shanghai-fsi") == ("127.0.0.1", 8583, False), "a URL serves every region"
    assert locate("public")[0] == "scf.tencentcloudapi.com"
    assert locate("https://other.example")[0] == "other.example"
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", "")
    assert locate()[0] == "scf.internal.tencentcloudapi.com"


@pytest.mark.parametrize(
    ("url", "address", "authority"),
    [
        ("https://scf.example", ("scf.example", 443, True), "scf.example"),
        ("https://scf.example/", ("scf.example", 443, True), "scf.example"),
        ("https://SCF.Example:443", ("scf.example", 443, True), "scf.example"),
        ("https://scf.example:8443", ("scf.example", 8443, True), "scf.example:8443"),
        ("http://scf.example", ("scf.example", 80, False), "scf.example"),
        ("HTTP://127.0.0.1:8583", ("127.0.0.1", 8583, False), "127.0.0.1:8583"),
        ("http://[::1]:8583", ("::1", 8583, False), "[::1]:8583"),
        ("https://[::1]", ("::1", 443, True), "[::1]"),
    ],
)
def test_an_endpoint_may_be_a_url(url: str, address: "tuple[str, int, bool]", authority: str) -> None:
    assert locate(url) == address
    assert Addressing(url, None, None).locate("ap-guangzhou").authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "",
        "scf.tencentcloudapi.com",
        "ftp://scf.example",
        "https://",
        "https://:443",
        "https://a b",
        "https://a\r\nX: 1",
        "https://user@host",
        "https://user:pw@host",
        "https://host/path",
        "https://host?query",
        "https://host#fragment",
        "https://host:0",
        "https://host:65536",
        "https://host:port",
        "https://host:-1",
        "https://\u4f60.example",
        "https://[::1",
        "https://[::1]x",
        "https://host\\x",
        "https://h:1:2",
        "Public",
    ],
)
def test_what_is_no_url_is_refused_wherever_it_stands(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Addressing(url, None, None)
    if url:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", url)
        with pytest.raises(ValueError, match="TENCENTSERVERLESS_ENDPOINT_URL"):
            Addressing(None, None, None)


@pytest.mark.parametrize("endpoint", [1, b"https://x", ["public"]])
def test_an_endpoint_that_is_no_text_is_refused(endpoint: "Any") -> None:
    with pytest.raises(TypeError, match="endpoint must be a str"):
        Addressing(endpoint, None, None)


def test_plain_http_beyond_this_machine_must_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would show the session token; a variable that somebody else set is no consent."""
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", "http://10.0.0.5:8583")
    with pytest.raises(ValueError, match="would show your session token"):
        Addressing(None, None, None)
    assert locate("http://10.0.0.5:8583") == ("10.0.0.5", 8583, False)
    for loopback in ("http://127.0.0.1:8583", "http://localhost:8583", "http://[::1]:8583", "https://10.0.0.5"):
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", loopback)
        Addressing(None, None, None)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.0.0.1.evil.com", False),
        ("127.evil.com", False),
        ("localhost.evil.com", False),
        ("10.0.0.1", False),
        ("128.0.0.1", False),
    ],
)
def test_loopback_is_told_from_what_looks_like_it(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "host", "port", "credentials"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128, ""),
        ("proxy.example:3128", "proxy.example", 3128, ""),
        ("http://proxy.example", "proxy.example", 80, ""),
        ("http://user:pw@proxy.example:1/", "proxy.example", 1, "user:pw"),
        ("http://us%40er:p%3A%2F@proxy.example:1", "proxy.example", 1, "us@er:p:/"),
        ("http://user:p@ss@proxy.example:1", "proxy.example", 1, "user:p@ss"),
        ("http://[::1]:1", "::1", 1, ""),
        ("https://proxy.example", "proxy.example", 443, ""),
        ("https://u:p@proxy.example:80", "proxy.example", 80, "u:p"),
        ("SOCKS5://proxy.example", "proxy.example", 1080, ""),
        ("socks5h://u:p@[::1]", "::1", 1080, "u:p"),
    ],
)
def test_a_proxy_is_read(url: str, host: str, port: int, credentials: str) -> None:
    found = proxy_of(url)
    assert (found.host, found.port, found.credentials) == (host, port, credentials)
    assert found.kind == (url.partition("://")[0].lower() if "://" in url else "http")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://u:hidden@proxy.example",
        "socks4a://u:hidden@proxy.example",
        "https://u:hidden@:1",
        "socks5://u:hidden" + "n" * 250 + "@proxy.example",
        "http://u:hidden@proxy.example:99999",
        "http://u:hidden@",
        "http://u:hidden@proxy.example/path",
        "http://u:hidden@proxy example",
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="proxy") as caught:
        Addressing(None, url, None)
    assert "hidden" not in str(caught.value)


def test_the_password_of_a_proxy_is_not_in_its_repr() -> None:
    assert repr(proxy_of("http://user:hidden@p:1")) == "<Proxy p:1 with password>"
    assert repr(proxy_of("http://p:1")) == "<Proxy p:1>"


def test_the_environments_proxy_is_used_unless_another_or_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_of() is None
    monkeypatch.setenv("https_proxy", "http://lower:1")
    assert proxy_of().host == "lower"
    monkeypatch.setenv("HTTPS_PROXY", "http://upper:1")
    assert proxy_of().host == "upper"
    assert proxy_of("http://given:1").host == "given"
    assert proxy_of("") is None


def test_a_proxy_of_the_environment_that_cannot_be_used_is_no_error_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that need none go on."""
    monkeypatch.setenv("https_proxy", "ftp://u:hidden@proxy.example:21")
    assert proxy_of().fault.startswith("https_proxy 'ftp://***@proxy.example:21' is of no kind")
    assert proxy_of("") is None
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_of() is None


def test_http_proxy_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CGI client may set HTTP_PROXY by a header (httpoxy); only tunnels are made here, so it is not read."""
    monkeypatch.setenv("HTTP_PROXY", "http://evil:1")
    assert proxy_of() is None


@pytest.mark.parametrize(
    ("entries", "is_direct"),
    [
        ("scf.tencentcloudapi.com", True),
        ("SCF.TencentCloudAPI.com", True),
        ("tencentcloudapi.com", True),
        (".tencentcloudapi.com", True),
        ("*.tencentcloudapi.com", True),
        ("*", True),
        ("a.example, tencentcloudapi.com", True),
        ("a.example tencentcloudapi.com:443", True),
        ("cloudapi.com", False),
        ("scf.tencentcloudapi.com.evil", False),
        ("api.com", False),
        ("", False),
        (",", False),
        (".", False),
    ],
)
def test_no_proxy_names_hosts_and_their_domains(entries: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", entries)
    assert (proxy_of() is None) is is_direct
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("no_proxy", entries)
    assert (proxy_of() is None) is is_direct


@pytest.mark.parametrize(
    ("entry", "host", "is_direct"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:8080", "10.1.2.3", True),
        ("10.1.2.3/32", "10.1.2.4", False),
        ("10.0.0.0/8", "scf.example", False),
        ("10.0.0.0/8", "10.example", False),
        ("10.0.0.0/99", "10.1.2.3", False),
        ("example/24", "10.1.2.3", False),
        ("fd00::/8", "fd12::1", True),
        ("fd00::/8", "fe80::1", False),
        ("fd12::1", "fd12::1", True),
        ("FD12:0::1", "fd12::1", True),
        ("[fd12::1]", "fd12::1", True),
        ("[fd12::1]:8080", "fd12::1", True),
        ("10.0.0.0/8", "fd12::1", False),
        ("fd00::/8", "10.1.2.3", False),
    ],
)
def test_no_proxy_names_addresses_and_networks(
    entry: str, host: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "a.example," + entry)
    url = "https://" + ("[{}]".format(host) if ":" in host else host)
    assert (proxy_of(endpoint=url) is None) is is_direct


def test_a_proxy_that_was_given_is_used_whatever_no_proxy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_of("http://given:1").host == "given"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]", "http://127.1.2.3"])
def test_loopback_is_never_proxied(url: str) -> None:
    assert proxy_of("http://given:1", url) is None


def test_regions_behind_one_address_share_their_origin() -> None:
    addressing = Addressing("public", None, None)
    assert addressing.locate("ap-guangzhou") is addressing.locate("ap-chengdu")
    assert addressing.locate("ap-shanghai-fsi") is not addressing.locate("ap-chengdu")


def test_trust_must_exist(tmp_path: "os.PathLike[str]") -> None:
    with pytest.raises(ValueError, match="ca_file '/no/such' does not exist"):
        Addressing(None, None, "/no/such")
    assert Addressing(None, None, str(tmp_path)).locate("r").ca_file == str(tmp_path)


def test_only_config_reads_the_environment() -> None:
    """A grep for os.environ hits one file of the SDK."""
    folder = os.path.dirname(config.__file__)
    found = set()
    for room in ("", "_core", "_sync", "_aio"):
        for name in os.listdir(os.path.join(folder, room)):
            path = os.path.join(folder, room, name)
            if name.endswith(".py"):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if "os.environ" in text.replace("``os.environ``", "") or "os.getenv" in text:
                    found.add(os.path.join(room, name))
    assert found == {"config.py"}


def test_the_hint_to_install_never_names_the_other_package_on_pypi() -> None:
    """The name on PyPI still holds Tencent's 0.1.7."""
    assert "tencentserverless" not in shlex.split(config.INSTALL_LOCAL_HINT.replace("'", ""))


@pytest.mark.parametrize(
    "host",
    [
        "scf.tencentcloudapi.com",
        "scf.internal.tencentcloudapi.com",
        "scf.ap-shanghai-fsi.tencentcloudapi.com",
        "scf.intl.tencentcloudapi.com",
        "tencentcloudapi.com",
        "scf.tencentcloudapi.com.",
    ],
)
def test_the_guard_forbids_every_host_of_the_cloud_and_names_who_set_it(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = Addressing("https://" + host, None, None).locate("ap-guangzhou")
    config.check_guard(origin)
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_GUARD", "my tests")
    with pytest.raises(RuntimeError, match="GUARD=my tests forbids calls to " + host):
        config.check_guard(origin)
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_GUARD", "")
    config.check_guard(origin)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8583", "https://nottencentcloudapi.com", "https://scf.example"])
def test_the_guard_lets_everything_else_pass(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_GUARD", "1")
    config.check_guard(Addressing(url, None, None).locate("ap-guangzhou"))


CALLS = {
    "invoke": lambda client: client.invoke("f"),
    "spawn": lambda client: client.spawn("f"),
    "map": lambda client: list(client.map("f", [1])),
    "spawn_map": lambda client: list(client.function("f").spawn_map([1])),
    "status": lambda client: client.invocation("f", "id").status(),
}


@pytest.mark.parametrize("way", sorted(CALLS))
@pytest.mark.parametrize("endpoint", ["public", "internal", "regional", None])
def test_the_guard_holds_for_clients_that_were_made_and_used_before_it(
    way: str, endpoint: "str | None", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What escaped it would find a closed door: nothing may leave a test."""
    client = Client("ap-guangzhou", "id", "key", endpoint=endpoint, proxy="http://127.0.0.1:9", max_attempts=1)
    with pytest.raises(ConnectError):
        client.invoke("f")
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_GUARD", "1")
    with pytest.raises(RuntimeError, match="nothing was sent"):
        CALLS[way](client)


@pytest.mark.parametrize("way", ["invoke", "spawn"])
def test_the_guard_holds_for_tasks_and_module_level_calls(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_GUARD", "1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async def call() -> None:
        await getattr(AsyncClient("ap-guangzhou", "id", "key"), way)("f")

    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(RuntimeError, match="nothing was sent"):
            loop.run_until_complete(call())
    finally:
        loop.close()
    with pytest.raises(RuntimeError, match="nothing was sent"):
        scf.invoke("f", "ap-guangzhou", "id", "key")


URLS = ("http://127.0.0.1:7001", "http://127.0.0.1:7002")


@pytest.fixture(params=["os.environ", "another mapping"])
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "Any":
    """Set or unset variables, in the environment or in a mapping that stands in its place."""
    if request.param != "os.environ":
        monkeypatch.setattr(os, "environ", dict(os.environ))

    def change(**variables: "str | None") -> None:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delitem(os.environ, name)
            else:
                monkeypatch.setitem(os.environ, name, value)

    return change


@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_a_client_follows_the_endpoint_of_the_environment(make: "Any", environment: "Any") -> None:
    client = make("ap-beijing", "id", "key")
    host = lambda: client._find_target(None).origin.host  # noqa: E731
    assert host() == "scf.tencentcloudapi.com"
    environment(TENCENTCLOUD_RUNENV="SCF")
    assert host() == "scf.internal.tencentcloudapi.com"
    for url in URLS:
        environment(TENCENTSERVERLESS_ENDPOINT_URL=url)
        assert client._find_target(None).origin.port == int(url[-4:])
    environment(TENCENTSERVERLESS_ENDPOINT_URL=None, TENCENTCLOUD_RUNENV=None)
    assert host() == "scf.tencentcloudapi.com"
    assert client.region == "ap-beijing"


def test_clients_that_share_connections_do_so_at_each_address(environment: "Any") -> None:
    client = Client("ap-beijing", "id", "key")
    other = client.with_options(timeout=1)
    first = client._find_target(None).origin
    environment(TENCENTSERVERLESS_ENDPOINT_URL=URLS[0])
    assert client._find_target(None).origin is other._find_target(None).origin
    assert other._find_target(None).origin.port == 7001
    environment(TENCENTSERVERLESS_ENDPOINT_URL=None)
    assert client._find_target(None).origin is other._find_target(None).origin is first


def test_an_endpoint_and_a_region_that_were_given_stay(environment: "Any") -> None:
    client = Client("ap-beijing", "id", "key", endpoint=URLS[0])
    environment(TENCENTSERVERLESS_ENDPOINT_URL=URLS[1], TENCENTCLOUD_REGION="ap-chengdu")
    assert client._find_target(None).origin.port == 7001
    assert client.region == "ap-beijing"
    assert client._has_moved is None


def test_a_region_that_was_not_given_is_the_environments_at_each_call(environment: "Any") -> None:
    client = Client(secret_id="id", secret_key="key", endpoint=URLS[0])
    assert client.region == "ap-guangzhou"
    environment(TENCENTCLOUD_REGION="ap-chengdu")
    assert client.region == client._context().region == "ap-chengdu"
    client.region = "ap-beijing"
    environment(TENCENTCLOUD_REGION="ap-shanghai")
    assert client.region == "ap-beijing"


def test_a_call_names_an_environment_that_cannot_be_used(environment: "Any") -> None:
    client = Client("ap-beijing", "id", "key")
    environment(TENCENTSERVERLESS_ENDPOINT_URL="no-url")
    for _ in range(2):
        with pytest.raises(ValueError, match="TENCENTSERVERLESS_ENDPOINT_URL 'no-url' is no URL"):
            client.invoke("f")


@pytest.mark.parametrize("way", sorted(CALLS))
def test_every_way_to_call_follows_the_environment(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(secret_id="id", secret_key="key", max_attempts=1)
    client._find_target(None)
    with Peer(answer=lambda request: api_error("ResourceNotFound.Function", "no f")) as peer:
        monkeypatch.setenv("TENCENTSERVERLESS_ENDPOINT_URL", peer.url)
        monkeypatch.setenv("TENCENTCLOUD_REGION", "ap-chengdu")
        with contextlib.suppress(ResourceNotFound):  # a map of spawned calls hands the error out
            CALLS[way](client)
    assert {request.headers["x-tc-region"] for request in peer.requests} == {"ap-chengdu"}
    client.close()


@pytest.mark.parametrize("names", [config.FUNCTION_KEYS, config.TOOL_KEYS])
@pytest.mark.parametrize("is_plain", [False, True], ids=["os.environ", "somebody's own mapping"])
def test_keys_in_the_environment_are_seen_at_once(
    names: "tuple[str, str, str]", is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = FromEnvironment(names)
    assert credentials.find() is None
    if is_plain:
        monkeypatch.setattr(os, "environ", dict(os.environ))
        assert credentials.find() is FromEnvironment(names).find() is None
    for name, value in zip(names, ("AKID", "key", "token")):
        monkeypatch.setitem(os.environ, name, value)
    assert credentials.find() == Credentials("AKID", "key", "token")
    for name in names[:2]:
        monkeypatch.setitem(os.environ, name, "")
    assert credentials.find() is None, "empty text counts as not given"
