import gc
import threading

import pytest

from tencentserverless._core.pool import IDLE_LIMIT_SECONDS, STALE_FACTOR, STALE_MEMORY_SECONDS, PoolState, Slot
from tests.profiles import examples

hypothesis = pytest.importorskip("hypothesis")
stateful = pytest.importorskip("hypothesis.stateful")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Link:
    """Stands for an open connection: an origin and the slot it has."""

    def __init__(self, origin: str, slot: "Slot | None") -> None:
        self.origin = origin
        self.slot = slot
        self.keep_seconds: "float | None" = None
        self.idle_since = self.idle_since_wall = 0.0
        self.is_closed = False

    def is_stale(self) -> bool:
        return self.is_closed


class Waiter:
    """Counts how often it was woken."""

    def __init__(self, origin: str = "a") -> None:
        self.origin = origin
        self.has_left = False
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1


def take(state: PoolState, origin: str = "a", monotonic: float = 0.0, wall: float = 0.0) -> "Any":
    """What a caller gets whose turn it is."""
    return state.take_idle(origin, monotonic, wall) or state.take_slot()


def open_link(state: PoolState, origin: str = "a") -> Link:
    slot = take(state, origin)
    assert type(slot) is Slot
    return Link(origin, slot)


def queue_up(state: PoolState, origin: str = "a") -> Waiter:
    waiter = Waiter(origin)
    state.enqueue(waiter)
    return waiter


def test_the_connection_used_last_is_used_first() -> None:
    state = PoolState(3)
    links = [open_link(state) for _ in range(3)]
    for now, link in enumerate(links):
        state.release(link, now, now)
    assert [take(state, "a", 3.0, 3.0) for _ in range(3)] == links[::-1]


def test_a_lent_connection_is_not_lent_again() -> None:
    state = PoolState(2)
    link = open_link(state)
    state.release(link, 0.0, 0.0)
    assert take(state) is link
    assert type(take(state)) is Slot


def test_no_more_than_the_limit_are_open() -> None:
    state = PoolState(2)
    links = [open_link(state), open_link(state)]
    assert take(state) is None
    assert state.opened == 2
    state.drop(links[0])
    assert type(take(state)) is Slot


def test_a_slot_that_was_not_used_goes_back() -> None:
    state = PoolState(1)
    slot = state.take_slot()
    assert slot is not None
    state.free(slot)
    assert state.opened == 0


def test_connections_of_another_origin_make_room() -> None:
    state = PoolState(2)
    old, young = open_link(state, "a"), open_link(state, "a")
    state.release(old, 0.0, 0.0)
    state.release(young, 1.0, 1.0)
    slot = take(state, "b", 1.0, 1.0)
    assert type(slot) is Slot
    assert list(state.to_close) == [old]
    assert state.opened == 2
    assert take(state, "a", 1.0, 1.0) is young


def test_what_is_lent_is_never_evicted() -> None:
    state = PoolState(1)
    link = open_link(state, "a")
    assert take(state, "b") is None
    assert not state.to_close
    assert link.slot is not None


def test_waiters_are_served_in_their_order() -> None:
    state = PoolState(1)
    link = open_link(state)
    waiters = [queue_up(state) for _ in range(3)]
    for waiter in waiters:
        state.release(link, 0.0, 0.0)
        assert waiter.wakes > 0
        assert [state.is_next(each) for each in (waiter, None)] == [True, False]
        assert take(state) is link
        state.leave(waiter)
    assert state.is_next(None)


def test_a_newcomer_stands_behind_whoever_waits() -> None:
    state = PoolState(1)
    link = open_link(state)
    first, second = queue_up(state), queue_up(state)
    state.release(link, 0.0, 0.0)
    assert [state.is_next(each) for each in (first, second, None)] == [True, False, False]


def test_who_leaves_the_queue_wakes_the_next_for_there_may_be_enough() -> None:
    state = PoolState(2)
    links = [open_link(state), open_link(state)]
    first, second = queue_up(state), queue_up(state)
    for link in links:
        state.release(link, 0.0, 0.0)
    assert (first.wakes, second.wakes) == (2, 0)
    assert take(state) is links[1]
    state.leave(first)
    assert second.wakes == 1
    assert take(state) is links[0]


def test_who_gives_up_waiting_is_served_no_more() -> None:
    state = PoolState(1)
    link = open_link(state)
    first, second = queue_up(state), queue_up(state)
    state.leave(first)
    state.release(link, 0.0, 0.0)
    assert first.wakes == 0
    assert second.wakes > 0
    assert state.is_next(second)


def test_nobody_waits_behind_one_that_an_interrupt_kept_from_leaving() -> None:
    state = PoolState(1)
    lent = open_link(state)
    interrupted, later = queue_up(state), queue_up(state)
    interrupted.has_left = True
    state.release(lent, 0.0, 0.0)
    assert (interrupted.wakes, later.wakes) == (0, 1)
    assert state.is_next(later)
    later.has_left = True
    assert state.is_next(None)
    assert state.waiting == 0


def test_a_dropped_connection_wakes_the_first_waiter() -> None:
    state = PoolState(1)
    link = open_link(state)
    waiter = queue_up(state)
    state.drop(link)
    assert waiter.wakes == 1
    assert list(state.to_close) == [link]
    assert type(take(state)) is Slot


@pytest.mark.parametrize("loses", ["link", "slot"])
def test_what_is_lost_is_free_again(loses: str) -> None:
    """A signal handler that raises between two steps may lose a connection; the pool must not shrink by it."""
    state = PoolState(1)
    held: "Any" = open_link(state) if loses == "link" else take(state)
    assert take(state) is None
    del held
    gc.collect()
    assert state.opened == 0
    assert type(take(state)) is Slot


def test_a_pool_leaves_no_garbage() -> None:
    """Its slots know it by a weak reference: a cycle with finalisers that refill it would live for ever."""
    gc.collect()
    state = PoolState(5)
    link = open_link(state)
    state.release(link, 0.0, 0.0)
    del state, link
    assert gc.collect() == 0


@pytest.mark.parametrize(
    ("monotonic", "wall", "is_young"),
    [
        (IDLE_LIMIT_SECONDS, IDLE_LIMIT_SECONDS, True),
        (IDLE_LIMIT_SECONDS + 0.1, 0.0, False),
        (0.0, IDLE_LIMIT_SECONDS + 0.1, False),  # a paused instance: its monotonic clock stood still
        (1.0, -3600.0, True),  # somebody set the wall clock back
    ],
)
def test_a_connection_idles_no_longer_than_the_limit_by_either_clock(
    monotonic: float, wall: float, is_young: bool
) -> None:
    state = PoolState(1)
    link = open_link(state)
    state.release(link, 100.0, 5000.0)
    found = take(state, "a", 100.0 + monotonic, 5000.0 + wall)
    if is_young:
        assert found is link
    else:
        assert type(found) is Slot
        assert list(state.to_close) == [link]
        assert state.opened == 1


def test_those_that_are_too_old_are_closed_whichever_is_tried_first() -> None:
    state = PoolState(3)
    links = [open_link(state) for _ in range(3)]
    for now, link in enumerate(links):
        state.release(link, now, now)
    slot = take(state, "a", 100.0, 100.0)
    assert type(slot) is Slot
    assert set(state.to_close) == set(links)
    assert state.opened == 1


@pytest.mark.parametrize(("age", "is_kept"), [(3.9, True), (4.1, False)])
def test_a_connection_idles_no_longer_than_its_peer_said(age: float, is_kept: bool) -> None:
    state = PoolState(1)
    link = open_link(state)
    link.keep_seconds = 4.0
    state.release(link, 0.0, 0.0)
    assert (take(state, "a", age, age) is link) is is_kept


def learn_early_end(state: PoolState, age: float) -> None:
    """A connection is found closed at that age, at second 0."""
    link = open_link(state)
    link.is_closed = True
    state.release(link, -age, -age)
    assert state.take_idle("a", 0.0, 0.0) is None
    assert list(state.to_close) == [link]
    state.to_close.clear()


@pytest.mark.parametrize(
    ("age", "is_used"),
    [
        (10.0 * STALE_FACTOR - 0.1, True),
        (10.0 * STALE_FACTOR + 0.1, False),  # it may be closed while the request is on its way
        (9.9, False),
        (10.0, True),  # open at the age at which another was closed: that was no rule
    ],
)
def test_an_age_at_which_one_was_found_closed_is_kept_away_from(age: float, is_used: bool) -> None:
    state = PoolState(2)
    learn_early_end(state, 10.0)
    link = open_link(state)
    state.release(link, 50.0, 50.0)
    assert (state.take_idle("a", 50.0 + age, 50.0 + age) is link) is is_used


def test_an_early_end_that_was_no_rule_is_forgotten() -> None:
    state = PoolState(2)
    learn_early_end(state, 10.0)
    link = open_link(state)
    for age in (15.0, 9.0):
        state.release(link, 50.0, 50.0)
        assert state.take_idle("a", 50.0 + age, 50.0 + age) is link


def test_an_early_end_is_forgotten_with_time() -> None:
    state = PoolState(2)
    learn_early_end(state, 10.0)
    link = open_link(state)
    later = STALE_MEMORY_SECONDS + 1.0
    state.release(link, later, later)
    assert state.take_idle("a", later + 9.0, later + 9.0) is link


def test_draining_closes_what_idles_and_leaves_what_is_lent() -> None:
    state = PoolState(3)
    links = [open_link(state, origin) for origin in "aab"]
    state.release(links[0], 0.0, 0.0)
    state.release(links[2], 0.0, 0.0)
    state.drain()
    assert set(state.to_close) == {links[0], links[2]}
    assert state.opened == 1


def test_its_repr_counts() -> None:
    state = PoolState(2)
    links = [open_link(state), open_link(state)]
    waiter = queue_up(state)
    assert repr(state) == "<PoolState 2/2 open, 0 idle, 1 waiting>"
    state.leave(waiter)
    state.release(links[0], 0.0, 0.0)
    assert repr(state) == "<PoolState 2/2 open, 1 idle, 0 waiting>"


def test_threads_never_share_a_connection_and_lose_none() -> None:
    """Without a lock, and with the interpreter switching threads as often as it can."""
    import sys

    state = PoolState(4)
    used: "set[Link]" = set()
    faults: "list[str]" = []

    def work() -> None:
        for round_ in range(2000):
            found = take(state)
            if found is None:
                continue
            link = Link("a", found) if type(found) is Slot else found
            if link in used:
                faults.append("lent twice")
            used.add(link)
            used.discard(link)
            if round_ % 3:
                state.release(link, 0.0, 0.0)
            else:
                state.drop(link)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert faults == []
    assert state.opened == state.idle <= state.limit


class PoolMachine(stateful.RuleBasedStateMachine):  # type: ignore[misc,name-defined]
    """Every order of borrowing, giving back, dropping, losing, waiting, giving up and time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PoolState(3)
        self.now = 0.0
        self.wall = 1000.0
        self.lent: "list[Link]" = []
        self.queue: "list[Waiter]" = []
        self.closed: "set[Link]" = set()

    def accept(self, found: "Any", origin: str) -> None:
        if type(found) is Slot:
            self.lent.append(Link(origin, found))
            return
        assert found.origin == origin
        assert found not in self.lent, "lent twice"
        assert found not in self.closed, "lent after it was closed"
        assert found.slot is not None
        assert not found.is_closed, "lent though its peer has closed it"
        self.lent.append(found)

    def pick(self, data: "Any") -> Link:
        return self.lent.pop(data.draw(st.integers(0, len(self.lent) - 1)))

    @stateful.rule(origin=st.sampled_from("ab"))
    def acquire(self, origin: str) -> None:
        found = take(self.state, origin, self.now, self.wall) if self.state.is_next(None) else None
        if found is not None:
            self.accept(found, origin)
            return
        waiter = Waiter(origin)
        self.state.enqueue(waiter)
        self.queue.append(waiter)

    @stateful.precondition(lambda self: self.queue)
    @stateful.rule()
    def try_again(self) -> None:
        waiter = self.queue[0]
        assert self.state.is_next(waiter), "the longest waiter comes first"
        waiter.wakes = 0
        found = take(self.state, waiter.origin, self.now, self.wall)
        if found is not None:
            self.state.leave(self.queue.pop(0))
            self.accept(found, waiter.origin)

    @stateful.precondition(lambda self: self.queue)
    @stateful.rule(data=st.data())
    def interrupt(self, data: "Any") -> None:
        """An interrupt comes just before a waiter leaves the queue."""
        waiter = self.queue.pop(data.draw(st.integers(0, len(self.queue) - 1)))
        waiter.has_left = True
        self.rescue()

    @stateful.precondition(lambda self: self.lent)
    @stateful.rule(data=st.data())
    def release(self, data: "Any") -> None:
        self.state.release(self.pick(data), self.now, self.wall)

    @stateful.precondition(lambda self: self.lent)
    @stateful.rule(data=st.data())
    def drop(self, data: "Any") -> None:
        self.state.drop(self.pick(data))

    @stateful.precondition(lambda self: self.lent)
    @stateful.rule(data=st.data())
    def lose(self, data: "Any") -> None:
        self.pick(data)
        self.rescue()

    @stateful.precondition(lambda self: self.queue)
    @stateful.rule(data=st.data())
    def give_up(self, data: "Any") -> None:
        self.state.leave(self.queue.pop(data.draw(st.integers(0, len(self.queue) - 1))))

    @stateful.rule(seconds=st.sampled_from([0.5, 5.0, 31.0]), is_paused=st.booleans())
    def time_passes(self, seconds: float, is_paused: bool) -> None:
        self.wall += seconds
        self.now += 0.0 if is_paused else seconds

    @stateful.rule(keep_seconds=st.sampled_from([None, 0.5, 60.0]))
    def peers_say_how_long_they_keep(self, keep_seconds: "float | None") -> None:
        for link in self.lent:
            link.keep_seconds = keep_seconds

    @stateful.precondition(lambda self: self.state.idle)
    @stateful.rule(origin=st.sampled_from("ab"))
    def peers_close(self, origin: str) -> None:
        known = self.state._origins.get(origin)
        for link in known.idle if known is not None else ():
            link.is_closed = True

    @stateful.rule()
    def drain(self) -> None:
        self.state.drain()
        assert self.state.idle == 0
        self.rescue()

    @stateful.rule()
    def close_what_was_dropped(self) -> None:
        while self.state.to_close:
            link = self.state.to_close.popleft()
            assert link not in self.lent, "a lent connection was dropped"
            assert link not in self.closed, "dropped twice"
            self.closed.add(link)

    def rescue(self) -> None:
        """As the shells do now and then: a loss wakes nobody."""
        self.state.wake_first()

    @stateful.invariant()
    def the_count_is_right(self) -> None:
        assert self.state.opened == len(self.lent) + self.state.idle
        assert self.state.opened <= self.state.limit

    @stateful.invariant()
    def nobody_waits_in_vain(self) -> None:
        if self.queue and not self.queue[0].wakes:
            first = self.queue[0]
            known = self.state._origins.get(first.origin)
            fresh = [link for link in known.idle if not link.is_closed] if known is not None else []
            assert self.state.opened == self.state.limit or first.wakes
            assert not fresh or first.wakes


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = hypothesis.settings(max_examples=examples(120), stateful_step_count=40)
TestPoolMachine.pytestmark = [pytest.mark.campaign]
