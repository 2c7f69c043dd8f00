"""Sessions: each keeps to its instance while it lives, and no longer. A plain model says what is so."""

import hypothesis
import pytest
from hypothesis import strategies as st

from tencentserverless.local.registry.web_settings import SessionSettings
from tencentserverless.local.scheduler.sessions import SessionTable
from tests.profiles import examples

TTL, IDLE, MOST = 100, 10, 4
NAMES, PLACES = "abcdef", "XYZ"


class Model:
    """The sessions as a list, the one that is unused for longest first: name, place, beginning, last use, running."""

    def __init__(self):
        self.now = 0.0
        self.sessions = []

    def living(self):
        def lives(each):
            return self.now - each["begun"] < TTL and (each["running"] or self.now - each["used"] < IDLE)

        return [each for each in self.sessions if lives(each)]

    def homes(self):
        return sorted({each["place"] for each in self.living()})

    def named(self, name):
        return next((each for each in self.living() if each["name"] == name), None)

    def use(self, name):
        each = self.named(name)
        self.sessions.remove(each)
        self.sessions.append(each)
        each["used"] = self.now
        return each


def homes(table):
    return [place for place in PLACES if table.has_any(place)]


steps = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 9.5, 10, 30])),
    st.tuples(st.just("bind"), st.sampled_from(NAMES), st.sampled_from(PLACES)),
    st.tuples(st.just("use"), st.sampled_from(NAMES)),
    st.tuples(st.just("rest"), st.sampled_from(NAMES)),
    st.tuples(st.just("forget"), st.sampled_from(PLACES)),
)


@pytest.mark.campaign
@hypothesis.settings(max_examples=examples(400))
@hypothesis.given(st.lists(steps, max_size=40))
def test_a_session_stays_at_its_instance_while_it_lives(taken):
    model = Model()
    table = SessionTable(SessionSettings("HEADER", "x-test", 2, TTL, IDLE), lambda: model.now, max_sessions=100)
    for kind, *values in taken:
        found = model.named(values[0]) if kind in ("bind", "use", "rest") else None
        if kind == "wait":
            model.now += values[0]
        elif kind == "bind":
            table.bind(*values)
            if found is None:
                name, place = values
                model.sessions = [each for each in model.sessions if each["name"] != name]
                model.sessions.append(
                    {"name": name, "place": place, "begun": model.now, "used": model.now, "running": 0}
                )
        elif kind == "use" and found:
            table.use(values[0])
            model.use(values[0])["running"] += 1
        elif kind == "rest" and found and found["running"]:
            table.rest(values[0], found["place"])
            model.use(values[0])["running"] -= 1
        elif kind == "forget":
            table.forget(values[0])
            model.sessions = [each for each in model.sessions if each["place"] != values[0]]
        living = model.living()
        assert homes(table) == model.homes()  # first: the other questions end those that are over
        for name in NAMES:
            assert table.find(name) == next((each["place"] for each in living if each["name"] == name), None)
        for place in PLACES:
            count = sum(each["place"] == place for each in living)
            assert (table.count(place), table.has_room(place)) == (count, count < 2)


def test_the_one_that_is_unused_for_longest_makes_room():
    now = 0.0
    table = SessionTable(SessionSettings("HEADER", "x-test"), lambda: now, max_sessions=MOST)
    for name in "abcd":
        table.bind(name, "X")
    table.use("a")
    table.bind("e", "Y")
    assert [name for name in "abcde" if table.find(name)] == ["a", "c", "d", "e"]
    assert (len(table), table.count("X"), table.count("Y")) == (MOST, 3, 1)


def test_a_request_that_ends_elsewhere_changes_nothing():
    table = SessionTable(SessionSettings("HEADER", "x-test"), lambda: 0.0)
    table.bind("a", "X")
    table.use("a")
    table.rest("a", "Y")  # it had begun at an instance that is dead now
    table.rest("b", "X")
    assert table.find("a") == "X"
    assert table.has_room("X")  # there is no bound


def test_to_ask_for_any_session_does_not_look_at_all_of_them():
    asked = []

    def clock():
        asked.append(1)
        return 0.0

    table = SessionTable(SessionSettings("HEADER", "x-test"), clock)
    for number in range(1000):
        table.bind(str(number), "X")
    asked.clear()
    assert table.has_any("X")
    assert len(asked) == 1
    assert not table.has_any("Y")
