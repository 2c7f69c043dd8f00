"""Every text that ``scf`` shows has its Chinese."""

import json
import re
from pathlib import Path

import pytest

from tools import shown_texts
from tools.shown_texts import CATALOGUE, find_texts, list_missing, list_texts

#: Texts of click, and such as the code puts together: the catalogue has them beside those that are found.
_PUT_TOGETHER = re.compile(r"\{0\}|^[\w ]+$|[.]$")


def catalogue() -> dict:
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


def test_no_text_is_without_chinese() -> None:
    missing = [f"{each.place}: {each.text!r}" for each in list_missing()]
    assert not missing, "these texts need Chinese in src/tencentserverless/cli/reference/chinese.json:\n" + "\n".join(
        missing
    )


def test_a_translation_has_the_values_of_its_text() -> None:
    for english, chinese in {**catalogue()["texts"], **catalogue()["predicates"]}.items():
        assert sorted(re.findall(r"\{\d\}", english)) == sorted(re.findall(r"\{\d\}", chinese)), english
        assert re.search("[\u3000-\uffef]", chinese), english


def test_nothing_is_kept_that_is_shown_no_more() -> None:
    found = {each.text for each in list_texts()}
    kept = [
        text
        for text in (*catalogue()["texts"], *catalogue()["predicates"])
        if text not in found and not _PUT_TOGETHER.search(text)
    ]
    assert kept == []
    assert set(catalogue()["not_translated"]) <= found


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("raise Failure(1, f'no {name} here; {advice}')", ["no {0} here; {1}"]),
        ("words = 'no {} here {other}'.format(1, other='two words')", ["no {0} here {1}", "two words"]),
        ("option(help='One thing.  [default: xx yy]')", ["One thing.", "xx yy"]),
        ("x = 'first line\\n  second line'", ["first line", "second line"]),
        ("X = ('a b', 'name', 'two words')", ["two words"]),
        ("def f():\n    '''Not shown at all.'''\n", []),
        ("class A:\n    '''Not shown at all.'''\n    x: 'str or None' = 'is shown'\n", ["is shown"]),
        (
            "@click.command()\ndef f():\n    '''Shown it is.\n\n    In two\n    lines.\n    '''\n",
            ["Shown it is.", "In two lines."],
        ),
        ("_TEST = 'text of a file'", []),
    ],
)
def test_texts_are_found(source: str, texts: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_texts, "ROOT", tmp_path)
    (tmp_path / "module.py").write_text(source)
    assert [each.text for each in find_texts(tmp_path / "module.py")] == texts


def test_of_other_packages_only_errors_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_texts, "ROOT", tmp_path)
    (tmp_path / "module.py").write_text("x = 'not shown'\nraise StartupError(1, 'is shown', f(f'this {one} too'))\n")
    found = find_texts(tmp_path / "module.py", errors_only=True)
    assert [(each.text, each.place) for each in found] == [("is shown", "module.py:2"), ("this {0} too", "module.py:2")]


def test_the_tool_names_a_text_and_its_place(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(shown_texts, "list_texts", lambda: [shown_texts.Text("a new text", "cli/a.py:7")])
    assert shown_texts.main() == 1
    assert capsys.readouterr().out.startswith("cli/a.py:7: no Chinese for 'a new text'; add it to ")
