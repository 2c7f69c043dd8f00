"""What ``${...}`` and ``{{...}}`` stand for."""

import pytest

from tencentserverless.local.project.references import References, find_mustache
from tencentserverless.local.project.yaml_nodes import UnknownReference


def test_references():
    outputs = {"dev:shop:stock.functionName": "stock-fn"}
    references = References({"A": "1"}, {"app": "shop", "stage": "dev"}, outputs.get)
    names = ("env:A", "env.A", "env:B", "app", "output:dev:shop:stock.functionName")
    assert [references.find(name) for name in names] == ["1", "1", None, "shop", "stock-fn"]
    with pytest.raises(UnknownReference, match=r"--output dev:shop:db\.table=VALUE"):
        references.find("output:dev:shop:db.table")
    with pytest.raises(UnknownReference, match=r"known are \$\{env:X\}, \$\{app\}, \$\{stage\}"):
        references.find("self:custom.x")


def test_those_of_cloudbase():
    find = find_mustache({"A": "1"}, "shop-1")
    assert [find("env.A"), find("env.B"), find("tcb.envId")] == ["1", None, "shop-1"]
    with pytest.raises(UnknownReference):
        find("util.uid")
