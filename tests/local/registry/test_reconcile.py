"""What is kept of a function, and what its folder holds today: which stands."""

import dataclasses
from pathlib import Path

import pytest

from tencentserverless.local.registry.encoding import Kept, decode_function, encode_function
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.registry.reconcile import reconcile
from tencentserverless.local.registry.records import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.registry.triggers import Trigger

KEY = FunctionKey("ap-a", "default", "fn")
FOUND = FunctionRecord(KEY, "index.main_handler", "Python3.10", Path("/functions/fn"), created_at=1.0, changed_at=1.0)
TODAY = dataclasses.replace(FOUND, created_at=9.0, changed_at=9.0)
EDITED = dataclasses.replace(TODAY, memory_mb=256)
PACKAGE = Packages(Path("/state/packages")).locate("ab" * 32, 77)
SENT = dataclasses.replace(FOUND, package=PACKAGE, code_folder=PACKAGE.folder)
VERSION = dataclasses.replace(SENT, version="1")
CONFIGURED = dataclasses.replace(FOUND, timeout_seconds=30)

PLAIN = new_function(FOUND)


@pytest.mark.parametrize(
    ("kept", "found", "latest", "notice"),
    [
        (None, TODAY, TODAY, ""),
        (Kept(PLAIN, FOUND), TODAY, FOUND, ""),
        (Kept(PLAIN, FOUND), EDITED, dataclasses.replace(EDITED, created_at=1.0), ""),
        (Kept(PLAIN.with_latest(CONFIGURED), FOUND), TODAY, CONFIGURED, ""),
        (Kept(PLAIN.with_latest(CONFIGURED), FOUND), EDITED, dataclasses.replace(EDITED, created_at=1.0), "replaces"),
        (Kept(PLAIN.with_latest(SENT), FOUND), TODAY, SENT, ""),
        (Kept(PLAIN, FOUND), None, None, "forgotten"),
        (Kept(PLAIN.with_latest(CONFIGURED), FOUND), None, None, "forgotten"),
        (Kept(PLAIN.with_latest(SENT), FOUND), None, SENT, ""),
        (Kept(PLAIN.with_version(VERSION), FOUND), None, FOUND, ""),
        (Kept(new_function(SENT), None), None, SENT, ""),
        (Kept(new_function(SENT), None), TODAY, dataclasses.replace(TODAY, created_at=1.0), "replaces"),
    ],
)
def test_what_stands(kept, found, latest, notice):
    reunion = reconcile({KEY: kept} if kept else {}, {KEY: found} if found else {})
    function = reunion.functions.get(KEY)
    assert (function.function.latest if function else None) == latest
    assert notice in "".join(reunion.notices)
    assert bool(reunion.notices) == bool(notice)
    assert reunion.forgotten == ([KEY] if kept and latest is None else [])
    if function is not None and (kept is None or function != kept):
        assert reunion.changed == [KEY]
    if found is not None:
        assert function.found in (found, FOUND)


def test_versions_aliases_and_reservations_stand_when_the_folder_has_changed():
    function = PLAIN.with_version(VERSION).with_reserved(256)
    reunion = reconcile({KEY: Kept(function, FOUND)}, {KEY: EDITED})
    stands = reunion.functions[KEY].function
    assert (stands.versions["1"], stands.aliases, stands.reserved_mb) == (VERSION, function.aliases, 256)


def test_a_timer_that_the_folder_names_no_more_is_gone_and_the_apis_stays():
    named, made = (Trigger(name, LATEST, "0 0 0 * * * *") for name in ("named", "made"))
    before = dataclasses.replace(FOUND, timers=(named,))
    function = new_function(before)
    function = dataclasses.replace(function, triggers={**function.triggers, "made": made})
    renamed = dataclasses.replace(FOUND, timers=(dataclasses.replace(named, name="renamed"),))
    for after, names in ((renamed, {"renamed", "made"}), (FOUND, {"made"})):
        stands = reconcile({KEY: Kept(function, before)}, {KEY: after}).functions[KEY].function
        assert set(stands.triggers) == names


@pytest.mark.parametrize("function", [PLAIN, PLAIN.with_latest(SENT).with_version(VERSION).with_reserved(0)])
def test_a_function_is_kept_whole_wherever_the_packages_are_next_time(function):
    text = encode_function(Kept(function, FOUND))
    assert b"/state/packages" not in text
    assert decode_function(text, Packages(Path("/state/packages")).locate) == Kept(function, FOUND)
    moved = decode_function(text, Packages(Path("/moved")).locate).function
    assert all(str(each.code_folder).startswith("/moved/") for each in moved.versions.values() if each.package)
