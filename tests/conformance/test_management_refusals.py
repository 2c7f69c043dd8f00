"""Each error code that managing functions documents and that can occur on one machine, by the request that gets it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conformance.documented_codes import COMMON, documented
from tests.conformance.management import ECHO, Judge, managed_server, zipped
from tests.conftest import LocalScf

BIG = "x" * 1001
LONG = "l" * 60
NAMED = {"FunctionName": "it"}
CODE = {"Code": {"ZipFile": zipped(ECHO)}, "Runtime": OWN_RUNTIME}
NEW = {"FunctionName": "new", **CODE}


def variables(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"Environment": {"Variables": [{"Key": key, "Value": value} for key, value in pairs]}}


def routed(**routing: Any) -> dict[str, Any]:
    return {**NAMED, "Name": "other", "FunctionVersion": "$LATEST", "RoutingConfig": routing}


NUMBER = "VersionProvisionedConcurrencyNum"
AHEAD = {**NAMED, "Qualifier": "1", NUMBER: 0}
TRACKED = {
    **AHEAD,
    "ProvisionedType": "ConcurrencyUtilizationTracking",
    "TrackingTarget": 0.5,
    "MinCapacity": 2,
    "MaxCapacity": 3,
}
DAILY = {"TriggerName": "daily", "TriggerProvisionedConcurrencyNum": 1, "TriggerCronConfig": "0 0 0 * * * *"}


def timed(*actions: dict[str, Any]) -> dict[str, Any]:
    return {**AHEAD, "TriggerActions": [{**DAILY, **each} for each in actions]}


ROUTE = {"FunctionName": "it", "PathMatch": "/"}
DOMAIN = {"Domain": "www.example.com", "Protocol": "HTTP", "EndpointsConfig": [ROUTE]}


def rewritten(change: dict[str, Any]) -> dict[str, Any]:
    rewrite = {"Path": "/a", "Type": "ExactRules", "Rewrite": "/b", **change}
    return {**DOMAIN, "EndpointsConfig": [{**ROUTE, "PathRewrite": [rewrite]}]}


LAYER = {"LayerName": "new", "CompatibleRuntimes": ["Python3.9"], "Content": {"ZipFile": zipped(ECHO)}}
ONE = {"LayerName": "none", "LayerVersion": 1}
MATCH = {"Version": "1", "Key": "invoke.headers.User", "Method": "exact", "Expression": "a"}
REFUSALS = [
    ("CreateFunction", {**NEW, "FunctionName": "-"}, "InvalidParameterValue.FunctionName"),
    ("CreateFunction", {**NEW, "FunctionName": "it"}, "ResourceInUse.Function"),
    ("CreateFunction", {**NEW, "Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("CreateFunction", {**NEW, "Handler": "index"}, "InvalidParameterValue.Handler"),
    ("CreateFunction", {**NEW, "Runtime": "CustomRuntime", "Handler": "a\0b"}, "InvalidParameterValue.Handler"),
    ("CreateFunction", {**NEW, "Description": BIG}, "InvalidParameterValue.Description"),
    ("CreateFunction", {**NEW, "MemorySize": 100}, "InvalidParameterValue.Memory"),
    ("CreateFunction", {**NEW, "MemorySize": 4096}, "InvalidParameterValue.Memory"),
    ("CreateFunction", {**NEW, "MemorySize": "128"}, "InvalidParameter"),
    ("CreateFunction", {**NEW, "Timeout": 901}, "LimitExceeded.Timeout"),
    ("CreateFunction", {**NEW, "Timeout": 0}, "InvalidParameterValue"),
    ("CreateFunction", {**NEW, "InitTimeout": 301}, "LimitExceeded.InitTimeout"),
    ("CreateFunction", {**NEW, **variables(("A", "1"), ("A", "2"))}, "InvalidParameterValue.Environment"),
    ("CreateFunction", {**NEW, **variables(("a-b", "1"))}, "InvalidParameterValue.Environment"),
    ("CreateFunction", {**NEW, **variables(("SCF_X", "1"))}, "InvalidParameterValue.EnvironmentSystemProtect"),
    ("CreateFunction", {**NEW, **variables(("TENCENTCLOUD_X", ""))}, "InvalidParameterValue.EnvironmentSystemProtect"),
    ("CreateFunction", {**NEW, **variables(("A", "x" * 4096))}, "InvalidParameterValue.EnvironmentExceededLimit"),
    ("CreateFunction", {**NEW, "Runtime": "Cobol"}, "InvalidParameterValue.Runtime"),
    ("CreateFunction", {**NEW, "Type": "Batch"}, "InvalidParameterValue.Type"),
    ("CreateFunction", {**NEW, "ProtocolType": "FTP"}, "InvalidParameterValue.ProtocolType"),
    ("CreateFunction", {**NEW, "TraceEnable": "yes"}, "InvalidParameterValue.TraceEnable"),
    ("CreateFunction", {**NEW, "AsyncRunEnable": "yes"}, "InvalidParameterValue.AsyncRunEnable"),
    ("CreateFunction", {**NEW, "Layers": [{"LayerName": "l", "LayerVersion": 1}]}, "ResourceNotFound.Layer"),
    ("CreateFunction", {"FunctionName": "new"}, "MissingParameter.Code"),
    ("CreateFunction", CODE, "MissingParameter"),
    ("CreateFunction", {**NEW, "Code": {}}, "InvalidParameterValue.Code"),
    ("CreateFunction", {**NEW, "CodeSource": "Tape"}, "InvalidParameterValue.CodeSource"),
    ("CreateFunction", {**NEW, "Code": {"ZipFile": "!!!"}}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
    ("CreateFunction", {**NEW, "Code": {"ZipFile": "aGVsbG8="}}, "InvalidParameterValue.ZipFile"),
    ("CreateFunction", {**NEW, "Code": {"ZipFile": zipped({"../up.py": ""})}}, "InvalidParameterValue.ZipFile"),
    ("CreateFunction", {**NEW, "Code": {"CosBucketName": "b", "CosObjectName": "/o"}}, "UnsupportedOperation"),
    ("CreateFunction", {**NEW, "Code": {"DemoId": "demo-1"}}, "UnsupportedOperation"),
    (
        "CreateFunction",
        {**NEW, "Code": {"ImageConfig": {"ImageType": "personal", "ImageUri": "a/b:c"}}},
        "UnsupportedOperation",
    ),
    ("CreateFunction", {**NEW, "Code": {"ZipFile": zipped(ECHO), "DemoId": "d"}}, "InvalidParameterValue.Code"),
    ("CreateFunction", {**NEW, "Colour": "red"}, "UnknownParameter"),
    ("CreateFunction", {**NEW, "DiskSize": 0}, "InvalidParameterValue.DiskSize"),
    ("CreateFunction", {**NEW, "DeployMode": "tape"}, "InvalidParameterValue"),
    ("CreateFunction", {**NEW, "ShowTriggers": "TRUE"}, "UnknownParameter"),
    ("CreateFunction", {**NEW, **variables(("", "x"))}, "InvalidParameterValue.Environment"),
    ("CreateFunction", {**NEW, **variables(("", ""), ("A", "1"))}, "InvalidParameterValue.Environment"),
    ("CreateFunction", {**NEW, "FunctionName": "n" * 59, "Namespace": LONG}, "InvalidParameterValue.FunctionName"),
    ("UpdateFunctionCode", {"FunctionName": "gone", "ZipFile": zipped(ECHO)}, "ResourceNotFound.Function"),
    ("UpdateFunctionCode", NAMED, "InvalidParameterValue.Code"),
    ("UpdateFunctionCode", {**NAMED, "ZipFile": "a"}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
    ("UpdateFunctionCode", {**NAMED, "ZipFile": "aGVsbG8="}, "InvalidParameterValue.ZipFile"),
    ("UpdateFunctionCode", {**NAMED, "CosBucketName": "b"}, "UnsupportedOperation"),
    ("UpdateFunctionCode", {**NAMED, "ZipFile": zipped(ECHO), "Handler": "-"}, "InvalidParameterValue.Handler"),
    ("UpdateFunctionCode", {**NAMED, "Namespace": "none", "ZipFile": "a"}, "ResourceNotFound.Namespace"),
    ("UpdateFunctionConfiguration", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("UpdateFunctionConfiguration", {**NAMED, "MemorySize": 1}, "InvalidParameterValue.Memory"),
    ("UpdateFunctionConfiguration", {**NAMED, "Timeout": 10_000}, "LimitExceeded.Timeout"),
    ("UpdateFunctionConfiguration", {**NAMED, "Runtime": "Python2.7"}, "InvalidParameterValue.Runtime"),
    ("UpdateFunctionConfiguration", {**NAMED, "L5Enable": "on"}, "InvalidParameterValue.L5Enable"),
    ("UpdateFunctionConfiguration", {**NAMED, "Publish": "maybe"}, "InvalidParameterValue"),
    ("UpdateFunctionConfiguration", {**NAMED, "DiskSize": -1}, "InvalidParameterValue.DiskSize"),
    ("UpdateFunctionConfiguration", {**NAMED, "AsyncRunEnable": "yes"}, "InvalidParameterValue"),
    ("GetFunction", {**NAMED, "ShowTriggers": "yes"}, "InvalidParameterValue"),
    ("ListFunctions", {"Type": "Batch"}, "InvalidParameterValue"),
    ("ListFunctions", {"Filters": [{"Name": "Status", "Values": []}] * 11}, "InvalidParameterValue"),
    ("ListFunctions", {"Filters": [{"Name": "Runtime", "Values": ["r"] * 6}]}, "InvalidParameterValue"),
    ("ListFunctions", {"Filters": [{"Name": "VpcId", "Values": ["a", "b"]}]}, "InvalidParameterValue"),
    (
        "UpdateFunctionConfiguration",
        {**NAMED, **variables(("QCLOUD_X", ""))},
        "InvalidParameterValue.EnvironmentSystemProtect",
    ),
    ("GetFunction", {}, "InvalidParameter.FunctionNameOrResourceIdRequired"),
    ("GetFunction", {"FunctionName": "a b"}, "InvalidParameterValue.FunctionName"),
    ("GetFunction", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("GetFunction", {**NAMED, "Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("GetFunction", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.Version"),
    ("GetFunctionAddress", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.Version"),
    ("ListFunctions", {"Limit": -1}, "InvalidParameterValue.Limit"),
    ("ListFunctions", {"Offset": -1}, "InvalidParameterValue.Offset"),
    ("ListFunctions", {"Order": "up"}, "InvalidParameterValue.Order"),
    ("ListFunctions", {"Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("DeleteFunction", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("DeleteFunction", {**NAMED, "Qualifier": "$LATEST"}, "InvalidParameterValue.Qualifier"),
    ("DeleteFunction", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.Qualifier"),
    ("DeleteFunction", {**NAMED, "Qualifier": "1"}, "UnsupportedOperation.AliasBind"),
    ("DeleteFunctionVersion", NAMED, "MissingParameter"),
    ("DeleteFunctionVersion", {**NAMED, "Qualifier": "1"}, "UnsupportedOperation.AliasBind"),
    ("DeleteFunctionVersion", {**NAMED, "Qualifier": "main"}, "InvalidParameterValue.Qualifier"),
    ("PublishVersion", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("PublishVersion", {**NAMED, "Description": BIG}, "InvalidParameterValue.Description"),
    ("ListVersionByFunction", {**NAMED, "Order": "up"}, "InvalidParameterValue.Order"),
    ("ListVersionByFunction", {**NAMED, "Offset": -1}, "InvalidParameter"),
    ("CreateAlias", {**NAMED, "Name": "main", "FunctionVersion": "1"}, "ResourceInUse.Alias"),
    ("CreateAlias", {**NAMED, "Name": "1st", "FunctionVersion": "1"}, "InvalidParameterValue.Name"),
    ("CreateAlias", {**NAMED, "Name": "other", "FunctionVersion": "9"}, "ResourceNotFound.FunctionVersion"),
    ("CreateAlias", {**routed(), "Description": BIG}, "InvalidParameterValue.Description"),
    (
        "CreateAlias",
        routed(AdditionalVersionWeights=[{"Version": "1", "Weight": 2}]),
        "InvalidParameterValue.AdditionalVersionWeights",
    ),
    (
        "CreateAlias",
        routed(AdditionalVersionWeights=[{"Version": "$LATEST", "Weight": 0.5}]),
        "InvalidParameterValue.RoutingConfig",
    ),
    (
        "CreateAlias",
        routed(AdditionalVersionWeights=[{"Version": "1", "Weight": 0.1}], AddtionVersionMatchs=[MATCH]),
        "InvalidParameter.RoutingConfig",
    ),
    ("CreateAlias", routed(AddtionVersionMatchs=[{**MATCH, "Method": "like"}]), "InvalidParameterValue.RoutingConfig"),
    ("CreateAlias", routed(AddtionVersionMatchs=[{**MATCH, "Key": "User"}]), "InvalidParameterValue.RoutingConfig"),
    (
        "CreateAlias",
        routed(AddtionVersionMatchs=[{**MATCH, "Method": "range", "Expression": "1-2"}]),
        "InvalidParameterValue.RoutingConfig",
    ),
    ("UpdateAlias", {**NAMED, "Name": "none", "FunctionVersion": "1"}, "ResourceNotFound.Alias"),
    ("GetAlias", {**NAMED, "Name": "none"}, "ResourceNotFound.Alias"),
    ("ListAliases", {**NAMED, "Limit": "many"}, "InvalidParameterValue"),
    ("ListAliases", {**NAMED, "Limit": 20}, "InvalidParameter"),
    ("DeleteAlias", {**NAMED, "Name": "none"}, "ResourceNotFound.Alias"),
    ("DeleteAlias", {**NAMED, "Name": "$DEFAULT"}, "InvalidParameterValue.Alias"),
    ("CreateNamespace", {"Namespace": "default"}, "InvalidParameterValue.DefaultNamespace"),
    ("CreateNamespace", {"Namespace": "a b"}, "InvalidParameterValue.NamespaceInvalid"),
    ("CreateNamespace", {"Namespace": "x" * 61}, "InvalidParameterValue.NamespaceInvalid"),
    ("CreateNamespace", {"Namespace": "it"}, "ResourceInUse.Namespace"),
    ("CreateNamespace", {"Namespace": "new", "Description": BIG}, "InvalidParameterValue.Description"),
    ("CreateNamespace", {"Namespace": "new", "ResourceEnv": {"OFFLINE": True}}, "UnsupportedOperation"),
    ("ListNamespaces", {"Order": "up"}, "InvalidParameterValue.Order"),
    ("ListNamespaces", {"SearchKey": [{"Key": "Colour", "Value": "red"}]}, "InvalidParameterValue.SearchKey"),
    ("UpdateNamespace", {"Namespace": "none", "Description": ""}, "ResourceNotFound.Namespace"),
    ("UpdateNamespace", {"Namespace": "it", "Description": BIG}, "InvalidParameterValue.Description"),
    ("DeleteNamespace", {"Namespace": "default"}, "FailedOperation.DeleteNamespace"),
    ("DeleteNamespace", {"Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("CopyFunction", {"FunctionName": "gone", "NewFunctionName": "new"}, "ResourceNotFound.Function"),
    ("CopyFunction", NAMED, "MissingParameter"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "-"}, "InvalidParameterValue.FunctionName"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "it"}, "UnsupportedOperation.CopyFunction"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "it", "Override": True}, "UnsupportedOperation.CopyFunction"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "taken"}, "ResourceInUse.FunctionName"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "new", "TargetNamespace": "none"}, "ResourceNotFound.Namespace"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "new", "TargetRegion": "Mars"}, "UnsupportedOperation.Region"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "new", "Description": BIG}, "InvalidParameterValue.Description"),
    ("CopyFunction", {**NAMED, "NewFunctionName": "new", "Override": "TRUE"}, "InvalidParameter"),
    ("PutReservedConcurrencyConfig", {**NAMED, "ReservedConcurrencyMem": -1}, "InvalidParameter"),
    (
        "PutReservedConcurrencyConfig",
        {**NAMED, "ReservedConcurrencyMem": 10**7},
        "LimitExceeded.FunctionReservedConcurrencyMemory",
    ),
    ("PutReservedConcurrencyConfig", NAMED, "MissingParameter"),
    ("GetReservedConcurrencyConfig", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("DeleteReservedConcurrencyConfig", {"FunctionName": "-"}, "ResourceNotFound.Function"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "Qualifier": "$LATEST"}, "InvalidParameterValue.Qualifier"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "Qualifier": "main"}, "InvalidParameterValue.Qualifier"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "Qualifier": "9"}, "ResourceNotFound.FunctionVersion"),
    ("PutProvisionedConcurrencyConfig", {**NAMED, "Qualifier": "1"}, "MissingParameter"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, NUMBER: -1}, "InvalidParameter"),
    (
        "PutProvisionedConcurrencyConfig",
        {**AHEAD, NUMBER: 10**7},
        "LimitExceeded.FunctionTotalProvisionedConcurrencyNum",
    ),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, NUMBER: 300}, "FailedOperation.ProvisionedExceedAvailable"),
    ("PutProvisionedConcurrencyConfig", {**AHEAD, "ProvisionedType": "All"}, "InvalidParameterValue.ProvisionType"),
    ("PutProvisionedConcurrencyConfig", {**TRACKED, "TrackingTarget": 1}, "InvalidParameterValue.TrackingTarget"),
    ("PutProvisionedConcurrencyConfig", {**TRACKED, "MinCapacity": 0}, "InvalidParameterValue.MinCapacity"),
    ("PutProvisionedConcurrencyConfig", {**TRACKED, "MaxCapacity": 1}, "InvalidParameterValue.MinCapacity"),
    ("PutProvisionedConcurrencyConfig", timed({"TriggerName": "a b"}), "InvalidParameterValue.ProvisionTriggerName"),
    (
        "PutProvisionedConcurrencyConfig",
        timed({"TriggerCronConfig": "0 0 0 * *"}),
        "InvalidParameterValue.TriggerCronConfig",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        timed({"TriggerCronConfig": "0 0 0 1 1 * 2001"}),
        "InvalidParameterValue.TriggerCronConfig",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        timed({"ProvisionedType": "ConcurrencyUtilizationTracking"}),
        "InvalidParameterValue.ProvisionType",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        timed({}, {"TriggerCronConfig": "0 0 1 * * * *"}),
        "InvalidParameterValue.ProvisionTriggerNameDuplicate",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        timed({}, {"TriggerName": "other"}),
        "InvalidParameterValue.ProvisionTriggerCronConfigDuplicate",
    ),
    (
        "PutProvisionedConcurrencyConfig",
        timed({"TriggerProvisionedConcurrencyNum": 10**7}),
        "InvalidParameterValue.TriggerProvisionedConcurrencyNum",
    ),
    ("PutProvisionedConcurrencyConfig", timed(*({} for _ in range(11))), "LimitExceeded.ProvisionTriggerAction"),
    ("GetProvisionedConcurrencyConfig", {"FunctionName": "gone"}, "ResourceNotFound.Function"),
    ("GetProvisionedConcurrencyConfig", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.FunctionVersion"),
    ("GetProvisionedConcurrencyConfig", {**NAMED, "Qualifier": "$LATEST"}, "InvalidParameterValue.Qualifier"),
    ("DeleteProvisionedConcurrencyConfig", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.FunctionVersion"),
    ("DeleteProvisionedConcurrencyConfig", NAMED, "MissingParameter"),
    ("PutTotalConcurrencyConfig", {}, "MissingParameter"),
    ("PutTotalConcurrencyConfig", {"TotalConcurrencyMem": 12_799}, "InvalidParameterValue"),
    ("PutTotalConcurrencyConfig", {"TotalConcurrencyMem": 10**7}, "LimitExceeded.TotalConcurrencyMemory"),
    ("PutTotalConcurrencyConfig", {"TotalConcurrencyMem": 20_000, "Namespace": "none"}, "ResourceNotFound.Namespace"),
    ("CreateCustomDomain", {"Domain": "www.example.com", "Protocol": "HTTP"}, "MissingParameter"),
    ("CreateCustomDomain", {**DOMAIN, "Domain": "*.example.com"}, "InvalidParameterValue.Domain"),
    ("CreateCustomDomain", {**DOMAIN, "Domain": "taken.example.com"}, "InvalidParameterValue.Domain"),
    ("CreateCustomDomain", {**DOMAIN, "Protocol": "FTP"}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "Protocol": ""}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "Protocol": "HTTPS"}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "EndpointsConfig": []}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "EndpointsConfig": [ROUTE, ROUTE]}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "EndpointsConfig": [{**ROUTE, "PathMatch": "aa"}]}, "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "EndpointsConfig": [{**ROUTE, "FunctionName": "-"}]}, "InvalidParameterValue"),
    ("CreateCustomDomain", rewritten({"Type": "Guess"}), "InvalidParameterValue"),
    ("CreateCustomDomain", rewritten({"Type": "ExactRules", "Path": "/*"}), "InvalidParameterValue"),
    ("CreateCustomDomain", rewritten({"Rewrite": "no path"}), "InvalidParameterValue"),
    ("CreateCustomDomain", {**DOMAIN, "WafConfig": {"WafOpen": "MAYBE"}}, "InvalidParameterValue"),
    ("UpdateCustomDomain", {"Domain": "gone.example.com"}, "FailedOperation.Domain.UnExist"),
    ("UpdateCustomDomain", {"Domain": "taken.example.com", "Protocol": "HTTPS"}, "FailedOperation.Ssl"),
    ("GetCustomDomain", {"Domain": "gone.example.com"}, "FailedOperation.Domain.UnExist"),
    ("DeleteCustomDomain", {"Domain": "gone.example.com"}, "FailedOperation.Domain.UnExist"),
    ("ListCustomDomains", {"Order": "up"}, "InvalidParameterValue.Order"),
    ("ListCustomDomains", {"OrderBy": "colour"}, "InvalidParameterValue"),
    ("ListCustomDomains", {"Filters": [{"Name": "Colour", "Values": []}]}, "InvalidParameterValue"),
    ("GetFunctionLogs", {}, "InvalidParameter.ParamError"),
    ("GetFunctionLogs", {**NAMED, "Offset": 9_990, "Limit": 20}, "LimitExceeded.Offset"),
    ("GetFunctionLogs", {**NAMED, "Offset": -1}, "InvalidParameterValue.Offset"),
    ("GetFunctionLogs", {**NAMED, "Order": "up"}, "InvalidParameterValue.Order"),
    ("GetFunctionLogs", {**NAMED, "OrderBy": "colour"}, "InvalidParameterValue.OrderBy"),
    ("GetFunctionLogs", {**NAMED, "Filter": {"RetCode": "red"}}, "InvalidParameterValue.RetCode"),
    ("GetFunctionLogs", {**NAMED, "StartTime": "2020-01-01 00:00:00"}, "InvalidParameterValue.StartTimeOrEndTime"),
    ("GetFunctionLogs", {**NAMED, "StartTime": "x", "EndTime": "y"}, "InvalidParameterValue.DateTime"),
    (
        "GetFunctionLogs",
        {**NAMED, "StartTime": "2020-01-01 00:00:00", "EndTime": "2020-01-03 00:00:00"},
        "InvalidParameterValue.StartTimeOrEndTime",
    ),
    ("GetRequestStatus", {**NAMED, "FunctionRequestId": ""}, "InvalidParameterValue.FunctionRequestId"),
    (
        "GetRequestStatus",
        {**NAMED, "FunctionRequestId": "x", "EndTime": "2020-01-01 00:00:00"},
        "InvalidParameterValue.StartTimeOrEndTime",
    ),
    ("CreateTrigger", {**NAMED, "TriggerName": "t", "Type": "cos", "TriggerDesc": "{}"}, "UnsupportedOperation"),
    ("GetAccount", {"Colour": "red"}, "UnknownParameter"),
    ("UpdateFunctionConfiguration", {**NAMED, "Layers": [ONE]}, "ResourceNotFound.Layer"),
    ("UpdateFunctionConfiguration", {**NAMED, "Layers": [ONE] * 6}, "InvalidParameterValue.Layers"),
    ("UpdateFunctionConfiguration", {**NAMED, "Layers": [{"LayerName": "none"}]}, "InvalidParameter"),
    ("PublishLayerVersion", {**LAYER, "LayerName": "1st"}, "InvalidParameterValue.LayerName"),
    ("PublishLayerVersion", {**LAYER, "LayerName": "x" * 65}, "InvalidParameterValue.LayerName"),
    ("PublishLayerVersion", {**LAYER, "CompatibleRuntimes": []}, "InvalidParameterValue.CompatibleRuntimes"),
    ("PublishLayerVersion", {**LAYER, "CompatibleRuntimes": ["Cobol"]}, "InvalidParameterValue.CompatibleRuntimes"),
    ("PublishLayerVersion", {**LAYER, "Description": BIG}, "InvalidParameterValue.Description"),
    ("PublishLayerVersion", {**LAYER, "LicenseInfo": BIG}, "InvalidParameterValue"),
    ("PublishLayerVersion", {**LAYER, "Tags": [{"Key": "a", "Value": "b"}] * 51}, "InvalidParameterValue"),
    ("PublishLayerVersion", {**LAYER, "Tags": [{"Key": "a", "Value": BIG}]}, "InvalidParameterValue"),
    ("PublishLayerVersion", {**LAYER, "Content": {}}, "InvalidParameterValue.Content"),
    ("PublishLayerVersion", {**LAYER, "Content": {"ZipFile": "aGVsbG8="}}, "InvalidParameterValue.Content"),
    ("PublishLayerVersion", {**LAYER, "Content": {"ZipFile": "a"}}, "InvalidParameterValue.ZipFileBase64BinasciiError"),
    (
        "PublishLayerVersion",
        {**LAYER, "Content": {"CosBucketName": "b", "CosObjectName": "/o"}},
        "UnsupportedOperation",
    ),
    ("PublishLayerVersion", {**LAYER, "Content": {"TempCosObjectName": "/o"}}, "UnsupportedOperation"),
    ("PublishLayerVersion", {"LayerName": "new"}, "MissingParameter"),
    ("ListLayers", {"CompatibleRuntime": "Cobol"}, "InvalidParameterValue.Runtime"),
    ("ListLayers", {"Offset": -1}, "InvalidParameter"),
    ("ListLayerVersions", {"LayerName": "none"}, "ResourceNotFound.Layer"),
    ("ListLayerVersions", {"LayerName": "l", "CompatibleRuntime": ["Cobol"]}, "InvalidParameterValue.Runtime"),
    ("GetLayerVersion", ONE, "ResourceNotFound.LayerVersion"),
    ("DeleteLayerVersion", ONE, "ResourceNotFound.LayerVersion"),
    ("InvokeFunction", {**NAMED, "Qualifier": "9"}, "ResourceNotFound.Qualifier"),
    ("InvokeFunction", {**NAMED, "RoutingKey": "no json"}, "InvalidParameterValue"),
    ("InvokeFunction", {**NAMED, "RoutingKey": '{"a": 1}'}, "InvalidParameterValue"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        yield started


@pytest.fixture(scope="module")
def prepared(server: LocalScf) -> str:
    """A region with a function of one version that an alias leads to, and a namespace."""
    region = "ap-refusals"
    judge = Judge(server, region)
    judge.create("it")
    judge.create("taken")
    judge("PublishVersion", **NAMED)
    judge("CreateAlias", **NAMED, Name="main", FunctionVersion="1")
    judge("CreateNamespace", Namespace="it")
    judge("CreateNamespace", Namespace=LONG)
    judge("CreateCustomDomain", **{**DOMAIN, "Domain": "taken.example.com"})
    judge.close()
    return region


@pytest.mark.parametrize(("action", "parameters", "code"), REFUSALS)
def test_each_refusal_has_a_documented_code(server, prepared, action, parameters, code):
    got, message = server.error(action, parameters, region=prepared)
    assert got == code, message
    assert got in documented(action) | COMMON
    assert len(message) > 10
