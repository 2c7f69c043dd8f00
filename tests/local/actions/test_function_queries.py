"""ListFunctions and GetFunction."""

import pytest


def names(local_scf, region="ap-guangzhou", **parameters):
    response = local_scf.request("ListFunctions", parameters, region=region).response
    return [function["FunctionName"] for function in response["Functions"]], response["TotalCount"]


def test_a_region_lists_its_own(local_scf):
    listed, total = names(local_scf, Limit=100)
    assert {"echo", "behave", "node-function"} <= set(listed)
    assert total == len(listed)
    assert names(local_scf, region="ap-chengdu") == (["caller"], 1)
    assert names(local_scf, region="ap-chengdu", Namespace="other") == (["configured-test-tests"], 1)
    assert names(local_scf, region="ap-shanghai") == ([], 0)


def test_pages_and_order(local_scf):
    everything, total = names(local_scf, Limit=1000)
    assert everything == sorted(everything)
    assert names(local_scf, Limit=2, Offset=1) == (everything[1:3], total)
    assert names(local_scf, Orderby="FunctionName", Order="DESC", Limit=1) == (everything[-1:], total)
    assert names(local_scf, Offset=1000) == ([], total)
    assert len(names(local_scf)[0]) == min(20, total)


def test_searches_and_filters(local_scf):
    assert names(local_scf, SearchKey="ech") == (["echo"], 1)
    assert names(local_scf, Filters=[{"Name": "Runtime", "Values": ["Nodejs16.13", "Go1"]}]) == (["node-function"], 1)
    assert names(local_scf, Filters=[{"Name": "Type", "Values": ["HTTP"]}]) == (["web-function"], 1)
    assert names(local_scf, Filters=[{"Name": "tag-a", "Values": ["b"]}]) == ([], 0)
    assert names(local_scf, "ap-chengdu", Namespace="other", Description="what it")[1] == 1


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Namespace": "nope"}, "ResourceNotFound.Namespace"),
        ({"Limit": -1}, "InvalidParameterValue.Limit"),
        ({"Offset": -1}, "InvalidParameterValue.Offset"),
        ({"Limit": "20"}, "InvalidParameter"),
        ({"Order": "up"}, "InvalidParameterValue.Order"),
        ({"Orderby": "Size"}, "InvalidParameterValue"),
        ({"OrderBy": "AddTime"}, "UnknownParameter"),
        ({"Filters": [{"Name": "Colour", "Values": ["red"]}]}, "InvalidParameterValue"),
        ({"Filters": [{"Name": "Type", "Values": "HTTP"}]}, "InvalidParameter"),
        ({"Filters": [{"Name": "Type", "Values": ["HTTP"]}] * 11}, "InvalidParameterValue"),
    ],
)
def test_bad_lists_get_the_platforms_code(local_scf, parameters, code):
    assert local_scf.error("ListFunctions", parameters)[0] == code


def test_a_function_in_full(local_scf):
    response = local_scf.request(
        "GetFunction",
        {"FunctionName": "configured-test-tests", "Namespace": "other", "ShowCode": "TRUE"},
        region="ap-chengdu",
    ).response
    expected = {
        "FunctionName": "configured-test-tests",
        "Namespace": "other",
        "Handler": "entry.handle",
        "MemorySize": 256,
        "Timeout": 20,
        "InitTimeout": 65,
        "Description": "what it is for",
        "Status": "Active",
        "AvailableStatus": "Available",
        "Type": "Event",
        "FunctionVersion": "$LATEST",
        "Qualifier": "$LATEST",
        "ImageConfig": None,
    }
    assert {name: response[name] for name in expected} == expected
    assert {"Key": "GREETING", "Value": "hello test"} in response["Environment"]["Variables"]
    assert "def handle(event, context)" in response["CodeInfo"]
    assert response["CodeSize"] >= len(response["CodeInfo"])
    assert response["FunctionId"].startswith("lam-")
    assert response["AddTime"] == response["ModTime"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "InvalidParameter.FunctionNameOrResourceIdRequired"),
        ({"FunctionName": "nobody"}, "ResourceNotFound.Function"),
        ({"FunctionName": "echo", "Namespace": "nope"}, "ResourceNotFound.Namespace"),
        ({"FunctionName": "echo", "Qualifier": "3"}, "ResourceNotFound.Version"),
        ({"FunctionName": "echo", "ShowCode": "yes"}, "InvalidParameterValue"),
        ({"FunctionName": "echo", "ShowCode": True}, "InvalidParameter"),
    ],
)
def test_bad_gets_get_the_platforms_code(local_scf, parameters, code):
    assert local_scf.error("GetFunction", parameters)[0] == code
