"""What clients sign differently: the fixed list, and nothing beside it."""

import pytest

from tencentserverless.local.api.signature_variants import possible_hosts, possible_services


@pytest.mark.parametrize(
    ("sent", "signed"),
    [
        ("127.0.0.1:8583", "127.0.0.1:8583"),
        ("127.0.0.1:8583", "127.0.0.1"),
        ("127.0.0.1:8583", "http://127.0.0.1:8583"),
        ("127.0.0.1:8583", "https://127.0.0.1:8583"),
        ("http://127.0.0.1:8583", "http://127.0.0.1:8583"),
        ("localhost", "localhost:80"),
        ("scf.tencentcloudapi.com", "scf.tencentcloudapi.com:443"),
        ("[::1]:8583", "[::1]"),
    ],
)
def test_hosts_that_a_client_can_have_signed(sent, signed):
    hosts = list(possible_hosts(sent))
    assert hosts[0] == sent
    assert signed in hosts
    assert len(set(hosts)) == len(hosts)


def test_no_other_host_is_tried():
    assert set(possible_hosts("127.0.0.1:8583")) == {
        "127.0.0.1:8583",
        "127.0.0.1",
        "http://127.0.0.1:8583",
        "https://127.0.0.1:8583",
    }


@pytest.mark.parametrize(
    ("sent", "service"),
    [("127.0.0.1:8583", "127"), ("localhost:8583", "localhost:8583"), ("scf.tencentcloudapi.com", "scf")],
)
def test_services_that_a_client_can_have_named(sent, service):
    assert {"scf", service} <= possible_services(sent)
    assert "cvm" not in possible_services(sent)
