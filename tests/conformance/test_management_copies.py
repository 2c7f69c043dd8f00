"""The official client copies functions."""

from collections.abc import Iterator

import pytest

from tests.conformance.management import TELL, Judge, managed_server, zipped
from tests.conftest import LocalScf


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        yield started


def test_a_function_is_copied_within_a_region_and_into_another(server):
    here, there = Judge(server, "ap-here"), Judge(server, "ap-there")
    here.create("first", TELL % "one", MemorySize=256, Description="the first")
    here("CopyFunction", FunctionName="first", NewFunctionName="second", CopyConfiguration=True)
    here("CopyFunction", FunctionName="first", NewFunctionName="second", TargetRegion="ap-there", Description="afar")
    assert here("GetFunction", FunctionName="second").Description == "the first"
    assert there("GetFunction", FunctionName="second").Description == "afar"
    assert [each.run("second")["memory"] for each in (here, there)] == [256, 256]
    with here.refused("ResourceInUse.FunctionName"):
        here("CopyFunction", FunctionName="first", NewFunctionName="second", Override=False)
    here("UpdateFunctionCode", FunctionName="first", ZipFile=zipped(TELL % "two"))
    here("CopyFunction", FunctionName="first", NewFunctionName="second", Override=True)
    assert (here.run("second")["answer"], there.run("second")["answer"]) == ("two", "one")
    here.close()
    there.close()
