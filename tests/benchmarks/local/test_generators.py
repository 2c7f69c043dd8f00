"""Both generators against a real local SCF, for a few calls. No time is judged."""

import contextlib
import dataclasses
import itertools
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.local import peers
from benchmarks.local.load import Generator, Load, choose_generator, run_caller, run_slice, run_wrk
from benchmarks.local.official_heads import OFFICIAL
from benchmarks.local.servers import SCF, Call, Dialect, Running, is_answering, start_on_port, start_ours
from benchmarks.responder import HOST

SECONDS = 0.15
CALLERS = 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Running]":
    with start_ours(tmp_path_factory.mktemp("ours")) as running:
        yield running


@pytest.fixture(params=[pytest.param("wrk", marks=pytest.mark.proof), "caller"])
def run(request: pytest.FixtureRequest):
    if request.param == "caller":
        return lambda running: run_caller(running, SECONDS, CALLERS)
    wrk = shutil.which("wrk")
    if wrk is None:
        pytest.skip("no wrk on PATH")
    return lambda running: run_wrk(wrk, running, SECONDS, CALLERS)


def test_every_call_is_answered_rightly(server: Running, run) -> None:
    load: Load = run(server)
    assert load.calls > CALLERS
    assert load.failures == 0
    assert 0 < load.p50_ms <= load.p99_ms
    assert load.calls_per_second > 0


def test_calls_with_official_heads_are_answered_rightly(server: Running, run) -> None:
    load: Load = run(dataclasses.replace(server, dialect=OFFICIAL))
    assert load.calls > CALLERS
    assert load.failures == 0


def test_cpu_time_of_server_and_workers_is_measured_for_each_call(server: Running, run) -> None:
    generator = Generator("a test's", lambda server, seconds, callers: run(server))
    before = server.cpu_seconds()
    load = run_slice(generator, server, SECONDS)
    after = server.cpu_seconds()
    assert load.cpu_us * load.calls <= (after - before) * 1e6 + 1  # of rounding
    assert load.cpu_us > 0


def test_the_platforms_errors_are_failures_though_their_status_is_200(server: Running, run) -> None:
    builds = []

    def build(port: int) -> Call:
        """The first call is the check before the load; what follows carries a signature of something else."""
        call = SCF.build(port)
        builds.append(call)
        return call if len(builds) == 1 else dataclasses.replace(call, body=call.body + b" ")

    load: Load = run(dataclasses.replace(server, dialect=dataclasses.replace(SCF, build=build)))
    assert load.calls > CALLERS
    assert load.wrong == load.calls


def test_no_load_begins_on_a_server_that_answers_wrongly(server: Running, run) -> None:
    other = dataclasses.replace(SCF, read=lambda text: "another event")
    with pytest.raises(RuntimeError, match="a wrong answer: 200"):
        run(dataclasses.replace(server, dialect=other))


def test_memory_is_that_of_the_server_and_its_workers(server: Running) -> None:
    server.check()
    assert server.resident_mb() > 10


def test_connections_that_end_are_opened_again_and_counted_where_a_call_is_lost() -> None:
    """Each connection answers once and announces its end, then once and breaks the second call off."""
    right = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve_two_ways, args=(listener, right), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        dialect = Dialect(lambda port: Call("/", {"Host": HOST}, b"{}"), lambda body: body, lambda text: peers.EVENT)
        load = run_caller(Running(port, None, dialect, 0.0), SECONDS, 1)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert load.wrong == 0
    assert load.broken > 0
    assert load.calls > 1


def serve_two_ways(listener: socket.socket, right: bytes) -> None:
    for number in itertools.count():
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with sock, contextlib.suppress(OSError):  # the generator ends when it likes
            sock.settimeout(5)
            sock.recv(65536)
            if number % 2 == 0:
                sock.sendall(right + b"Connection: close\r\n\r\n{}")
            else:
                sock.sendall(right + b"\r\n{}")
                sock.recv(65536)


def test_a_server_that_does_not_start_is_named_with_its_error(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo no such thing >&2; exit 3"]
    with pytest.raises(RuntimeError, match="it did not start: no such thing"), start_on_port(
        lambda port: command, tmp_path, SCF
    ):
        pass


def test_a_port_that_only_listens_is_not_ready() -> None:
    """gunicorn listens before it loads the function."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=accept_and_close, args=(listener,), daemon=True)
        thread.start()
        assert not is_answering(port)
        thread.join(5)
    assert not is_answering(port)


def accept_and_close(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_the_generator_says_what_it_is() -> None:
    assert choose_generator(prefer_wrk=False).name.startswith("caller.py of this project")
    if shutil.which("wrk"):
        assert choose_generator().name.startswith("wrk ")
