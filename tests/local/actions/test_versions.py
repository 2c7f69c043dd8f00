"""How many versions a function can have."""

import dataclasses
from pathlib import Path

import pytest

from tencentserverless.local.actions.versions import check_version_limit
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function import new_function
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord
from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.management import TELL, zipped

RECORD = FunctionRecord(FunctionKey("ap-guangzhou", "default", "fn"), "index.main_handler", OWN_RUNTIME, Path())


def with_versions(count):
    function = new_function(RECORD)
    versions = {str(number): dataclasses.replace(RECORD, version=str(number)) for number in range(1, count + 1)}
    return dataclasses.replace(function, versions={**function.versions, **versions}, last_version=count)


def test_a_function_can_have_1000_published_versions():
    check_version_limit(with_versions(999))
    with pytest.raises(ApiError, match=r"LimitExceeded\.FunctionVersions: Function 'fn' has 1000 versions already"):
        check_version_limit(with_versions(1000))
    check_version_limit(with_versions(1000).without_version("7"))


@pytest.mark.proof  # every version is a write of the whole function
def test_what_would_publish_the_1001st_version_is_refused_and_changes_nothing(start_local_scf, tmp_path):
    server = start_local_scf(tmp_path)
    made = {"FunctionName": "fn", "Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(TELL % "one")}}
    assert "Error" not in server.request("CreateFunction", made).response
    for number in range(1, 1001):
        assert server.request("PublishVersion", {"FunctionName": "fn"}).response["FunctionVersion"] == str(number)
    for action, parameters in (
        ("PublishVersion", {}),
        ("UpdateFunctionCode", {"ZipFile": zipped(TELL % "two"), "Publish": "TRUE"}),
        ("UpdateFunctionConfiguration", {"MemorySize": 256, "Publish": "TRUE"}),
    ):
        code, message = server.error(action, {"FunctionName": "fn", **parameters})
        assert code == "LimitExceeded.FunctionVersions"
        assert "delete one by DeleteFunctionVersion" in message
    assert '"memory": 128' in server.invoke("fn")["RetMsg"]
    assert '"answer": "one"' in server.invoke("fn")["RetMsg"]
    server.request("DeleteFunctionVersion", {"FunctionName": "fn", "Qualifier": "5"})
    assert server.request("PublishVersion", {"FunctionName": "fn"}).response["FunctionVersion"] == "1001"
