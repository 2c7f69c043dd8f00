"""Take the tour in both languages, and draw it for light and dark pages.

    python -m tools.recording FOLDER        such as docs/images

Writes tour.svg, tour-dark.svg, tour-zh.svg and tour-zh-dark.svg: the same bytes each time, while the tour prints the
same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .page import Step, read_steps
from .picture import DARK, LIGHT, Words, draw
from .terminals import Event, take_tour
from .timing import schedule


class Language(NamedTuple):
    """A language of the command line.

    :ivar suffix: of the names of its pictures
    """

    name: str
    locale: str
    suffix: str
    words: Words


ENGLISH = Language(
    "en",
    "C.UTF-8",
    "",
    Words(
        "A tour of tencentserverless in two terminals",
        "scf init makes a function, scf local start serves it, scf invoke calls it and scf map feeds 10,000 lines "
        "through it. A misspelt name makes a call fail; scf explain says why. Mended, it works, and its tests pass.",
        ("First terminal", "Second terminal, in the folder hello"),
    ),
)
CHINESE = Language(
    "zh",
    "zh_CN.UTF-8",
    "-zh",
    Words(
        "tencentserverless 导览：两个终端",
        "scf init 创建函数，scf local start 在本地运行，scf invoke 调用一次，scf map 处理一万行输入。"
        "写错一个名字后调用失败，scf explain 说明原因。改正后调用成功，测试通过。",
        ("第一个终端", "第二个终端，目录 hello"),
    ),
)
LANGUAGES = (ENGLISH, CHINESE)
_ENGLISH_ALONE = " --language en"


def list_steps(language: Language) -> list[Step]:
    """The steps of the page, without the option that asks for English where the picture speaks another language."""
    steps = read_steps()
    if language is ENGLISH:
        return steps
    return [step._replace(command=step.command.replace(_ENGLISH_ALONE, "")) for step in steps]


def draw_all(language: Language, events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    """The name and the text of each picture in a language."""
    recording = schedule(events)
    for theme, suffix in ((LIGHT, ""), (DARK, "-dark")):
        yield f"tour{language.suffix}{suffix}.svg", draw(recording, theme, language.words)


def main(folder: Path) -> int:
    """Write the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        for name, text in draw_all(language, take_tour(list_steps(language), language.locale)):
            (folder / name).write_text(text, encoding="utf-8")
            print(f"recordings: {folder / name}, {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
