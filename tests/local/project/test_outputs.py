"""Outputs of functions of the same project, and given ones."""

from tencentserverless.local.project.outputs import Outputs
from tencentserverless.local.project.surroundings import Surroundings

INPUTS = "{name: %s, src: ., runtime: Python3.9, namespace: goods, role: '%s'}"
FILE = f"component: scf\nname: %s\napp: shop\ninputs: {INPUTS}\n"


def test_they_are_found_around_a_folder(tmp_path):
    for name, role in (("stock", "${output:dev:shop:cart.role}"), ("cart", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "serverless.yml").write_text(FILE % (name, f"{name}-fn", role))
    outputs = Outputs(Surroundings("ap-chengdu", {}, 0.0), {"dev:shop:db.table": "orders"})
    find = outputs.around(tmp_path / "cart").find_output
    assert find("dev:shop:db.table") == "orders"
    keys = ("name", "functionName", "namespace", "region", "runtime", "memorySize", "type")
    assert [find(f"dev:shop:stock.{key}") for key in keys] == [
        *("stock-fn", "stock-fn", "goods", "ap-chengdu", "Python3.9", "128", "event")
    ]
    assert find("test:shop:stock.name") is None
    assert find("dev:shop:stock.url") is None
    assert find("nonsense") is None
