"""The synchronous client's own part of a map: one poll loop, connections shared with other threads, forks, Ctrl-C."""

import gc
import itertools
import os
import signal
import socket
import ssl
import threading
import time

import pytest

from tencentserverless import exception
from tencentserverless._sync import step_loop, waiting
from tencentserverless._sync.map import MapRun
from tencentserverless.models import Verdict
from tencentserverless.scf import Client
from tests.peer import KEYS, WAIT_SECONDS, Channel, Peer, ok, unused_port
from tests.programs import run_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def peer():
    with Peer(answer=lambda request: ok(request.fields["Event"])) as peer:
        yield peer


@pytest.fixture
def client(peer):
    with Client(endpoint=peer.url, **KEYS) as client:
        yield client


def test_connections_are_kept_from_call_to_call(client, peer):
    assert len(list(client.map("f", range(500), 8))) == 500
    assert peer.accepts <= 8
    list(client.map("f", range(100), 8))
    client.invoke("f", data=1)
    assert peer.accepts <= 8


def test_a_name_is_looked_up_once_for_all_that_wait(peer, monkeypatch):
    asked = []
    true_look_up = socket.getaddrinfo

    def look_up(host: "Any", port: int, *more: int) -> "Any":
        if not more or socket.AI_NUMERICHOST not in more:
            asked.append(host)
            time.sleep(0.05)
        return true_look_up(host, port, *more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Client(endpoint="http://localhost:{}".format(peer.port), **KEYS) as client:
        assert [result.json() for result in client.map("f", range(40), 16)] == list(range(40))
    assert len(asked) == 1


def test_what_cannot_be_reached_is_each_inputs_error():
    with Client(endpoint="http://127.0.0.1:{}".format(unused_port()), max_attempts=1, **KEYS) as client:
        found = list(client.map("f", range(5), 2, return_exceptions=True))
        assert client._pool.state.opened == 0
    assert [type(error) for error in found] == [exception.ConnectError] * 5
    assert all(error.executed is Verdict.NO for error in found)


def test_a_name_that_nobody_knows_is_each_inputs_error():
    with Client(endpoint="http://nowhere.invalid", max_attempts=1, **KEYS) as client:
        found = list(client.map("f", range(3), return_exceptions=True))
    assert [type(error) for error in found] == [exception.ConnectError] * 3


def test_a_deadline_is_held_against_each_call():
    release = threading.Event()

    def hold(request: "Any") -> bytes:
        release.wait(WAIT_SECONDS)
        return ok()

    with Peer(answer=hold) as peer, Client(endpoint=peer.url, **KEYS) as client:
        found = list(client.map("f", range(3), timeout=1, return_exceptions=True))
        release.set()
    assert [(type(error), error.executed) for error in found] == [(exception.DeadlineExceeded, Verdict.MAYBE)] * 3


def test_an_answer_that_is_there_is_read_before_its_deadline_is_held_against_it():
    all_came, first_is_out, answered = threading.Barrier(4), threading.Event(), []

    def script(channel: Channel) -> None:
        event = channel.read_request().fields["Event"]
        all_came.wait(WAIT_SECONDS)
        if event != "0":
            first_is_out.wait(WAIT_SECONDS)
        channel.send(ok(event))
        answered.append(event)
        channel.wait_for_end()

    with Peer(script) as peer, Client(endpoint=peer.url, **KEYS) as client:
        outcomes = client.map("f", range(4), 4, timeout=60)
        assert next(outcomes).position == 0
        first_is_out.set()
        peer.wait_until(lambda peer: len(answered) == 4)
        loop = outcomes._run._loop
        assert len(loop.tasks) == 3
        for task in loop.tasks:
            task.until = loop._soonest = 0.0  # its deadline has passed while nobody looked
        assert [outcome.position for outcome in outcomes] == [1, 2, 3]


def test_answers_of_any_size_and_closed_connections():
    def answer(request: "Any") -> bytes:
        number = int(request.fields["Event"])
        return ok('"{}"'.format("x" * (number * 40_000)), *(["Connection: close"] * (number % 3 == 0)))

    with Peer(answer=answer) as peer, Client(endpoint=peer.url, **KEYS) as client:
        found = list(client.map("f", range(30), 8))
    assert [len(result) for result in found] == [number * 40_000 + 2 for number in range(30)]


def test_large_inputs_are_sent_piece_by_piece(client):
    inputs = ["{}{}".format(number, "x" * 3_000_000) for number in range(6)]
    assert [result.json() for result in client.map("f", inputs, 3)] == inputs


def test_other_threads_get_connections_too(peer):
    with Client(endpoint=peer.url, max_connections=2, **KEYS) as client:
        done = []

        def call() -> None:
            done.extend(client.invoke("f", data=number, timeout=20) for number in range(20))

        threads = [threading.Thread(target=call) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert len(list(client.map("f", range(300), 2))) == 300
        for thread in threads:
            thread.join(20)
        assert len(done) == 60
        assert client._pool.state.opened == client._pool.state.idle <= 2


def test_two_maps_share_a_client(client):
    pairs = zip(client.map("f", range(100), 8), client.map("f", range(100, 200), 8))
    assert [(one.json(), two.json()) for one, two in pairs] == list(zip(range(100), range(100, 200)))


def test_a_map_over_a_map(client):
    inner = (result.json() + 1 for result in client.map("f", range(50), 4))
    assert [result.json() for result in client.map("g", inner, 4)] == list(range(1, 51))


@pytest.fixture
def narrow(peer):
    with Client(endpoint=peer.url, max_connections=4, timeout=20, **KEYS) as client:
        yield client


def test_calls_in_the_loop_over_a_map_find_connections_even_where_the_map_has_them_all(narrow):
    found = [narrow.invoke("g", data=result.json()).json() for result in narrow.map("f", range(50), 4)]
    assert found == list(range(50))


def test_calls_in_the_iterable_find_connections_even_where_the_map_has_them_all(narrow):
    inputs = (narrow.invoke("g", data=number).json() for number in range(50))
    assert [result.json() for result in narrow.map("f", inputs, 4)] == list(range(50))


def test_maps_of_one_thread_find_connections_even_where_one_has_them_all(narrow):
    pairs = zip(narrow.map("f", range(50), 4), narrow.map("f", range(50), 4))
    assert all(one == two for one, two in pairs)
    del pairs
    gc.collect()
    assert waiting.list_driven(narrow._pool) == []


def test_a_closed_client_is_told_of(client, tmp_path):
    client.close()
    with pytest.raises(RuntimeError, match="this client is closed"):
        client.map("f", [1], journal=str(tmp_path / "run.db"))
    assert os.listdir(str(tmp_path)) == []


def test_a_map_that_is_advanced_by_its_own_iterable_says_so(client):
    def give() -> "Any":
        yield 1
        yield next(outcomes)

    outcomes = client.map("f", give(), 4)
    assert next(outcomes).json() == 1
    with pytest.raises(RuntimeError, match="advanced already"):
        next(outcomes)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_map_alone(client):
    outcomes = client.map("f", range(100), 4)
    next(outcomes)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            next(outcomes)
        except RuntimeError as error:
            code = 0 if "process that forked" in str(error) else 2
        finally:
            outcomes.close()
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert [result.json() for result in outcomes] == list(range(1, 100))


LOOP_WITH_FORK = """
import os, sys
from tencentserverless.scf import Client
with Client("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1]) as client:
    for result in client.map("f", range(40), concurrency=8, timeout=10):
        if result.position == 5:
            pid = os.fork()
            if pid == 0:
                sys.exit(0)
            assert os.waitpid(pid, 0) == (pid, 0)
print("40 results")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_that_ends_in_the_normal_way_leaves_its_parents_calls_alone():
    """Its finalisers come to the sockets and the poll list that it shares with the parent."""
    with Peer(answer=lambda request: time.sleep(0.05) or ok()) as peer:
        done = run_program(LOOP_WITH_FORK, peer.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "40 results\n", "")


ITERABLE_WITH_FORK = """
import os, sys
from tencentserverless.scf import Client

def give(ends):
    for number in range(40):
        if number == 20:
            pid = os.fork()
            if pid == 0 and ends:
                sys.exit(0)
            if pid:
                assert os.waitpid(pid, 0) == (pid, 0 if ends else 256)
        yield number

with Client("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1]) as client:
    found = list(client.map("f", give(sys.argv[2] == "ends"), concurrency=8, timeout=10))
print(len(found), "results")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("child", ["ends", "goes on"])
def test_a_child_of_the_iterable_leaves_its_parents_map_alone(child):
    """It leaves through the frames of the map, or is refused where it goes on with it."""
    with Peer(answer=lambda request: time.sleep(0.05) or ok()) as peer:
        done = run_program(ITERABLE_WITH_FORK, peer.url, child)
    assert (done.returncode, done.stdout) == (0, "40 results\n")
    assert ("process that forked" in done.stderr) == (child == "goes on")


def test_a_map_may_be_made_in_one_thread_and_iterated_in_another(narrow):
    """The thread that iterates drives it, and so do its own calls in the loop."""
    outcomes = narrow.map("f", range(50), 4)
    found = []
    thread = threading.Thread(
        target=lambda: found.extend(narrow.invoke("g", data=one.json()).json() for one in outcomes)
    )
    thread.start()
    for number in range(50):
        assert narrow.invoke("h", data=number).json() == number
    thread.join()
    assert found == list(range(50))


def test_a_paused_map_keeps_no_connection_from_other_threads(narrow):
    """Neither an idle one, nor one whose answer is there."""
    outcomes = narrow.map("f", itertools.count(), 4)
    next(outcomes)
    found = []
    thread = threading.Thread(target=lambda: found.extend(narrow.invoke("g", data=n).json() for n in range(20)))
    thread.start()
    thread.join(20)
    assert found == list(range(20))
    assert [next(outcomes).json() for _ in range(20)] == list(range(1, 21))
    outcomes.close()


def test_several_threads_may_not_iterate_at_once(client):
    gate, asked = threading.Event(), threading.Event()

    def give() -> "Any":
        yield 0
        asked.set()
        gate.wait(20)
        yield 1

    outcomes = client.map("f", give(), 1)
    assert next(outcomes).json() == 0
    found = []
    thread = threading.Thread(target=lambda: found.extend(one.json() for one in outcomes))
    thread.start()
    asked.wait(20)
    with pytest.raises(RuntimeError, match="advanced already"):
        next(outcomes)
    gate.set()
    thread.join()
    assert found == [1]


def test_any_thread_may_close_a_map(peer):
    """The thread that iterates then ends it: it hands out nothing more, and nothing is left open."""
    release = threading.Event()
    with Peer(answer=lambda request: release.wait(20) and ok()) as slow, Client(endpoint=slow.url, **KEYS) as client:
        outcomes = client.map("f", itertools.count(), 4, grace=0)
        found = []
        thread = threading.Thread(target=lambda: found.extend(outcomes))
        thread.start()
        slow.wait_until(lambda slow: len(slow.requests) == 4)
        outcomes.close()
        thread.join(20)
        release.set()
        assert found == []
        assert client._pool.state.opened == 0
        assert list(outcomes) == []


def test_what_came_is_handed_out_before_a_slow_source_is_asked_again(client):
    """A queue, or tail -f: each result comes before the next message but one."""
    asked = []
    seen = {}

    def give() -> "Any":
        for number in range(5):
            time.sleep(0.05 if number else 0.0)
            asked.append(number)
            yield number

    for result in client.map("f", give(), 32):
        seen[result.json()] = len(asked)
    assert [seen[number] for number in (1, 2, 3)] == [2, 3, 4]


def test_what_connects_is_not_late_because_its_map_was_paused(tmp_path):
    """Two round trips of TLS, with a source between them that is slower than the connect timeout."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    options = dict(KEYS, ca_file=str(tmp_path / "ca.pem"), connect_timeout=0.5, max_attempts=1)

    def give() -> "Any":
        for number in range(3):
            yield number
            time.sleep(0.7)

    with Peer(tls=tls, answer=lambda request: ok()) as peer, Client(endpoint=peer.url, **options) as client:
        assert [str(one) for one in client.map("f", give(), 4, return_exceptions=True)] == ['"ok"'] * 3


GARBAGE = """
import faulthandler, gc, logging, sys
from tencentserverless.scf import Client
faulthandler.dump_traceback_later(60, exit=True)
logging.disable(logging.CRITICAL)
gc.set_threshold(1)
client = Client("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1], max_connections=4, timeout=20)

def leave():
    cycle = []
    cycle.append(cycle)
    cycle.append(client.map("f", range(100), concurrency=4, ordered=False, grace=0))
    next(cycle[1])

for number in range(100):
    leave()
    assert client.invoke("f", data=number).json() == number
gc.collect()
client.invoke("f", data=0)
print(client)
"""


def test_a_map_that_is_collected_as_garbage_harms_nobody(peer):
    """The collector may run in the middle of any step of any call, also of the pool's own."""
    done = run_program(GARBAGE, peer.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 waiting" in done.stdout


def test_a_finaliser_in_the_collector_does_not_wait(client):
    """Whoever uses a client next ends the map that was left."""
    release = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["Event"] != "0":
            release.wait(20)
        return ok()

    with Peer(answer=answer) as slow, Client(endpoint=slow.url, **KEYS) as other:

        def leave() -> None:
            cycle: "list[Any]" = []
            cycle.append(cycle)
            outcomes = other.map("f", range(100), 4, grace=20)
            cycle.append(outcomes)
            next(outcomes)
            slow.wait_until(lambda slow: outcomes._run.help() and len(slow.requests) > 3)

        leave()
        gc.collect()
        assert waiting.has_left()
        client.invoke("f", data=0)
        assert not waiting.has_left()
        assert other._pool.state.opened == other._pool.state.idle
        release.set()


UNFINISHED = """
import sys
from tencentserverless.scf import Client
outcomes = Client("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1]).map("f", range(9), 4, ordered=False, grace=0)
next(outcomes)
"""


def test_a_program_that_ends_with_an_unfinished_map_says_what_may_have_run():
    release = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["Event"] != "0":
            release.wait(20)
        return ok()

    with Peer(answer=answer) as peer:
        done = run_program(UNFINISHED, peer.url)
        release.set()
    assert done.returncode == 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(
        "f: the map was left with calls under way, which may have run (executed=maybe): positions "
    )


def test_ctrl_c_stops_a_map_and_leaks_nothing(peer):
    release, came, main = threading.Event(), itertools.count(1), threading.main_thread().ident

    def hold(request: "Any") -> bytes:
        if next(came) == 4:
            signal.pthread_kill(main, signal.SIGINT)
        release.wait(WAIT_SECONDS)
        return ok()

    with Peer(answer=hold) as slow, Client(endpoint=slow.url, **KEYS) as client:
        outcomes = client.map("f", itertools.count(), 4, grace=0.1)
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                next(outcomes)
        finally:
            signal.signal(signal.SIGINT, previous)
            release.set()
        assert client._pool.state.opened == client._pool.state.idle == 0
        assert list(outcomes) == []


@pytest.mark.parametrize("ends_by", ["close", "del"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [(step_loop.StepLoop, "cancel"), (step_loop.StepLoop, "close"), (MapRun, "_settle"), (waiting, "unregister")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_end_that_a_handler_cut_goes_on_with_the_next(monkeypatch, owner, name, ends_by):
    true_step, cuts = getattr(owner, name), []

    def cut(*args: "Any") -> "Any":
        if not cuts:
            cuts.append(name)
            raise KeyboardInterrupt
        return true_step(*args)

    release = threading.Event()
    slow = Peer(answer=lambda request: release.wait(WAIT_SECONDS) and ok())
    with slow, Client(endpoint=slow.url, **KEYS) as client:
        outcomes = client.map("f", itertools.count(), 4, grace=0)
        run = outcomes._run
        run._fill(waiting.Turn(run._turning, os.getpid()))
        slow.wait_until(lambda slow: run.help() and len(slow.requests) == 4)
        monkeypatch.setattr(owner, name, cut)
        with pytest.raises(KeyboardInterrupt):
            outcomes.close()
        if ends_by == "close":
            outcomes.close()
            assert list(outcomes) == []
        del outcomes
        assert cuts == [name]
        assert client._pool.state.opened == client._pool.state.idle == 0
        assert waiting.list_driven(client._pool) == []
        release.set()


@pytest.mark.parametrize("missing", [(), ("_epoll",), ("_epoll", "_poll")], ids=["epoll", "poll", "select"])
def test_every_way_to_wait_will_do(client, monkeypatch, missing):
    for name in missing:
        monkeypatch.setattr(step_loop, name, None)
    assert [result.json() for result in client.map("f", range(200), 16)] == list(range(200))
    dead = Client(endpoint="http://127.0.0.1:{}".format(unused_port()), max_attempts=1, **KEYS)
    found = list(dead.map("f", range(3), return_exceptions=True))
    assert [type(error) for error in found] == [exception.ConnectError] * 3


def test_tls_and_a_certificate_that_is_not_trusted(tmp_path):
    trustme = pytest.importorskip("trustme")
    ssl = pytest.importorskip("ssl")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Peer(answer=lambda request: ok(request.fields["Event"]), tls=context) as peer:
        with Client(endpoint=peer.url, ca_file=str(tmp_path / "ca.pem"), **KEYS) as client:
            inputs = ["{}{}".format(number, "x" * 50_000) for number in range(40)]
            assert [result.json() for result in client.map("f", inputs, 8)] == inputs
        with Client(endpoint=peer.url, max_attempts=1, **KEYS) as client:
            (error,) = client.map("f", [1], return_exceptions=True)
    assert type(error) is exception.ConnectError
    assert "certificate" in error.message.lower()
