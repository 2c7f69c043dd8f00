"""app, stage and name: of the file, of the one above, and the tool's defaults."""

import pytest

from tencentserverless.local.project.instance_names import read_names
from tencentserverless.local.project.surroundings import Surroundings
from tencentserverless.local.project.yaml_nodes import read_yaml


@pytest.mark.parametrize(
    ("above", "own", "instance"),
    [
        (None, "name: cart", "dev:cart:cart"),
        (None, "name: cart\napp: ''\nstage:", "dev:cart:cart"),
        (None, "name: cart\napp: shop\nstage: test", "test:shop:cart"),
        ("app: shop\nstage: prod", "name: cart\napp: other\nstage: test", "prod:shop:cart"),
        ("app: shop", "name: cart\nstage: ${env:STAGE}", "beta:shop:cart"),
        ("app: [", "name: cart", "dev:cart:cart"),
        ("", "name: 5", "dev:5:5"),
    ],
)
def test_names(tmp_path, above, own, instance):
    (tmp_path / "fn").mkdir()
    if above is not None:
        (tmp_path / "serverless.yaml").write_text(above)
    path = tmp_path / "fn" / "serverless.yml"
    path.write_text(own)
    names = read_names(read_yaml(path), Surroundings("ap-guangzhou", {"STAGE": "beta"}, 0.0))
    assert names.instance == instance
    assert names.timer_name == f"timer-{names.name}-{names.stage}"
