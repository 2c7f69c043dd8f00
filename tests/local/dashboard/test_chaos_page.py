"""Fault rules and the ledger, as pages see and change them."""

import pytest

from tests.conftest import wait_until
from tests.local.dashboard.visiting import API, send


def test_rules_are_made_count_and_are_ended(visitor):
    rules = [{"kind": "throttle", "function": "echo", "first": 1}, {"kind": "delay", "seconds": 0.0, "rate": None}]
    made = visitor.change("PUT", "faults", {"rules": rules})["rules"]
    assert [(rule["kind"], rule["fitted"], rule["fired"]) for rule in made] == [("throttle", 0, 0), ("delay", 0, 0)]
    assert visitor.invoke("echo", 1)["ErrMsg"].endswith("by a fault rule")
    assert visitor.invoke("echo", 1)["RetMsg"] == "1"
    counted = visitor.get("faults")["rules"]
    assert [(rule["fitted"], rule["fired"]) for rule in counted] == [(2, 1), (1, 1)]
    again = visitor.change("PUT", "faults", {"rules": counted})["rules"]  # a page sends what it has read
    assert [(rule["fitted"], rule["fired"]) for rule in again] == [(0, 0), (0, 0)]
    assert visitor.change("PUT", "faults", {"rules": []}) == {"rules": []}


@pytest.mark.parametrize(
    "rules", [[{"kind": "none"}], [{"kind": "delay", "seconds": -1}], [{"kind": "crash", "other": 1}], [{}] * 2000, 7]
)
def test_a_rule_that_can_not_be_read_changes_nothing(visitor, rules):
    visitor.change("PUT", "faults", {"rules": [{"kind": "delay", "function": "kept"}]})
    assert (
        visitor.ask("PUT", "faults", b'{"rules": ' + str(rules).replace("'", '"').encode() + b"}").code == "parameter"
    )
    assert [rule["function"] for rule in visitor.get("faults")["rules"]] == ["kept"]
    visitor.change("PUT", "faults", {"rules": []})


def test_what_ran_twice_comes_first(visitor, server):
    visitor.change("PUT", "ledger", {"is_on": True})
    visitor.change("PUT", "faults", {"rules": []})
    twice = visitor.invoke("fails", 1, InvocationType="Event")["FunctionRequestId"]

    def entries():
        return {each["request_id"]: each for each in visitor.get("ledger", function="fails")["items"]}

    wait_until(lambda: entries().get(twice, {}).get("ended") == 3)
    once = visitor.invoke("echo", 2)["FunctionRequestId"]
    found = visitor.get("ledger")
    assert (found["is_on"], found["twice"]) == (True, 1)
    first, second, *_ = found["items"]
    assert (first["request_id"], first["begun"], first["ran_twice"]) == (twice, 3, True)
    assert (second["request_id"], second["event"], second["ran_twice"]) == (once, "2", False)
    emptied = visitor.change("DELETE", "ledger")
    assert (emptied["count"], emptied["items"]) == (0, [])
    assert visitor.change("PUT", "ledger", {"is_on": False})["is_on"] is False


def test_a_switch_that_says_nothing_is_refused(visitor, server):
    changed = {"Cookie": visitor.cookie, "Origin": server.url, "X_Scf_Csrf": visitor.csrf}
    for body in (b"", b"{}", b'{"is_on": "yes"}', b"[" * 10_000):
        assert send(server, "PUT", f"{API}ledger", body, **changed).code == "parameter"
