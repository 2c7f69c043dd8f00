"""The times of TriggerActions: which functions have them, and what a time that is due changes."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from tencentserverless.local.invocations.provision_timers import change_into, timed_functions
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, Package
from tencentserverless.local.registry.provisions import Provision, TimedProvision

KEY = FunctionKey("ap-tokyo", "default", "it")
RECORD = FunctionRecord(
    KEY, "index.main_handler", "Python3.10", Path("/code"), package=Package("0" * 64, Path("/code"), Path("/zip"), 1)
)
DAILY = TimedProvision("daily", 4, "0 0 0 * * * *")


class Log:
    """A console, and the number of times at which instances were looked for."""

    def __init__(self):
        self.lines = []
        self.fills = 0

    def show(self, line):
        self.lines.append(line)

    def fill(self):
        self.fills += 1


@pytest.fixture
def catalogue(tmp_path):
    database = Database(tmp_path / "state.db", print)
    made = Catalogue(database)
    function = new_function(RECORD).with_version(dataclasses.replace(RECORD, version="1"))
    made.put(function.with_provision("1", Provision(1, timed=(DAILY,), changed_at=7.0)))
    yield made
    database.close()


def fire(catalogue, limit=10):
    log = Log()
    (timed,) = timed_functions(catalogue)
    (trigger,) = timed.triggers.values()
    asyncio.run(change_into(catalogue, log, log, limit)(timed, trigger, b""))
    return log


def count_of(catalogue):
    return catalogue.find(KEY).provisions["1"].count


def test_a_time_changes_the_number_and_nothing_else_of_the_function(catalogue):
    before = catalogue.find(KEY)
    log = fire(catalogue)
    assert (count_of(catalogue), log.fills, catalogue.provisions.total) == (4, 1, 4)
    assert log.lines == ["[it] version 1: provisioned instances are 4 from now on, by daily"]
    kept = Provision(4, timed=(DAILY,), changed_at=7.0)
    assert catalogue.find(KEY) == before.with_provision("1", kept)  # its triggers are those of before
    assert fire(catalogue).fills == 0  # it is so already


def test_a_number_that_this_machine_can_not_hold_is_told_and_changes_nothing(catalogue):
    log = fire(catalogue, limit=3)
    assert (count_of(catalogue), log.fills) == (1, 0)
    assert "more than this machine can hold" in log.lines[0]


def test_functions_without_times_are_none(catalogue):
    catalogue.put(catalogue.find(KEY).with_provision("1", Provision(1)))
    assert list(timed_functions(catalogue)) == []
