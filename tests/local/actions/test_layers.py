"""Layers on the real server: published, listed, deleted, and there after a restart. What functions see of them is in
``test_function_layers``."""

import hashlib
import signal
import zipfile
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.local.layering import configure, create, layers_of, look, named, publish, start_with_layers, zipped

ONE, TWO = {"one.py": "VALUE = 1\n"}, {"two.py": "VALUE = 2\n"}


@pytest.fixture
def server(start_local_scf, tmp_path):
    return start_with_layers(start_local_scf, tmp_path / "functions")


def numbers(server, name):
    answer = server.request("ListLayerVersions", {"LayerName": name}).response
    return [each["LayerVersion"] for each in answer["LayerVersions"]]


def packages(server):
    """The folder in which the packages of a server lie."""
    answer = server.request("GetLayerVersion", {"LayerName": "kept", "LayerVersion": 1}).response
    return Path(answer["Location"].removeprefix("file://")).parent.parent


def test_a_version_is_made_listed_and_shown(server):
    facts = {"Description": "words", "LicenseInfo": "MIT", "Tags": [{"Key": "a", "Value": "b"}]}
    assert publish(server, "fonts", ONE) == 1
    assert publish(server, "fonts", TWO, CompatibleRuntimes=["Python3.9", "Nodejs18.15", "Python3.9"], **facts) == 2
    assert publish(server, "other", ONE) == 1
    listed = server.request("ListLayers").response
    assert [(each["LayerName"], each["LayerVersion"]) for each in listed["Layers"]] == [("fonts", 2), ("other", 1)]
    assert listed["TotalCount"] == 2
    newest = listed["Layers"][0]
    assert newest.pop("AddTime")[:2] == "20"
    assert newest == {
        "LayerName": "fonts",
        "LayerVersion": 2,
        "CompatibleRuntimes": ["Python3.9", "Nodejs18.15"],
        "Description": "words",
        "LicenseInfo": "MIT",
        "Status": "Active",
        "Stamp": "",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert numbers(server, "fonts") == [2, 1]
    version = server.request("GetLayerVersion", {"LayerName": "fonts", "LayerVersion": 2}).response
    archive = Path(version["Location"].removeprefix("file://"))
    assert version["CodeSha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert zipfile.ZipFile(archive).namelist() == ["two.py"]


def test_lists_are_searched_filtered_and_cut_into_pages(server):
    publish(server, "fonts", ONE, CompatibleRuntimes=["Python3.9"])
    publish(server, "fonts", TWO, CompatibleRuntimes=["Nodejs18.15"])
    publish(server, "tools", ONE, CompatibleRuntimes=["Python3.9"])

    def names(**parameters):
        answer = server.request("ListLayers", parameters).response
        return [each["LayerName"] for each in answer["Layers"]], answer["TotalCount"]

    assert names(SearchKey="oo") == (["tools"], 1)
    assert names(CompatibleRuntime="Python3.9") == (["tools"], 1)
    assert names(Offset=1, Limit=5) == (["tools"], 2)
    filtered = {"LayerName": "fonts", "CompatibleRuntime": ["Python3.9", "Python3.7"]}
    answer = server.request("ListLayerVersions", filtered).response["LayerVersions"]
    assert [each["LayerVersion"] for each in answer] == [1]


def test_a_number_is_given_once_also_after_all_versions_are_deleted(server):
    for number in (1, 2):
        assert publish(server, "fonts", ONE) == number
    for number in (2, 1):
        answer = server.request("DeleteLayerVersion", {"LayerName": "fonts", "LayerVersion": number}).response
        assert set(answer) == {"RequestId"}
    assert server.request("ListLayers").response["TotalCount"] == 0
    assert server.error("ListLayerVersions", {"LayerName": "fonts"})[0] == "ResourceNotFound.Layer"
    code, message = server.error("GetLayerVersion", {"LayerName": "fonts", "LayerVersion": 1})
    assert code == "ResourceNotFound.LayerVersion"
    assert message == (
        "Layer 'fonts' does not exist in region 'ap-guangzhou': it has no layer; PublishLayerVersion makes one."
    )
    assert publish(server, "fonts", ONE) == 3


def test_layers_of_regions_have_nothing_in_common(server):
    publish(server, "fonts", ONE)
    assert server.request("ListLayers", region="ap-chengdu").response["TotalCount"] == 0


def test_a_zip_file_is_held_to_the_rules_of_code(server):
    fields = {"LayerName": "bad", "CompatibleRuntimes": ["Python3.9"]}
    for content, code, words in (
        (
            {"ZipFile": zipped({"../up.py": ""})},
            "InvalidParameterValue.Content",
            "leads out of the package: '../up.py'",
        ),
        ({"ZipFile": "aGVsbG8="}, "InvalidParameterValue.Content", "it is no standard zip file"),
        ({"ZipFile": "a"}, "InvalidParameterValue.ZipFileBase64BinasciiError", "is not base64"),
        ({}, "InvalidParameterValue.Content", "Content has no ZipFile"),
    ):
        refusal = server.error("PublishLayerVersion", {**fields, "Content": content})
        assert (refusal[0], words in refusal[1]) == (code, True), refusal
    assert server.request("ListLayers").response["TotalCount"] == 0


def test_twenty_layers_of_a_region(server):
    for number in range(20):
        publish(server, f"layer{number}", ONE)
    fields = {"LayerName": "more", "CompatibleRuntimes": ["Python3.9"], "Content": {"ZipFile": zipped(ONE)}}
    code, message = server.error("PublishLayerVersion", fields)
    assert (code, message.startswith("Region ap-guangzhou has 20 layers already")) == ("LimitExceeded.Layers", True)
    assert publish(server, "layer7", ONE) == 2
    server.request("DeleteLayerVersion", {"LayerName": "layer0", "LayerVersion": 1})
    assert publish(server, "more", ONE) == 1


def test_two_hundred_versions_of_a_layer(server):
    for number in range(200):
        assert publish(server, "much", ONE) == number + 1
    fields = {"LayerName": "much", "CompatibleRuntimes": ["Python3.9"], "Content": {"ZipFile": zipped(ONE)}}
    code, message = server.error("PublishLayerVersion", fields)
    assert (code, "has 200 versions already" in message) == ("LimitExceeded.LayerVersions", True)
    server.request("DeleteLayerVersion", {"LayerName": "much", "LayerVersion": 5})
    assert publish(server, "much", ONE) == 201


def test_a_deleted_version_stays_for_functions_that_have_it_and_goes_with_them(server):
    publish(server, "kept", {"kept.py": ""})
    publish(server, "gone", ONE)
    create(server, "user", ("gone", 1), ("kept", 1))
    look(server, "user", ("one",))
    server.request("PublishVersion", {"FunctionName": "user"})
    server.request("DeleteLayerVersion", {"LayerName": "gone", "LayerVersion": 1})
    assert server.error("GetLayerVersion", {"LayerName": "gone", "LayerVersion": 1})[0] == (
        "ResourceNotFound.LayerVersion"
    )
    code, message = server.error(
        "CreateFunction",
        {
            "FunctionName": "late",
            "Code": {"ZipFile": zipped(ONE)},
            "Layers": named(("gone", 1)),
            "Runtime": "Python3.9",
        },
    )
    assert (code, "'gone'" in message) == ("ResourceNotFound.Layer", True)
    configure(server, "user", named(("kept", 1), ("gone", 1)))  # tools send the whole list again
    assert layers_of(server, "user") == [("kept", 1, "Active"), ("gone", 1, "Deleted")]
    assert look(server, "user", ("one",))["values"] == {"one": 1}
    configure(server, "user", named(("kept", 1)))
    assert layers_of(server, "user", "1") == [("gone", 1, "Deleted"), ("kept", 1, "Active")]
    assert look(server, "user", ("one",), Qualifier="1")["values"] == {"one": 1}
    folder = packages(server)
    server.request("DeleteFunction", {"FunctionName": "user"})
    wait_until(
        lambda: len(list(folder.iterdir())) == 1
    )  # that of kept: the code, gone and both merged folders are gone
    assert publish(server, "gone", ONE) == 2


@pytest.mark.proof
def test_layers_are_there_after_a_restart_and_after_a_kill(start_local_scf, tmp_path):
    state = ("--state", tmp_path / "state")
    server = start_with_layers(start_local_scf, tmp_path / "functions", *state)
    publish(server, "kept", ONE)
    publish(server, "gone", TWO)
    create(server, "user", ("gone", 1), ("kept", 1))
    server.request("PublishVersion", {"FunctionName": "user"})
    server.request("DeleteLayerVersion", {"LayerName": "gone", "LayerVersion": 1})
    for number in (signal.SIGKILL, signal.SIGTERM):
        server.stop(number)
        server = start_with_layers(start_local_scf, tmp_path / "functions", *state)
        assert numbers(server, "kept") == [1]
        for qualifier in ("$LATEST", "1"):
            found = look(server, "user", ("one", "two"), Qualifier=qualifier)
            assert found["values"] == {"one": 1, "two": 2}
            assert layers_of(server, "user", qualifier) == [("gone", 1, "Deleted"), ("kept", 1, "Active")]
    server.request("DeleteFunction", {"FunctionName": "user"})
    server.stop(signal.SIGKILL)  # whatever of the sweep is done by then
    server = start_with_layers(start_local_scf, tmp_path / "functions", *state)
    assert len(list(packages(server).iterdir())) == 1
    assert publish(server, "gone", TWO) == 2
