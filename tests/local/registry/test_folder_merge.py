"""What is kept of a function, and what its folder holds today: which stands."""

import dataclasses
from pathlib import Path

import pytest

from tencentserverless.local.registry.folder_merge import FolderDefinition, SyncChange, merge_folder
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_tables import StoredFunction, decode_function, encode_function
from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.registry.timer_triggers import Trigger

KEY = FunctionKey("ap-a", "default", "fn")
FOUND = FunctionRecord(KEY, "index.main_handler", "Python3.10", Path("/functions/fn"), created_at=1.0, changed_at=1.0)
TODAY = dataclasses.replace(FOUND, created_at=9.0, changed_at=9.0)
EDITED = dataclasses.replace(TODAY, memory_mb=256)
MOVED = dataclasses.replace(TODAY, code_folder=Path("/elsewhere/fn"))
PACKAGE = Packages(Path("/state/packages")).locate("ab" * 32, 77)
SENT = dataclasses.replace(FOUND, package=PACKAGE, code_folder=PACKAGE.folder, handler="other.handler")
VERSION = dataclasses.replace(SENT, version="1")
CONFIGURED = dataclasses.replace(FOUND, timeout_seconds=30)
BOTH = dataclasses.replace(SENT, timeout_seconds=30)
CONFIGURED_TODAY = dataclasses.replace(CONFIGURED, changed_at=9.0)
MOVED_CONFIGURED = dataclasses.replace(CONFIGURED, code_folder=MOVED.code_folder)
EDITED_SENT = dataclasses.replace(SENT, memory_mb=256, changed_at=9.0)
OTHERS = dataclasses.replace(TODAY, handler="others.handler", memory_mb=256)
ELSEWHERE = dataclasses.replace(EDITED, code_folder=Path("/functions/fn/dist"))
OLD, NEW = "digest of before", "digest of today"

PLAIN = new_function(FOUND)


@pytest.mark.parametrize(("before", "is_taken"), [("1-ab", True), ("ab", False), ("2-ab", False), ("", False)])
def test_a_digest_of_another_form_says_nothing(before, is_taken):
    old = StoredFunction(PLAIN.with_latest(SENT), FOUND, before)
    plan = merge_folder(old, FolderDefinition(TODAY, "1-cd"))
    assert (plan.kept.function.latest.package is None) == is_taken
    assert plan.kept.digest == "1-cd"


def first_made(record):
    return dataclasses.replace(record, created_at=1.0)


def kept(latest, digest=OLD, found=FOUND):
    return StoredFunction(PLAIN.with_latest(latest), found, digest)


@pytest.mark.parametrize(
    ("old", "definition", "latest", "news", "is_saved", "notice"),
    [
        (None, FolderDefinition(TODAY, NEW), TODAY, SyncChange.NEW, False, ""),
        (kept(FOUND), FolderDefinition(TODAY, OLD), FOUND, SyncChange.NONE, False, ""),
        (kept(FOUND), FolderDefinition(TODAY, NEW), FOUND, SyncChange.NONE, True, ""),
        (kept(FOUND), FolderDefinition(EDITED, NEW), first_made(EDITED), SyncChange.CHANGED, True, ""),
        (kept(CONFIGURED), FolderDefinition(TODAY, OLD), CONFIGURED, SyncChange.NONE, False, ""),
        (kept(CONFIGURED), FolderDefinition(TODAY, NEW), CONFIGURED, SyncChange.NONE, True, ""),
        (
            kept(CONFIGURED),
            FolderDefinition(EDITED, NEW),
            first_made(EDITED),
            SyncChange.CHANGED,
            True,
            "it replaces what",
        ),
        (kept(SENT), FolderDefinition(TODAY, OLD), SENT, SyncChange.NONE, False, ""),
        (kept(SENT), FolderDefinition(TODAY, NEW), first_made(TODAY), SyncChange.CHANGED, True, "its code replaces"),
        (kept(SENT), FolderDefinition(EDITED, NEW), first_made(EDITED), SyncChange.CHANGED, True, "it replaces what"),
        # A serverless.yml beside the folder of the code: each part for itself.
        (kept(SENT), FolderDefinition(EDITED, OLD), EDITED_SENT, SyncChange.CHANGED, False, ""),
        (kept(BOTH), FolderDefinition(EDITED, OLD), EDITED_SENT, SyncChange.CHANGED, False, "its settings replace"),
        (kept(FOUND), FolderDefinition(OTHERS, OLD), first_made(OTHERS), SyncChange.CHANGED, True, ""),
        (kept(FOUND), FolderDefinition(ELSEWHERE, OLD), first_made(ELSEWHERE), SyncChange.CHANGED, False, ""),
        (kept(BOTH), FolderDefinition(TODAY, NEW), CONFIGURED_TODAY, SyncChange.CHANGED, True, "its code replaces"),
        # Nobody had looked into the folder, or nobody has now: what it holds is no news.
        (kept(SENT, ""), FolderDefinition(TODAY, NEW), SENT, SyncChange.NONE, False, ""),
        (kept(SENT), FolderDefinition(TODAY, ""), SENT, SyncChange.NONE, False, ""),
        # No folder held the function before: one that is new has changed last.
        (
            kept(SENT, "", None),
            FolderDefinition(TODAY, NEW),
            first_made(TODAY),
            SyncChange.CHANGED,
            True,
            "it replaces what",
        ),
        # The project lies elsewhere now, and says what it said.
        (kept(CONFIGURED), FolderDefinition(MOVED, OLD), MOVED_CONFIGURED, SyncChange.CHANGED, False, ""),
        (kept(SENT), FolderDefinition(MOVED, OLD), SENT, SyncChange.NONE, False, ""),
    ],
)
def test_what_changed_last_stands(old, definition, latest, news, is_saved, notice):
    plan = merge_folder(old, definition)
    assert (plan.kept.function.latest, plan.news, plan.is_saved) == (latest, news, is_saved)
    assert (notice in plan.notice, bool(plan.notice)) == (True, bool(notice))
    assert merge_folder(plan.kept, definition) == dataclasses.replace(
        plan, news=SyncChange.NONE, is_saved=False, notice=""
    )


@pytest.mark.parametrize(
    ("old", "is_away"),
    [(None, False), (kept(FOUND), True), (kept(SENT), False), (StoredFunction(None, FOUND, OLD), False)],
)
def test_a_folder_that_is_away_takes_nothing_with_it(old, is_away):
    plan = merge_folder(old, None)
    assert (plan.kept, plan.is_away, plan.news) == (old, is_away, SyncChange.NONE)


@pytest.mark.parametrize(
    ("definition", "is_back"),
    [
        (FolderDefinition(TODAY, OLD), False),
        (FolderDefinition(MOVED, OLD), False),
        (FolderDefinition(TODAY, ""), False),
        (FolderDefinition(TODAY, NEW), True),
        (FolderDefinition(EDITED, OLD), True),
    ],
)
def test_a_deleted_function_comes_back_with_a_change_of_its_folder(definition, is_back):
    plan = merge_folder(StoredFunction(None, FOUND, OLD), definition)
    assert (plan.kept.function is not None, plan.news is SyncChange.NEW) == (is_back, is_back)
    assert ("since DeleteFunction" in plan.notice) == is_back


def test_versions_aliases_and_reservations_stand_when_the_folder_has_changed():
    function = PLAIN.with_version(VERSION).with_reserved(256)
    stands = merge_folder(StoredFunction(function, FOUND), FolderDefinition(EDITED)).kept.function
    assert (stands.versions["1"], stands.aliases, stands.reserved_mb) == (VERSION, function.aliases, 256)


def test_a_timer_that_the_folder_names_no_more_is_gone_and_the_apis_stays():
    named, made = (Trigger(name, LATEST, "0 0 0 * * * *") for name in ("named", "made"))
    before = dataclasses.replace(FOUND, timers=(named,))
    function = new_function(before)
    function = dataclasses.replace(function, triggers={**function.triggers, "made": made})
    renamed = dataclasses.replace(FOUND, timers=(dataclasses.replace(named, name="renamed"),))
    for after, names in ((renamed, {"renamed", "made"}), (FOUND, {"made"})):
        stands = merge_folder(StoredFunction(function, before), FolderDefinition(after)).kept.function
        assert set(stands.triggers) == names


@pytest.mark.parametrize("function", [None, PLAIN, PLAIN.with_latest(SENT).with_version(VERSION).with_reserved(0)])
def test_a_function_is_kept_whole_wherever_the_packages_are_next_time(function):
    kept = StoredFunction(function, FOUND, OLD, Path("/functions/fn/serverless.yml"))
    text = encode_function(kept)
    assert b"/state/packages" not in text
    assert decode_function(text, Packages(Path("/state/packages")).locate) == kept
    moved = decode_function(text, Packages(Path("/moved")).locate).function
    versions = moved.versions.values() if moved else ()
    assert all(str(each.code_folder).startswith("/moved/") for each in versions if each.package)


def test_what_was_kept_before_there_were_digests_is_read():
    text = encode_function(StoredFunction(PLAIN, FOUND)).replace(b',"digest":"","place":null', b"")
    assert b"digest" not in text
    assert b"place" not in text
    assert decode_function(text, Packages(Path("/state/packages")).locate) == StoredFunction(PLAIN, FOUND)
