"""Every function with what its calls were like."""

import pytest

from tencentserverless.local.dashboard.overview import percentile
from tests.conftest import wait_until
from tests.local.dashboard.visiting import Visitor


def of(visitor, name):
    (found,) = (each for each in visitor.get("overview")["items"] if each["function"] == name)
    return found


def test_a_function_without_calls_has_no_figures(visitor):
    found = of(visitor, "large")
    assert (found["calls"], found["errors"], found["buckets"]) == (0, 0, [])
    assert (found["last_call_at"], found["last_status"], found["p50_ms"], found["p95_ms"]) == (None, None, None, None)
    assert (found["state"], found["type"], found["handler"]) == ("Active", "Event", "index.main_handler")
    assert found["instances"] == {"all": 0, "idle": 0, "calls": 0}


def test_calls_and_failures_are_counted_and_put_into_buckets(visitor):
    for number in range(3):
        visitor.invoke("fails", number)
    visitor.invoke("echo", 1)
    found = visitor.get("overview")
    names = [each["function"] for each in found["items"]]
    assert names == sorted(names) == ["echo", "fails", "large", "timed"]
    fails, echo = of(visitor, "fails"), of(visitor, "echo")
    assert (fails["calls"], fails["errors"], fails["last_status"]) == (3, 3, 430)
    assert (echo["calls"], echo["errors"], echo["last_status"]) == (1, 0, 0)
    assert fails["p95_ms"] >= fails["p50_ms"] > 0
    assert sum(each["calls"] for each in fails["buckets"]) == sum(each["errors"] for each in fails["buckets"]) == 3
    start = found["bucket_start_at"]
    for bucket in fails["buckets"]:
        assert 0 <= bucket["index"] < found["bucket_count"]
    at = start + fails["buckets"][-1]["index"] * found["bucket_seconds"]
    assert at <= fails["last_call_at"] < at + found["bucket_seconds"]
    assert (echo["instances"]["all"], echo["instances"]["idle"]) == (1, 1)
    assert found["instances"]["all"] >= 2


def test_what_was_told_at_the_start_is_told_here(visitor, server):
    notices = visitor.get("overview")["notices"]
    assert notices
    assert all(f"scf: {line}" in server.stderr for line in notices)
    assert all("key=" not in line for line in notices)


def test_a_function_whose_folder_is_away_says_so(functions, start_local_scf, tmp_path):
    visitor = Visitor(start_local_scf(functions))
    visitor.invoke("echo", 1)
    (functions / "echo").rename(tmp_path / "elsewhere")
    wait_until(lambda: of(visitor, "echo")["state"] == "Away")
    assert of(visitor, "echo")["calls"] == 1


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([], 0.5, None), ([7.0], 0.5, 7.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), (list(range(1, 101)), 0.95, 95)],
)
def test_a_percentile_is_one_of_the_values(values, share, found):
    assert percentile(values, share) == found
