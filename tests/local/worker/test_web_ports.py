"""The way to port 9000: what is chosen where the filter is refused, and the addresses that are drawn."""

import ipaddress
import socket

import pytest

from tencentserverless.local.worker import web_ports
from tencentserverless.local.worker.web_ports import Way, WebPorts, failure_of

PYTHON, UWSGI, BINARY = b"#!/bin/bash\npython3 app.py\n", b"#!/bin/bash\nuwsgi --ini x\n", b"\x7fELF\0python"
GRANIAN, ISOLATED = b"#!/bin/sh\npython3 -m granian app\n", b"#!/bin/sh\npython3 -I app.py\n"


@pytest.fixture
def ports(tmp_path):
    """Decides where the launcher is missing, as where the system refuses the filter."""
    return lambda choice, **options: WebPorts(choice, tmp_path, **options)


def test_without_the_filter_what_takes_shims_gets_them_and_the_rest_one_instance(ports):
    found = ports("auto")
    assert found.decide(PYTHON).way is Way.SHIMS
    assert found.decide(PYTHON).notice.startswith(
        "instances of web functions in Python and Node.js listen on an address"
    )
    assert "no seccomp: " in found.decide(PYTHON).notice
    assert [found.decide(script).way for script in (UWSGI, BINARY, GRANIAN, ISOLATED)] == [Way.SINGLE] * 4
    assert found.decide(UWSGI).notice.startswith("warning: one instance of a web function at a time, on port 9000")


def test_a_way_that_was_asked_for_is_taken_or_refused(ports):
    assert ports("shims").decide(BINARY).way is Way.SHIMS
    assert ports("single").decide(PYTHON).way is Way.SINGLE
    assert "--web-ports seccomp: this system refuses it" in ports("seccomp").decide(PYTHON).refusal
    with pytest.raises(ValueError, match="nonsense"):
        ports("nonsense")


def test_addresses_are_never_given_twice_and_free(ports):
    found = ports("shims")
    drawn = [found.draw() for _ in range(300)]
    assert len(set(drawn)) == len(drawn)
    block = ipaddress.ip_network("127.64.0.0/10")
    assert all(ipaddress.ip_address(host) in block and port == 9000 for host, port in drawn)
    taken = ipaddress.ip_address(drawn[-1][0]) + 1
    with socket.create_server((str(taken), 9000)):
        assert found.draw()[0] == str(taken + 1)


def test_where_loopback_is_one_address_the_port_changes(ports):
    found = ports("shims", has_addresses=False)
    host, port = found.draw()
    assert (host, port != 9000) == ("127.0.0.1", True)
    assert "listen on a port each" in found.decide(PYTHON).notice


def test_what_a_launcher_says_of_its_failure():
    assert failure_of(b"listenerfailed 13 Permission denied") == (13, "Permission denied")
    assert failure_of(b"listener") == (0, "")
    assert failure_of(b"failed nonsense") == (-1, "its launcher failed")


def test_a_system_without_the_filter(ports, monkeypatch):
    monkeypatch.setattr(web_ports, "machine_numbers", lambda: None)
    assert "no seccomp: " in ports("auto").decide(PYTHON).notice
