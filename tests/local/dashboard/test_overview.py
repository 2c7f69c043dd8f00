"""Every function with what its calls were like."""

import pytest

from tencentserverless.local.dashboard.overview import BUCKET_COUNT, BUCKET_SECONDS, p95_line, percentile
from tests.conftest import wait_until
from tests.local.dashboard.visiting import Visitor


def of(visitor, name):
    (found,) = (each for each in visitor.get("overview")["items"] if each["function"] == name)
    return found


def test_a_function_without_calls_has_no_figures(visitor):
    found = of(visitor, "large")
    assert (found["calls"], found["errors"], found["p95_line"]) == (0, 0, [])
    assert (found["last_call_at"], found["last_status"], found["p50_ms"], found["p95_ms"]) == (None, None, None, None)
    assert (found["state"], found["type"]) == ("Active", "Event")
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
    page = visitor.get("function", region="ap-guangzhou", namespace="default", function="fails")["summary"]
    assert page["handler"] == "index.main_handler"
    assert sum(each["calls"] for each in page["buckets"]) == sum(each["errors"] for each in page["buckets"]) == 3
    assert all(0 <= index < found["bucket_count"] for index, _ in fails["p95_line"])
    assert {value for _, value in fails["p95_line"]} <= {round(each["p95_ms"], 3) for each in page["buckets"]}
    at = page["bucket_start_at"] + page["buckets"][-1]["index"] * page["bucket_seconds"]
    assert at <= fails["last_call_at"] < at + page["bucket_seconds"]
    assert (echo["instances"]["all"], echo["instances"]["idle"]) == (1, 1)
    assert found["instances"]["all"] >= 2


def test_what_was_told_at_the_start_is_told_here(visitor, server):
    notices = visitor.get("overview")["notices"]
    assert notices
    assert all(f"scf: {each['text']}" in server.stderr for each in notices)
    assert all("key=" not in each["text"] for each in notices)


def test_a_notice_is_told_with_its_parts(tmp_path, start_local_scf):
    folder = tmp_path / "functions" / "fn"
    folder.mkdir(parents=True)
    (folder / "index.py").write_text("def main_handler(event, context):\n    return event\n")
    (folder / "serverless.yml").write_text(
        "component: scf\nname: fn\ninputs: {name: fn, src: ., runtime: Python3.9, region: ap-tokyo, memory: 128}\n"
    )
    told = {each["template"]: each for each in Visitor(start_local_scf(folder.parent)).get("overview")["notices"]}
    moved = told["{name} is in {region}: --region {region}"]
    assert moved["text"] == "fn is in ap-tokyo: --region ap-tokyo"
    assert moved["values"]["region"] == {"text": "ap-tokyo", "template": "ap-tokyo", "values": {}}
    unknown = told["{place} {words}"]
    assert unknown["text"].endswith(
        ": inputs.memory is no key of component scf, and is ignored; did you mean memorySize?"
    )
    assert unknown["values"]["words"]["template"] == "is no key of {kind}, and is ignored{near}"
    assert unknown["values"]["words"]["values"]["kind"]["text"] == "component scf"


def test_a_function_whose_folder_is_away_says_so(functions, start_local_scf, tmp_path):
    visitor = Visitor(start_local_scf(functions))
    visitor.invoke("echo", 1)
    (functions / "echo").rename(tmp_path / "elsewhere")
    wait_until(lambda: of(visitor, "echo")["state"] == "Away")
    assert of(visitor, "echo")["calls"] == 1


@pytest.mark.parametrize("count", [1, 19, 20, 60])
def test_the_line_of_a_function_is_the_p95_of_each_bucket(count):
    now = 1_000_000.0
    start = (int(now // BUCKET_SECONDS) - BUCKET_COUNT + 1) * BUCKET_SECONDS
    old = (0, start - 1.0, 9_999.0)
    first = [(0, start + 1.0, float(number)) for number in range(count, 0, -1)]
    last = [(430, now, 7.123456)]
    found = p95_line([old, *first, *last], now)
    assert found == [
        (0, percentile([float(number) for number in range(1, count + 1)], 0.95)),
        (BUCKET_COUNT - 1, 7.123),
    ]


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([], 0.5, None), ([7.0], 0.5, 7.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), (list(range(1, 101)), 0.95, 95)],
)
def test_a_percentile_is_one_of_the_values(values, share, found):
    assert percentile(values, share) == found
