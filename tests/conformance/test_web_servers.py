"""Web servers of others run as web functions, unchanged, and answer through the URLs of their functions."""

import json
import re
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from websockets.sync.client import connect

from tests.conformance.servers.sites import Site, find_node, node_place, own_place, python_place
from tests.conformance.servers.table import SERVERS, Server
from tests.conftest import wait_until

#: What the platform adds to each request; the values of the last three are the account's own.
INJECTED = {
    "x-scf-request-id": r"[0-9a-f-]{36}",
    "x-scf-memory": "512",
    "x-scf-timeout": "60",
    "x-scf-version": r"\$LATEST",
    "x-scf-name": r"[a-z-]+",
    "x-scf-namespace": "default",
    "x-scf-region": "ap-guangzhou",
    "x-scf-appid": r"\d+",
    "x-scf-uin": r"\d+",
    "x-scf-remote-addr": "127.0.0.1",
}


def check_requests(site: Site) -> None:
    """Requests and answers of every form, over one connection."""
    with closing(site.open()) as connection:
        answer = site.send(connection, "GET", "/?x=%26", headers={"X-Two": "2", "X-Scf-Name": "forged"})
        told = json.loads(answer.read())
        assert answer.status == 200, told
        assert (told["method"], told["headers"]["x-two"]) == ("GET", "2")
        assert [value.partition(";")[0] for value in answer.headers.get_all("set-cookie")] == ["a=1", "b=2"]
        for name, form in INJECTED.items():
            assert re.fullmatch(form, told["headers"][name]), (name, told["headers"][name])
        assert answer.headers["x-scf-request-id"] == told["headers"]["x-scf-request-id"]
        for body in (b"", b"short", bytes(range(256)) * 4000):
            answer = site.send(connection, "POST", "/echo", body, {"Content-Type": "x/y"})
            echoed = answer.read()
            assert answer.status == 200, (len(body), echoed)
            assert (answer.headers["content-type"], echoed == body) == ("x/y", True)
        answer = site.send(connection, "HEAD", "/")
        assert (answer.status, answer.read()) == (200, b"")
        answer = site.send(connection, "GET", "/nothing")
        assert (answer.status, answer.read()) == (204, b"")
        answer = site.send(connection, "PUT", "/", b"ignored")
        assert json.loads(answer.read())["method"] == "PUT"


def check_chunks(site: Site) -> None:
    parts = [b"part %d;" % number for number in range(1000)]
    assert site.ask("POST", "/echo", iter(parts), {"Content-Type": "x/y"})[2] == b"".join(parts)


def check_stream(site: Site, gate: Path) -> None:
    """The first part of an answer comes while the app still waits with the second."""
    with closing(site.open()) as connection:
        answer = site.send(connection, "GET", f"/stream?gate={gate}")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.read1(100) == b"data: 0\n\n"
        gate.touch()
        assert answer.read() == b"data: 1\n\n"


def check_two_instances(site: Site, gate: Path) -> None:
    """While one instance has a request, another one answers the next."""
    held: list[str] = []

    def hold() -> None:
        held.append(json.loads(site.ask("GET", f"/?gate={gate}")[2])["instance"])

    thread = Thread(target=hold)
    thread.start()
    wait_until(Path(f"{gate}.begun").exists)
    other = json.loads(site.ask("GET", "/")[2])["instance"]
    gate.touch()
    thread.join()
    assert held != [other]


def check_sockets(site: Site) -> None:
    """A conversation by WebSocket, of text, of bytes, and of a message in several frames."""
    with connect(site.url.replace("http", "ws", 1) + "/ws", proxy=None) as socket:
        for message in ("函数", b"\x00\xff", "x" * 100_000):
            socket.send(message)
            assert socket.recv(30) == message
        socket.send(["in ", "three ", "frames"])
        assert socket.recv(30) == "in three frames"
    assert socket.close_code == 1000


def check(server: Server, site: Site, folder: Path) -> None:
    check_requests(site)
    if server.reads_chunks:
        check_chunks(site)
    check_stream(site, folder / "stream")
    check_two_instances(site, folder / "hold")
    if server.has_sockets:
        check_sockets(site)


def named(servers: object) -> list[object]:
    return [pytest.param(each, id=each.name) for each in servers]


@pytest.mark.parametrize("server", named(each for each in SERVERS if each.is_quick))
def test_a_server_of_this_environment_runs_unchanged(server, start_site, tmp_path):
    if server.start.endswith(".js"):
        find_node()
    check(server, start_site(server, own_place()), tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(600)  # the first run installs them
@pytest.mark.parametrize("server", named(SERVERS))
def test_a_server_of_fixed_version_runs_unchanged(server, start_site, tmp_path):
    place = node_place() if server.start.endswith(".js") else python_place()
    check(server, start_site(server, place), tmp_path)


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_a_server_that_closes_behind_each_answer_without_saying_so(start_site):
    """uWSGI does so: a request must not be lost in a connection that is about to end."""
    (server,) = (each for each in SERVERS if each.name == "uwsgi")
    site = start_site(server, python_place())
    with closing(site.open()) as connection:
        for number in range(300):
            answer = site.send(connection, "POST", "/echo", b"%d" % number)
            assert (answer.read(), answer.status) == (b"%d" % number, 200)
