"""GetAccount: what each namespace of a region holds, and the limits of the region."""


def test_each_namespace_is_counted(local_scf):
    account = local_scf.request("GetAccount", {}, region="ap-chengdu").response
    usage = {each["Namespace"]: each["Functions"] for each in account["AccountUsage"]["Namespace"]}
    assert usage == {"default": ["caller"], "other": ["configured-test-tests"]}
    assert account["AccountUsage"]["NamespacesCount"] == len(usage)
    assert [each["Namespace"] for each in account["AccountLimit"]["Namespace"]] == list(usage)


def test_a_region_without_functions_has_its_limits(local_scf):
    account = local_scf.request("GetAccount", {}, region="ap-shanghai").response
    (space,) = account["AccountUsage"]["Namespace"]
    assert (space["Namespace"], space["FunctionsCount"], space["TotalAllocatedConcurrencyMem"]) == ("default", 0, 0)
    (limit,) = account["AccountLimit"]["Namespace"]
    assert limit["Trigger"]["Total"] == sum(count for kind, count in limit["Trigger"].items() if kind != "Total")
