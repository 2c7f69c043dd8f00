import gc

import pytest

from tencentserverless._core.pool import IDLE_LIMIT_SECONDS, MIN_IDLE_LIMIT_SECONDS, WAIT, Place, PoolState, Waiter
from tests.profiles import examples

hypothesis = pytest.importorskip("hypothesis")
stateful = pytest.importorskip("hypothesis.stateful")
st = hypothesis.strategies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Link:
    """Stands for an open connection: an origin and the place it takes."""

    def __init__(self, origin: str, place: Place) -> None:
        self.origin = origin
        self.place = place
        self.idle_since = self.idle_since_wall = 0.0


def open_link(state: PoolState, origin: str = "a", now: float = 0.0) -> Link:
    place = state.acquire(origin, now, now)
    assert type(place) is Place
    return Link(origin, place)


def wait(state: PoolState, origin: str = "a") -> Waiter:
    assert state.acquire(origin, 0.0, 0.0) is WAIT
    waiter = Waiter(origin, None)
    state.enqueue(waiter)
    return waiter


def test_the_connection_used_last_is_used_first() -> None:
    state = PoolState(3)
    links = [open_link(state) for _ in range(3)]
    for now, link in enumerate(links):
        state.release(link, now, now)
    assert [state.acquire("a", 3.0, 3.0) for _ in range(3)] == links[::-1]


def test_a_lent_connection_is_not_lent_again() -> None:
    state = PoolState(2)
    link = open_link(state)
    state.release(link, 0.0, 0.0)
    assert state.acquire("a", 0.0, 0.0) is link
    assert type(state.acquire("a", 0.0, 0.0)) is Place


def test_no_more_than_the_limit_are_open() -> None:
    state = PoolState(2)
    links = [open_link(state), open_link(state)]
    assert state.acquire("a", 0.0, 0.0) is WAIT
    assert state.opened == 2
    state.discard(links[0].place)
    assert type(state.acquire("a", 0.0, 0.0)) is Place


def test_connections_of_another_origin_make_room() -> None:
    state = PoolState(2)
    old, young = open_link(state, "a"), open_link(state, "a")
    state.release(old, 0.0, 0.0)
    state.release(young, 1.0, 1.0)
    place = state.acquire("b", 1.0, 1.0)
    assert type(place) is Place
    assert state.doomed == [old]
    assert state.opened == 2
    assert state.acquire("a", 1.0, 1.0) is young


def test_what_is_lent_is_never_evicted() -> None:
    state = PoolState(1)
    link = open_link(state, "a")
    assert state.acquire("b", 0.0, 0.0) is WAIT
    assert state.doomed == []
    assert link.place is not None


def test_waiters_are_served_in_their_order() -> None:
    state = PoolState(1)
    link = open_link(state)
    waiters = [wait(state) for _ in range(3)]
    for waiter in waiters:
        assert state.release(link, 0.0, 0.0) is waiter
        assert waiter.grant is link
    assert state.release(link, 0.0, 0.0) is None


def test_a_waiter_for_another_origin_gets_the_place_and_the_connection_is_doomed() -> None:
    state = PoolState(1)
    link = open_link(state, "a")
    waiter = wait(state, "b")
    assert state.release(link, 0.0, 0.0) is waiter
    assert type(waiter.grant) is Place
    assert state.doomed == [link]
    assert state.opened == 1


def test_a_dropped_connection_hands_its_place_to_the_first_waiter() -> None:
    state = PoolState(1)
    link = open_link(state)
    waiter = wait(state)
    assert state.discard(link.place) is waiter
    assert type(waiter.grant) is Place
    assert state.opened == 1
    assert state.discard(waiter.grant) is None
    assert state.opened == 0


def test_who_gives_up_waiting_is_served_no_more() -> None:
    state = PoolState(1)
    link = open_link(state)
    first, second = wait(state), wait(state)
    assert state.abandon(first) is None
    assert state.release(link, 0.0, 0.0) is second


def test_a_grant_that_crosses_with_giving_up_is_handed_over() -> None:
    """The waiter's timeout and the release happened at once: the connection must not be lost."""
    state = PoolState(1)
    link = open_link(state)
    waiter = wait(state)
    state.release(link, 0.0, 0.0)
    assert state.abandon(waiter) is link
    assert state.release(link, 0.0, 0.0) is None
    assert state.acquire("a", 0.0, 0.0) is link


def test_a_place_that_is_lost_is_free_again() -> None:
    """A signal handler that raises between two steps may lose a connection; the pool must not shrink by it."""
    state = PoolState(1)
    link = open_link(state)
    assert state.acquire("a", 0.0, 0.0) is WAIT
    del link
    gc.collect()
    assert type(state.acquire("a", 0.0, 0.0)) is Place


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
    found = state.acquire("a", 100.0 + monotonic, 5000.0 + wall)
    if is_young:
        assert found is link
    else:
        assert type(found) is Place
        assert state.doomed == [link]
        assert state.opened == 1


def test_when_the_youngest_is_too_old_all_are_doomed() -> None:
    state = PoolState(3)
    links = [open_link(state) for _ in range(3)]
    for now, link in enumerate(links):
        state.release(link, now, now)
    place = state.acquire("a", 100.0, 100.0)
    assert type(place) is Place
    assert set(state.doomed) == set(links)
    assert state.opened == 1


def test_an_origin_may_shorten_its_limit_but_not_lengthen_it_nor_below_a_second() -> None:
    state = PoolState(2)
    for seconds, expected in (
        (10.0, 10.0),
        (20.0, 10.0),
        (0.0, MIN_IDLE_LIMIT_SECONDS),
        (99.0, MIN_IDLE_LIMIT_SECONDS),
    ):
        state.limit_idle("a", seconds)
        link = open_link(state)
        state.release(link, 0.0, 0.0)
        assert state.acquire("a", expected, expected) is link
        state.release(link, 0.0, 0.0)
        place = state.acquire("a", expected + 0.01, 0.0)
        assert type(place) is Place
        state.discard(place)
        state.doomed.clear()
    other = open_link(state, "b")
    state.release(other, 0.0, 0.0)
    assert state.acquire("b", 29.0, 29.0) is other


def test_draining_dooms_what_idles_and_leaves_what_is_lent() -> None:
    state = PoolState(3)
    links = [open_link(state, origin) for origin in "aab"]
    state.release(links[0], 0.0, 0.0)
    state.release(links[2], 0.0, 0.0)
    state.drain()
    assert set(state.doomed) == {links[0], links[2]}
    assert state.opened == 1


def test_its_repr_counts() -> None:
    state = PoolState(2)
    links = [open_link(state), open_link(state)]
    waiter = wait(state)
    assert repr(state) == "<PoolState 2/2 open, 0 idle, 1 waiting>"
    state.abandon(waiter)
    state.release(links[0], 0.0, 0.0)
    assert repr(state) == "<PoolState 2/2 open, 1 idle, 0 waiting>"


class PoolMachine(stateful.RuleBasedStateMachine):  # type: ignore[misc,name-defined]
    """Every order of borrowing, giving back, dropping, waiting, giving up and time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PoolState(3)
        self.now = 0.0
        self.wall = 1000.0
        self.lent: "list[Link]" = []
        self.queue: "list[Waiter]" = []
        self.granted: "list[Waiter]" = []
        self.idle: "set[Link]" = set()
        self.closed: "set[Link]" = set()

    def take(self, found: "Any", origin: str) -> None:
        if type(found) is Place:
            self.lent.append(Link(origin, found))
            return
        assert found.origin == origin
        assert found not in self.lent, "lent twice"
        assert found not in self.closed, "lent after it was doomed"
        self.idle.discard(found)
        self.lent.append(found)

    def wake(self, waiter: "Waiter | None") -> None:
        if self.queue:
            assert waiter is self.queue[0], "the longest waiter comes first"
            assert waiter is not None
            assert waiter.grant is not None
            self.granted.append(self.queue.pop(0))
        else:
            assert waiter is None

    @stateful.rule(origin=st.sampled_from("ab"))
    def acquire(self, origin: str) -> None:
        found = self.state.acquire(origin, self.now, self.wall)
        if found is not WAIT:
            self.take(found, origin)
            return
        assert self.state.opened == self.state.limit, "who waits, waits for a full pool"
        assert not self.idle - self.closed - set(self.state.doomed), "and for no idle connection"
        waiter = Waiter(origin, None)
        self.state.enqueue(waiter)
        self.queue.append(waiter)

    @stateful.precondition(lambda self: self.lent)
    @stateful.rule(data=st.data())
    def release(self, data: "Any") -> None:
        link = self.lent.pop(data.draw(st.integers(0, len(self.lent) - 1)))
        had_waiters = bool(self.queue)
        self.wake(self.state.release(link, self.now, self.wall))
        if not had_waiters:
            self.idle.add(link)

    @stateful.precondition(lambda self: self.lent)
    @stateful.rule(data=st.data())
    def discard(self, data: "Any") -> None:
        link = self.lent.pop(data.draw(st.integers(0, len(self.lent) - 1)))
        self.closed.add(link)
        self.wake(self.state.discard(link.place))

    @stateful.precondition(lambda self: self.queue)
    @stateful.rule(data=st.data())
    def give_up(self, data: "Any") -> None:
        waiter = self.queue.pop(data.draw(st.integers(0, len(self.queue) - 1)))
        assert self.state.abandon(waiter) is None

    @stateful.precondition(lambda self: self.granted)
    @stateful.rule(is_late=st.booleans())
    def receive(self, is_late: bool) -> None:
        waiter = self.granted.pop(0)
        grant = self.state.abandon(waiter) if is_late else waiter.grant
        assert grant is waiter.grant
        if not is_late:
            self.take(grant, waiter.origin)
        elif type(grant) is Place:
            self.wake(self.state.discard(grant))
        else:
            had_waiters = bool(self.queue)
            self.wake(self.state.release(grant, self.now, self.wall))
            if not had_waiters:
                self.idle.add(grant)

    @stateful.rule(seconds=st.sampled_from([0.5, 5.0, 31.0]), is_paused=st.booleans())
    def time_passes(self, seconds: float, is_paused: bool) -> None:
        self.wall += seconds
        self.now += 0.0 if is_paused else seconds

    @stateful.rule(origin=st.sampled_from("ab"), seconds=st.sampled_from([0.0, 3.0, 60.0]))
    def limit_idle(self, origin: str, seconds: float) -> None:
        self.state.limit_idle(origin, seconds)

    @stateful.rule()
    def drain(self) -> None:
        self.state.drain()
        assert not self.idle - self.closed - set(self.state.doomed)

    @stateful.rule()
    def close_the_doomed(self) -> None:
        while self.state.doomed:
            link = self.state.doomed.pop()
            assert link not in self.lent, "a lent connection was doomed"
            assert link not in self.closed, "doomed twice"
            self.closed.add(link)
            self.idle.discard(link)

    @stateful.invariant()
    def the_count_is_right(self) -> None:
        idle = {link for link in self.idle if link not in self.state.doomed}
        places = [waiter for waiter in self.granted if waiter.grant not in self.lent]
        assert self.state.opened == len(self.lent) + len(idle) + len(places)
        assert self.state.opened <= self.state.limit

    @stateful.invariant()
    def nobody_holds_what_another_has(self) -> None:
        held = [id(link) for link in self.lent]
        held += [id(waiter.grant) for waiter in self.granted]
        held += [id(link) for link in self.idle if link not in self.state.doomed]
        assert len(held) == len(set(held))

    @stateful.invariant()
    def nobody_waits_in_vain(self) -> None:
        if self.queue:
            assert self.state.opened == self.state.limit


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = hypothesis.settings(max_examples=examples(120), stateful_step_count=40)
