"""The instances that are kept, over all functions."""

from pathlib import Path

from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.registry.provisions import Provision, Provisions

KEY = FunctionKey("ap-tokyo", "default", "one")
VERSIONS = {
    version: FunctionRecord(KEY, "index.main_handler", "Python3.10", Path(), version=version) for version in "12"
}


def test_a_version_that_is_gone_and_one_of_which_none_are_kept_want_no_instance():
    provisions = Provisions()
    provisions.put(KEY, VERSIONS, {"1": Provision(3), "2": Provision(0), "9": Provision(5)})
    assert {place: each.count for place, each in provisions.wanted.items()} == {(KEY, "1"): 3}
    assert provisions.total == 3
    provisions.put(KEY, {}, {})
    assert (dict(provisions.wanted), provisions.total) == ({}, 0)


def test_the_generation_changes_with_the_wanted_instances_alone():
    provisions = Provisions()
    provisions.put(KEY, VERSIONS, {"1": Provision(3)})
    before = provisions.generation
    provisions.put(KEY, VERSIONS, {"1": Provision(3, changed_at=9.0)})
    assert provisions.generation == before
    provisions.put(KEY, VERSIONS, {"1": Provision(4)})
    assert provisions.generation == before + 1
