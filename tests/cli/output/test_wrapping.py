"""Lines of a width, in English and Chinese."""

import pytest

from tencentserverless.cli.output.wrapping import width_of, wrap


def test_a_chinese_letter_takes_two_columns():
    assert (width_of("scf"), width_of("函数"), width_of("用 scf。")) == (3, 4, 8)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("调用函数并输出结果", 8, ["调用函数", "并输出结", "果"]),
        ("调用函数，并输出", 8, ["调用函", "数，并输", "出"]),
        ("（调用）函数", 6, ["（调", "用）函", "数"]),
        ("用 scf map 调用", 8, ["用 scf", "map 调用"]),
        ("a verylongword b", 4, ["a", "verylongword", "b"]),
        ("", 8, []),
    ],
)
def test_lines_break_between_chinese_letters_and_at_blanks(text: str, width: int, lines: list) -> None:
    assert list(wrap(text, width)) == lines
