"""Layers in a real database: what is stored comes back, with its order."""

import pytest

from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.layer import Layer, LayerTag, LayerVersion
from tencentserverless.local.registry.layer_tables import decode_layer, encode_layer, layers, put_layers

VERSION = LayerVersion(1, "a" * 64, 10, 20, ("Python3.9",), "words", "MIT", (LayerTag("a", "b"),), 1.5, is_deleted=True)


def test_what_is_stored_comes_back_in_the_order_of_creation(tmp_path):
    database = Database(tmp_path / "state.db", print)
    full, empty = Layer("ap-x", "b", (VERSION,), 7), Layer("ap-x", "a", (), 3)
    database.write_now(put_layers([full, empty]))
    database.write_now(put_layers([Layer("ap-x", "b", (), 8)]))
    database.close()
    again = Database(tmp_path / "state.db", print)
    assert again.read_now(layers) == [Layer("ap-x", "b", (), 8), empty]
    again.close()
    assert decode_layer(encode_layer(full)) == full


def test_a_value_of_another_form_is_refused():
    with pytest.raises(ValueError, match="Expected"):
        decode_layer(b'{"region": 1}')
