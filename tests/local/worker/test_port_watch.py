"""The listener of a filter: which calls of an instance are led to its own address, and which go on as they are."""

import json
import os
import select
import socket
import subprocess
import sys

import pytest

from tencentserverless.local.worker.child import port_filter
from tencentserverless.local.worker.port_watch import Asked, PortWatch
from tencentserverless.local.worker.web_ports import receive
from tests.local.worker.alone import run_alone

ADDRESS = "127.77.3.9"
#: Installs the filter, sends its listener, and then makes calls that it stops.
CHILD = """
import array, json, os, socket, sys
sys.path.insert(0, sys.argv[1])
import port_filter
server = socket.socket(fileno=int(sys.argv[2]))
listener = port_filter.install()
server.sendmsg([b"listener"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
os.close(listener)
told = []
"""
SHOW = """
server.sendall(json.dumps(told).encode())
"""


def watch(code):
    """What a process that makes calls under the filter has told, and what the server has seen."""
    if port_filter.machine_numbers() is None:
        pytest.skip("the system calls of this machine are not known")
    ours, theirs = socket.socketpair()
    seen = []
    with ours, theirs:
        folder = os.path.dirname(port_filter.__file__)
        command = [sys.executable, "-c", CHILD + code + SHOW, folder, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(),))
        theirs.close()
        listener = receive(ours)[1]
        assert listener is not None
        watched = PortWatch(listener, ADDRESS, seen.append)
        poll = select.poll()
        poll.register(watched.fileno(), select.POLLIN)
        poll.register(ours, select.POLLIN)
        try:
            while ours.fileno() not in dict(poll.poll()):
                if not watched.answer():
                    break
            told = json.loads(ours.recv(65_536))
        finally:
            assert process.wait() == 0
            assert not watched.answer()  # nobody is under the filter any more
            watched.close()
            watched.close()
    return told, seen


BIND = """
for family, host, port, v6only in {0!r}:
    tried = socket.socket(family)
    if v6only is not None:
        tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    tried.bind((host, port))
    tried.listen()
    told.append(tried.getsockname()[:2])
    tried.close()
"""
V4, V6 = int(socket.AF_INET), int(socket.AF_INET6)


def test_port_9000_is_led_and_other_ports_are_not():
    run_alone(__name__, "check_leading")


def check_leading():
    calls = [
        (V4, "0.0.0.0", 9000, None),
        (V4, "127.0.0.1", 9000, None),
        (V4, "0.0.0.0", 8000, None),
        (V4, "127.0.0.1", 0, None),
    ]
    told, seen = watch(BIND.format(calls))
    assert told[:3] == [[ADDRESS, 9000], [ADDRESS, 9000], ["0.0.0.0", 8000]]
    assert [(each.host, each.port, each.is_loopback) for each in seen] == [
        ("0.0.0.0", 9000, False),
        ("127.0.0.1", 9000, True),
        ("0.0.0.0", 8000, False),
        ("127.0.0.1", 0, True),
    ]
    assert len({each.process for each in seen}) == 1
    assert all(each.process != os.getpid() for each in seen)


def test_sockets_of_ipv6_with_and_without_ipv4():
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("this system has no IPv6")
    run_alone(__name__, "check_v6")


def check_v6():
    told, seen = watch(BIND.format([(V6, "::", 9000, 0), (V6, "::", 9000, 1), (V6, "::1", 9000, 0)]))
    assert told[0] == [f"::ffff:{ADDRESS}", 9000]
    assert told[1][0] == "::1"
    assert told[1][1] != 9000  # beside the socket of IPv4, which has the port
    assert told[2] == [f"::ffff:{ADDRESS}", 9000]
    assert [each.is_loopback for each in seen] == [False, False, True]


CONNECT = """
def connect(family, host, port):
    with socket.socket(family) as tried:
        try:
            tried.connect((host, port))
            told.append(tried.getpeername()[0])
        except OSError as error:
            told.append(error.strerror)

connect(socket.AF_INET, "127.0.0.1", 9000)
listening = socket.socket()
listening.bind(("0.0.0.0", 9000))
listening.listen()
other = socket.create_server(("127.0.0.1", 0))
connect(socket.AF_INET, "127.0.0.1", other.getsockname()[1])
for call in {0!r}:
    connect(*call)
"""


def test_an_instance_calls_itself_at_port_9000():
    """Gradio does so as soon as it listens, and ends where nobody answers."""
    run_alone(__name__, "check_calls_to_itself")


def check_calls_to_itself():
    calls = [(V4, "127.0.0.1", 9000), (V4, "0.0.0.0", 9000), (V4, "localhost", 9000), (V4, "127.0.0.2", 9000)]
    if socket.has_ipv6 and os.path.exists("/proc/net/if_inet6"):
        calls.append((V6, "::1", 9000))
    told, _ = watch(CONNECT.format(calls))
    refused = "Connection refused"
    assert told == [refused, "127.0.0.1", *[ADDRESS] * 3, refused, f"::ffff:{ADDRESS}"][: len(calls) + 2]


def test_calls_of_other_kinds_go_on_and_so_do_those_of_children():
    code = """
import tempfile
place = tempfile.mkdtemp()
unix = socket.socket(socket.AF_UNIX)
unix.bind(place + "/socket")
unix.listen()
unbound = socket.socket()
unbound.listen()
told.append(unbound.getsockname()[1] > 0)
try:
    socket.socket().bind(("192.0.2.1", 80))
except OSError as error:
    told.append(error.strerror)
child = os.fork()
if not child:
    under = socket.socket()
    under.bind(("", 9000))
    under.listen()
    server.sendall(json.dumps([*told, under.getsockname()[0]]).encode())
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""
    told, seen = watch(code)
    assert told == [True, "Cannot assign requested address", ADDRESS]
    assert [(each.host, each.port) for each in seen] == [("0.0.0.0", 9000)]


def test_what_counts_as_loopback():
    hosts = {"127.0.0.1": True, "127.0.1.1": True, "::1": True, "::ffff:127.0.0.1": True, "0.0.0.0": False, "::": False}
    assert {host: Asked(host, 9000, 1).is_loopback for host in hosts} == hosts
