"""Where threads wait: woken, helped, interrupted, and never stuck at a lock."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tencentserverless._sync import waiting
from tencentserverless._sync.waiting import EITHER, READ, WAKE, WRITE, Limit, ThreadWaker, TryLock, Turn, wait_one
from tencentserverless.scf import Client
from tests.peer import KEYS, Peer, ok

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def wait_for(about, what, seconds):
    """What one wait returns."""

    def steps():
        return (yield about, what, time.monotonic() + seconds)

    return wait_one(steps())


def test_a_socket_is_waited_for(pair):
    ours, theirs = pair
    assert wait_for(ours, READ, 0.0) == 0
    assert wait_for(ours, EITHER, 0.0) & WRITE
    theirs.send(b"x")
    assert wait_for(ours, READ, 20.0) & READ
    assert wait_for(ours, EITHER, 20.0) == EITHER


def test_where_there_is_no_poll_select_says_the_same(pair):
    ours, theirs = pair
    way = waiting.SocketSelect(ours)
    assert way.wait(READ, 0.0) == 0
    assert way.wait(EITHER, 0.0) == WRITE
    theirs.send(b"x")
    assert way.wait(EITHER, 20.0) == EITHER
    assert way.can_read(20.0)


def test_the_time_alone_is_waited_for():
    started = time.monotonic()
    assert wait_for(None, WAKE, 0.05) == 0
    assert time.monotonic() - started >= 0.05


def test_a_wake_up_that_comes_first_is_kept():
    waker = ThreadWaker()
    waker.wake()
    waker.wake()
    assert wait_for(waker, WAKE, 20.0)
    assert not wait_for(waker, WAKE, 0.0)


def test_any_thread_wakes():
    waker = ThreadWaker()
    threading.Thread(target=waker.wake).start()
    assert wait_for(waker, WAKE, 20.0)


def test_a_limit_is_a_moment_too_and_never_later_than_the_call():
    assert Limit(5.0, 3.0).at == 3.0

    def steps():
        return (yield None, WAKE, Limit(time.monotonic() + 0.01, 1e9))

    assert wait_one(steps()) == 0


def test_a_share_of_a_limit_moves_with_the_whole():
    whole = Limit(10.0, 12.0)
    share = whole.share(5.0)
    share.move(1.0)
    assert (share.at, whole.at) == (6.0, 11.0)
    share.move(10.0)
    assert (share.at, whole.at) == (12.0, 12.0)


def test_the_steps_are_closed_whatever_happens():
    closed = []

    def steps():
        try:
            yield "no socket", READ, 0.0
        finally:
            closed.append(True)

    with pytest.raises(TypeError):
        wait_one(steps())
    assert closed == [True]


class TestTryLock:
    def test_one_has_it(self):
        lock = TryLock()
        slot = lock.take()
        assert slot is not None
        assert lock.take() is None
        assert lock.thread == threading.get_ident()
        lock.give(slot)
        assert lock.thread == 0
        assert lock.take() is not None

    def test_what_was_not_taken_is_not_given(self):
        lock = TryLock()
        lock.give(None)
        assert lock.take() is not None

    def test_a_frame_that_is_lost_gives_it_back(self):
        lock = TryLock()

        def interrupted():
            slot = lock.take()  # noqa: F841  # held by this frame
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert lock.take() is not None


def test_a_turn_is_not_waited_for_in_a_forked_child_where_the_thread_that_has_it_is_missing():
    lock = TryLock()
    slot = lock.take()
    turn = Turn(lock, os.getpid() + 1)
    turn.take()
    turn.give()
    assert lock.take() is None
    lock.give(slot)


HANDLER = """
import faulthandler, signal, sys
from tencentserverless.scf import Client
faulthandler.dump_traceback_later(60, exit=True)
client = Client("ap-guangzhou", "AKIDpeer", "k", endpoint=sys.argv[1], timeout=20)
calls = {"inside": False, "handler": 0}

def on_alarm(*_):
    if not calls["inside"]:
        calls["inside"] = True
        client.invoke("heartbeat", data=0)
        calls["inside"] = False
        calls["handler"] += 1
        signal.setitimer(signal.ITIMER_REAL, .0011)

signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, .0011)
number = 0
while calls["handler"] < 200:
    number += 1
    assert client.invoke("f", data=number).json() == number
for result in client.map("f", range(500), 8):
    assert result.json() == result.position
signal.setitimer(signal.ITIMER_REAL, 0)
client.close()
print(client)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer signals")
def test_a_signal_handler_may_call_the_client_in_the_middle_of_a_call():
    environ = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    with Peer(answer=lambda request: ok(request.fields["Event"])) as peer:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", HANDLER, peer.url],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
    assert done.stdout == "<Client ap-guangzhou <PoolState 0/64 open, 0 idle, 0 waiting>>\n"


def test_a_wake_up_that_an_interrupt_swallowed_costs_a_moment_and_not_the_call(monkeypatch):
    """The connection is back, and nobody was told: whoever waits looks again."""
    monkeypatch.setattr(ThreadWaker, "wake", lambda self: None)
    gate = threading.Event()

    def answer(request: "Any") -> bytes:
        if request.fields["FunctionName"] == "slow":
            gate.wait(20)
        return ok()

    with Peer(answer=answer) as peer, Client(endpoint=peer.url, max_connections=1, **KEYS) as client:
        thread = threading.Thread(target=client.invoke, args=("slow",))
        thread.start()
        peer.wait_until(lambda peer: len(peer.requests) == 1)
        found = []
        waiter = threading.Thread(target=lambda: found.append(client.invoke("f", timeout=20)))
        waiter.start()
        while not client._pool.is_wanted:
            time.sleep(0.01)
        gate.set()
        thread.join()
        waiter.join()
    assert found == ['"ok"']
