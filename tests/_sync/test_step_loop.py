"""Many steps in one loop: each goes on when what it waits for is ready, and only then."""

import socket
import threading
import time

import pytest

from tencentserverless._sync import step_loop
from tencentserverless._sync.step_loop import StepLoop, Task
from tencentserverless._sync.waiting import READ, WAKE, Limit

NEVER = float("inf")


@pytest.fixture(params=[(), ("_epoll",), ("_epoll", "_poll")], ids=["epoll", "poll", "select"])
def loop(request, monkeypatch):
    for name in request.param:
        monkeypatch.setattr(step_loop, name, None)
    loop = StepLoop()
    yield loop
    loop.close()


@pytest.fixture
def pairs():
    pairs = [socket.socketpair() for _ in range(3)]
    for ours, _ in pairs:
        ours.setblocking(False)
    yield pairs
    for pair in pairs:
        for sock in pair:
            sock.close()


class Log(list):
    """What came of each task."""

    def start(self, loop, steps):
        task = Task(steps, self)
        loop.start(task)
        return task

    def end(self, about, result, error):
        self.append(result if error is None else error)
        return not isinstance(error, KeyboardInterrupt)


def read(sock, until=NEVER, times=1):
    found = b""
    for _ in range(times):
        if not (yield sock, READ, until):
            return "late"
        found += sock.recv(10)
    return found


def test_each_goes_on_when_its_socket_is_ready(loop, pairs):
    log = Log()
    for ours, _ in pairs:
        log.start(loop, read(ours))
    for name in (2, 0, 1):
        pairs[name][1].send(b"%d" % name)
        loop.turn(time.monotonic() + 20)
    assert log == [b"2", b"0", b"1"]
    assert not loop.tasks


def test_a_socket_is_watched_again_for_the_next_step_and_by_the_next_task(loop, pairs):
    log = Log()
    (ours, theirs), *_ = pairs
    log.start(loop, read(ours, times=2))
    for _ in range(2):
        theirs.send(b"x")
        loop.turn(time.monotonic() + 20)
    log.start(loop, read(ours))
    theirs.send(b"y")
    loop.turn(time.monotonic() + 20)
    assert log == [b"xx", b"y"]


def test_a_descriptor_that_nobody_waits_for_any_more_disturbs_nobody(loop, pairs):
    """It may be closed, and its number may be another's by then."""
    log = Log()
    (ours, theirs), (other, others), _ = pairs
    log.start(loop, read(ours))
    theirs.send(b"x")
    loop.turn(time.monotonic() + 20)
    theirs.send(b"nobody asked")
    log.start(loop, read(other))
    number = ours.fileno()
    ours.close()
    loop.turn(0.0)
    again, answers = socket.socketpair()
    with again, answers:
        again.setblocking(False)
        assert again.fileno() == number
        log.start(loop, read(again))
        answers.send(b"again")
        loop.turn(time.monotonic() + 20)
        others.send(b"other")
        loop.turn(time.monotonic() + 20)
    assert log == [b"x", b"again", b"other"]


def test_the_time_is_up_for_each_on_its_own(loop, pairs):
    log = Log()
    now = time.monotonic()
    log.start(loop, read(pairs[0][0], now + 0.02))
    log.start(loop, read(pairs[1][0], now + 1000))
    loop.turn(NEVER)
    assert log == ["late"]
    assert len(loop.tasks) == 1


def test_what_has_come_is_read_before_the_time_counts(loop, pairs):
    log = Log()
    log.start(loop, read(pairs[0][0], time.monotonic() - 1))
    pairs[0][1].send(b"x")
    loop.turn(0.0)
    assert log == [b"x"]


def sleep(waker, until=NEVER):
    woken = yield waker, WAKE, until
    return "woken" if woken else "late"


def test_any_thread_wakes_a_task_also_before_it_sleeps(loop):
    log = Log()
    wakers = [loop.make_waker() for _ in range(3)]
    wakers[0].wake()
    for waker in wakers:
        log.start(loop, sleep(waker))
    assert log == ["woken"]
    threading.Thread(target=wakers[2].wake).start()
    while len(log) < 2:
        loop.turn(time.monotonic() + 20)
    assert len(loop.tasks) == 1


def test_a_waker_whose_task_has_gone_on_wakes_nobody(loop):
    log = Log()
    waker = loop.make_waker()
    log.start(loop, sleep(waker, time.monotonic() - 1))
    loop.turn(0.0)
    waker.wake()
    loop.turn(0.0)
    assert log == ["late"]


def test_a_paused_loop_moves_the_limits_of_what_connects_but_not_beyond_the_call(loop, pairs):
    log = Log()
    now = time.monotonic()
    log.start(loop, read(pairs[0][0], Limit(now + 0.1, NEVER)))
    log.start(loop, read(pairs[1][0], Limit(now + 0.1, now + 0.15)))
    log.start(loop, read(pairs[2][0], now + 0.1))
    time.sleep(0.2)
    loop.turn(0.0)
    assert log == ["late", "late"]
    pairs[0][1].send(b"x")
    loop.turn(time.monotonic() + 20)
    assert log[2:] == [b"x"]


def test_an_error_is_its_tasks_and_an_interrupt_its_callers(loop):
    log = Log()

    def fail(error):
        yield None, WAKE, time.monotonic()
        raise error

    errors = [ValueError("mine"), KeyboardInterrupt()]
    log.start(loop, fail(errors[0]))
    loop.turn(0.0)
    log.start(loop, fail(errors[1]))
    with pytest.raises(KeyboardInterrupt):
        loop.turn(0.0)
    assert log == errors
    assert not loop.tasks


def test_a_cancelled_task_lets_go_and_is_not_told(loop, pairs):
    log, closed = Log(), []

    def steps():
        try:
            yield pairs[0][0], READ, NEVER
        finally:
            closed.append(True)

    task = log.start(loop, steps())
    loop.cancel(task)
    pairs[0][1].send(b"x")
    loop.turn(0.0)
    assert (log, closed) == ([], [True])


def test_a_turn_is_ended_from_outside(loop):
    threading.Thread(target=loop.wake).start()
    loop.turn(NEVER)
