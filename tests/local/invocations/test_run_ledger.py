"""The ledger knows what was begun, what came back unread, and forgets the oldest."""

import hashlib
from pathlib import Path

from tencentserverless.local.invocations.run_ledger import Ledger
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord

RECORD = FunctionRecord(FunctionKey("ap-a", "default", "fn"), "index.main_handler", "Python3.10", Path("/x"))


def test_executions_are_counted_by_request():
    ledger = Ledger()
    for _ in range(2):
        ledger.begin(RECORD, "id-1", b'"x"')
        ledger.end("id-1", 430)
    (entry,) = ledger.search(request_id="id-1")
    assert (entry.begun, entry.ended, entry.status) == (2, 2, 430)
    assert entry.payload == hashlib.sha256(b'"x"').hexdigest()
    assert list(ledger.search(payload=entry.payload)) == list(ledger.search(function="fn")) == [entry]
    assert not list(ledger.search(request_id="id-2"))
    assert not list(ledger.search(function="other"))


def test_what_came_back_unread_did_not_run():
    ledger = Ledger()
    ledger.begin(RECORD, "id-1", b"1")
    ledger.end("id-1", None)
    assert not list(ledger.search())
    ledger.begin(RECORD, "id-1", b"1")
    (entry,) = ledger.search()
    assert (entry.begun, entry.ended, entry.status) == (1, 0, None)


def test_the_oldest_give_way_and_all_can_be_forgotten():
    ledger = Ledger(max_entries=3)
    for number in range(5):
        ledger.begin(RECORD, f"id-{number}", b"1")
    assert [entry.request_id for entry in ledger.search()] == ["id-2", "id-3", "id-4"]
    ledger.end("id-0", 0)
    ledger.reset()
    assert len(ledger) == 0


def test_what_ran_twice_is_listed_first_then_the_newest():
    ledger = Ledger(max_entries=4)
    for number in range(4):
        ledger.begin(RECORD, f"id-{number}", b"1")
    ledger.begin(RECORD, "id-1", b"1")
    assert [each.request_id for each in ledger.list_newest(None, 0, 3)[2]] == ["id-1", "id-3", "id-2"]
    assert [each.request_id for each in ledger.list_newest(None, 3, 9)[2]] == ["id-0"]
    assert ledger.list_newest(None, 0, 9)[:2] == (4, 1)
    assert ledger.list_newest("other", 0, 9) == (0, 0, [])
    assert [each.request_id for each in ledger.list_newest(RECORD.key.name, 0, 2)[2]] == ["id-1", "id-3"]
    ledger.end("id-1", None)  # taken back unread
    assert ledger.list_newest(None, 0, 9)[1] == 0
    ledger.begin(RECORD, "id-1", b"1")
    for number in range(4, 7):  # the oldest ones are removed, with what ran twice
        ledger.begin(RECORD, f"id-{number}", b"1")
    assert ledger.list_newest(None, 0, 9)[:2] == (4, 0)
    ledger.reset()
    assert ledger.list_newest(None, 0, 9) == (0, 0, [])
