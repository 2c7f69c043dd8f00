"""``--variable``, ``--variables`` and ``--packages``, as texts."""

from pathlib import Path

import click
import pytest

from tencentserverless.cli.function_options import read_packages, read_variables
from tencentserverless.local.settings import PackageFolder


def test_variables_of_the_file_and_of_the_command_line(tmp_path):
    file = tmp_path / "variables"
    file.write_text("\ufeff# tokens\n\norder.TOKEN = 'a b' \norder.URL=http://h/?a=b.c\npay.X=\n", encoding="utf-8")
    assert read_variables(("order.TOKEN= x ", "pay.Y=a=b"), file) == {
        "order": {"TOKEN": " x ", "URL": "http://h/?a=b.c"},
        "pay": {"X": "", "Y": "a=b"},
    }
    assert read_variables((), None) == {}


@pytest.mark.parametrize("text", ["A=1", "order.A", "=x", "order.=x", ".A=x", "1st.A=x", "", "a b.C=x"])
def test_a_text_of_another_form_is_refused_without_its_value(tmp_path, text):
    with pytest.raises(click.BadParameter, match=r"is not of the form NAME\.KEY=VALUE") as caught:
        read_variables((text,), None)
    assert caught.value.param_hint == "--variable"
    if text.strip():
        (tmp_path / "file").write_text(f"\n{text}secret")
        with pytest.raises(click.BadParameter) as caught:
            read_variables((), tmp_path / "file")
        assert f"{tmp_path}/file:2: " in caught.value.message
        assert "=" not in caught.value.message.partition("is not of")[0]


def test_a_file_that_can_not_be_read_is_named_with_what_there_is(tmp_path):
    (tmp_path / "variables.env").write_bytes(b"a.B=\xff")
    for name, words in (
        ("variable.env", "no such file; {} has variables.env"),
        ("none/x", "no such file; {}/none has no files"),
        ("variables.env", "it is not a text in UTF-8"),
        ("", "Is a directory"),
    ):
        with pytest.raises(click.BadParameter) as caught:
            read_variables((), tmp_path / name)
        assert words.format(tmp_path) in caught.value.message


def test_folders_of_packages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_packages(("libs", "order=../x", "./a=b", "/abs=olute/")) == (
        PackageFolder("", tmp_path / "libs"),
        PackageFolder("order", tmp_path.parent / "x"),
        PackageFolder("", tmp_path / "a=b"),
        PackageFolder("", Path("/abs=olute")),
    )
    for text in ("", "order="):
        with pytest.raises(click.BadParameter):
            read_packages((text,))
