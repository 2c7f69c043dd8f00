"""The addresses of URLs."""

from pathlib import Path

import pytest

from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.url_ids import UrlIds, UrlPlace
from tencentserverless.local.registry.url_triggers import UrlTrigger
from tencentserverless.local.url_addresses import UrlAddresses, UrlBases

KEY = FunctionKey("ap-shanghai", "default", "it")
RECORD = FunctionRecord(KEY, "index.main_handler", "Python3.10", Path("it"))
PLACE = UrlPlace(KEY, "$DEFAULT")
PLAIN = UrlBases("125", 1, 1, "http://127.0.0.1:3")
TLS = UrlBases("125", 1, 2, "http://127.0.0.1:3", is_tls=True)


@pytest.fixture
def ids(tmp_path):
    database = Database(tmp_path / "state.db", print)
    yield UrlIds(database)
    database.close()


def test_with_tls_there_are_two_addresses(ids):
    addresses = UrlAddresses(ids, TLS)
    host = f"125-{ids.give(*PLACE)}.ap-shanghai.localhost"
    url = UrlTrigger("url", "$DEFAULT", has_intranet=True, has_extranet=True)
    net = addresses.net_config(url, PLACE, RECORD)
    assert (net["ExtranetUrl"], net["ExtranetHTTPUrl"]) == (f"https://{host}:1", f"http://{host}:2")
    assert net["IntranetUrl"] == f"https://{host}:1".replace(".ap", ".in.ap")
    assert net["LocalUrl"] == f"http://127.0.0.1:3/{host.removesuffix('.localhost')}"
    assert (net["WsExtranetUrl"], net["WssExtranetUrl"]) == ("", "")


def test_functions_that_speak_websocket_have_its_addresses_too(ids):
    from dataclasses import replace

    record = replace(RECORD, options={"ProtocolType": "WS"})
    url = UrlTrigger("url", "$DEFAULT", has_extranet=True)
    net = UrlAddresses(ids, TLS).net_config(url, PLACE, record)
    assert net["WssExtranetUrl"] == str(net["ExtranetUrl"]).replace("https", "wss")
    assert net["WsExtranetUrl"] == str(net["ExtranetHTTPUrl"]).replace("http", "ws")
    assert (net["WsIntranetUrl"], net["WssIntranetUrl"]) == ("", "")


def test_a_url_of_no_network_has_no_address(ids):
    net = UrlAddresses(ids, PLAIN).net_config(UrlTrigger("url", "$DEFAULT"), PLACE, RECORD)
    assert {value for name, value in net.items() if not name.startswith("Enable")} == {""}


def test_urls_that_are_served_are_listed_once_they_have_an_id(ids):
    addresses = UrlAddresses(ids, PLAIN)
    function = new_function(RECORD)
    for url in (
        UrlTrigger("url", "$DEFAULT", has_extranet=True),
        UrlTrigger("inside", "$LATEST", has_intranet=True),
        UrlTrigger("closed", "1", has_extranet=True, is_enabled=False),
        UrlTrigger("nowhere", "2"),
    ):
        function = function.with_url(url)
    assert addresses.listed([function]) == []
    assert addresses.prepare(function)
    assert not addresses.prepare(function)
    first, second = addresses.listed([function])
    assert first == {
        "function": "ap-shanghai/default/it",
        "qualifier": "$DEFAULT",
        "url": f"http://125-{ids.known(PLACE)}.ap-shanghai.localhost:1",
        "local_url": f"http://127.0.0.1:3/125-{ids.known(PLACE)}.ap-shanghai",
    }
    assert ".in.ap-shanghai." in second["url"]
