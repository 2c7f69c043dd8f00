"""The layers of a function in its configuration file."""

from functools import partial

import pytest

from tencentserverless.local.registry.function_version import LayerRef
from tests.local.project.reading import read_inputs, read_one


@pytest.fixture
def read(tmp_path):
    return partial(read_inputs, tmp_path)


def test_layers_are_read_in_their_order(read):
    record, notices, idle = read("layers:", "- {name: b, version: 2}", "- {name: a, version: '1'}")
    assert record.layers == (LayerRef("b", 2), LayerRef("a", 1))
    assert (notices, idle) == ([], ())


def test_no_layers(read):
    for line in ("layers:", "layers: []", "memorySize: 128"):
        record, notices, _ = read(line)
        assert (record.layers, notices) == ((), [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("layers: x", "inputs.layers must be a list"),
        ("layers: [x]", "inputs.layers[0] must be a list of layers, each with 'name' and 'version'"),
        ("layers: [{name: a}]", "inputs.layers[0] must be a list of layers, each with 'name' and 'version'"),
        ("layers: [{name: a b, version: 1}]", "inputs.layers[0].name 'a b' is no name of a layer"),
        ("layers: [{name: a, version: 0}]", "inputs.layers[0].version must be the number of a version, from 1 on"),
        ("layers: [{name: a, version: x}]", "inputs.layers[0].version must be a whole number, not 'x'"),
        ("layers: [" + "{name: a, version: 1}," * 6 + "]", "inputs.layers has 6 layers; a function takes 5"),
    ],
)
def test_another_form_is_told_and_the_function_is_served_without_layers(read, line, words):
    record, notices, _ = read(line)
    assert record.layers == ()
    assert len(notices) == 1
    assert words in notices[0]
    assert notices[0].endswith("; the function has no layer here")


def test_a_layer_of_a_cloudbaserc_is_read_too(tmp_path):
    (tmp_path / "functions" / "fn").mkdir(parents=True)
    path = tmp_path / "cloudbaserc.json"
    path.write_text('{"envId": "e", "functions": [{"name": "fn", "layers": [{"name": "a", "version": 3}]}]}')
    assert read_one(path).record.layers == (LayerRef("a", 3),)
