"""Which .env file counts, and what it says."""

from tencentserverless.local.project.env_files import parse, read_variables


def test_one_file_counts_the_nearest_and_the_environment_before_it(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert read_variables(folder, "dev", {"X": "1"}) == {"X": "1"}
    for place, name, text in (
        (tmp_path, ".env", "A=grandparent"),
        (tmp_path / "a", ".env", "A=parent"),
        (tmp_path / "a", ".env.dev", "A=parent of the stage"),
        (folder, ".env", "B=here"),
        (folder, ".env.dev", "A=here of the stage\nX=2"),
    ):
        (place / name).write_text(text)
        key, _, value = text.splitlines()[0].partition("=")
        found = read_variables(folder, "dev", {"X": "1"})
        assert found == {"X": "1", key: value}
    assert read_variables(folder, "test", {}) == {"B": "here"}


def test_its_lines():
    text = "# words\nA=1\n  B = two words \r\nC=\"a\\nb\"\nD='a\\nb'\nE=\nF=a # kept\nnothing\nexport G=1\nH.I-J=x=y\n"
    assert parse(text) == {
        "A": "1",
        "B": "two words",
        "C": "a\nb",
        "D": "a\\nb",
        "E": "",
        "F": "a # kept",
        "H.I-J": "x=y",
    }
