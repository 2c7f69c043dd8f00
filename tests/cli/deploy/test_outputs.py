"""The option --output: texts, and files of such lines."""

import click
import pytest

from tencentserverless.cli.deploy.outputs import read_outputs


def test_texts_and_files(tmp_path):
    path = tmp_path / "outputs"
    path.write_text("# words\n\ndev:shop:db.table = orders=1\ndev:shop:vpc.id=v-1\n")
    assert read_outputs((f"@{path}", "dev:shop:vpc.id=v-2")) == {
        "dev:shop:db.table": "orders=1",
        "dev:shop:vpc.id": "v-2",
    }
    assert read_outputs(()) == {}


@pytest.mark.parametrize("text", ["dev:shop:db.table", "shop:db.table=x", "dev:shop:table=x", "@/nowhere/at/all"])
def test_other_texts_are_refused(text):
    with pytest.raises(click.BadParameter):
        read_outputs((text,))
