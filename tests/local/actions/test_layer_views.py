"""Layers in answers, read by Tencent's own typed client."""

import pytest

from tencentserverless.local.actions.layer_views import detailed, listed
from tencentserverless.local.registry.layer import Layer, LayerTag, LayerVersion
from tests.conformance.documented_codes import documented

models = pytest.importorskip("tencentcloud.scf.v20180416.models")


def test_a_version_has_the_fields_of_the_official_client():
    version = LayerVersion(3, "a" * 64, 1, 2, ("Python3.9",), "d", "l", (LayerTag("k", "v"),), 0.0, is_deleted=True)
    shown = listed(Layer("ap-x", "fonts", (version,), 3), version)
    assert {f"_{name}" for name in shown} == set(vars(models.LayerVersionInfo()))
    assert (shown["Status"], shown["AddTime"], shown["Tags"]) == (
        "Deleted",
        "1970-01-01 08:00:00",
        [{"Key": "k", "Value": "v"}],
    )
    whole = {f"_{name}" for name in detailed(Layer("ap-x", "fonts"), version)}
    assert whole | {"_CodeSha256", "_Location", "_RequestId"} == set(vars(models.GetLayerVersionResponse()))


def test_each_layer_action_has_documented_codes():
    for action in ("PublishLayerVersion", "ListLayers", "ListLayerVersions", "GetLayerVersion", "DeleteLayerVersion"):
        assert documented(action)
