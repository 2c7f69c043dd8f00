"""The pages of error codes, one for each family, from the catalogue that ``scf explain`` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tencentserverless.cli.reference.error_catalogue import Catalogue, Entry

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "src" / "tencentserverless" / "cli" / "reference" / "error_catalogue.json"
FOLDER = "docs/reference/errors"
#: The pages of codes that are no family of the API, by a test of the code.
STATUSES, COMMON, NAMES = "statuses", "common", "names"
_TITLES = {
    STATUSES: {"en": "Statuses of a function: 400 to 500", "zh": "函数状态码：400 至 500"},
    COMMON: {
        "en": "Common codes: of every API, and of Tencent's SDK",
        "zh": "公共错误码：各 API 通用，以及官方 SDK 的错误码",
    },
    NAMES: {"en": "Names: classes, verdicts, states, exit codes", "zh": "名称：异常类、结论、状态、退出码"},
}
_LEADS = {
    STATUSES: {
        "en": "The answer to a call holds the status of the function; `error.status_code` has it.",
        "zh": "调用的应答中带有函数状态码，即 `error.status_code`。",
    },
    COMMON: {
        "en": "The API of every product may answer with these; the last ones are raised by Tencent's own SDK.",
        "zh": "所有产品的 API 都可能返回这些错误码；最后几个由腾讯云官方 SDK 抛出。",
    },
    NAMES: {
        "en": "What this SDK and `scf` print besides codes, and the codes that belong to it.",
        "zh": "本 SDK 与 `scf` 输出的其他名称，及其对应的错误码。",
    },
}
_OTHERS = {
    "en": "For these codes, cause and fix are those of the family.",
    "zh": "以下错误码的原因和处理方法与该类错误相同。",
}
_RAISED = {"en": "Raised as", "zh": "异常类"}
_CODE = {"en": "Code", "zh": "错误码"}
_OTHER_CODES = {"en": "Other codes", "zh": "其他错误码"}
_SPECIAL = re.compile(r"([\\`*_<>|\[\]])")


class Texts(NamedTuple):
    """The words of a language around the entries."""

    language: str
    colon: str
    meaning: str
    ran: str
    cause: str
    fix: str
    setting: str
    more: str


class Page(NamedTuple):
    """A page: its name, its entries, and the family that the entries share, if they do."""

    name: str
    family: dict[str, dict[str, str]] | None
    entries: list[Entry]
    own: frozenset[str]
    """The codes that have a cause and a fix of their own."""
    classes: dict[str, list[str]]
    """The errors of the SDK that are raised for a code."""


def read_pages() -> dict[str, Page]:
    """Read every page from the catalogue, by its name."""
    catalogue = Catalogue()
    data = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    own = frozenset(code for code, entry in data["entries"].items() if "cause" in entry)
    classes: dict[str, list[str]] = {}
    for name, entry in data["names"].items():
        if entry.get("alias") in data["entries"]:
            classes.setdefault(entry["alias"], []).append(name)
    pages: dict[str, Page] = {}
    for code in data["entries"]:
        name = _name_page(code, data["families"])
        page = pages.setdefault(name, Page(name, data["families"].get(name), [], own, classes))
        page.entries.append(_find(catalogue, code))
    names = [name for name, entry in data["names"].items() if "alias" not in entry]
    pages[NAMES] = Page(NAMES, None, [_find(catalogue, name) for name in names], frozenset(), {})
    return pages


def _find(catalogue: Catalogue, code: str) -> Entry:
    entry = catalogue.find(code)
    assert entry is not None
    return entry


def _name_page(code: str, families: Iterable[str]) -> str:
    if code.isdigit():
        return STATUSES
    family = code.partition(".")[0]
    return family if family in families else COMMON


def render(name: str, language: str) -> str:
    """The Markdown of a page."""
    page = read_pages()[name]
    texts = Texts(language, ": " if language == "en" else "：", *Catalogue().labels[language])
    lines = list(_render_family(page, texts) if page.family else _render_lead(page, texts))
    if page.name == NAMES:
        lines += _render_rows(page.entries, texts, with_fix=True)
    else:
        for entry in page.entries:
            if entry.code in page.own:
                lines += _render_entry(entry, page.classes.get(entry.code, []), texts)
        others = [entry for entry in page.entries if entry.code not in page.own]
        if others:
            lines += ["", f"## {_OTHER_CODES[language]}", "", _OTHERS[language]]
            lines += _render_rows(others, texts, with_fix=False)
    return "\n".join(lines) + "\n"


def _render_lead(page: Page, texts: Texts) -> Iterator[str]:
    yield f"# {_TITLES[page.name][texts.language]}"
    yield ""
    yield _LEADS[page.name][texts.language]


def _render_family(page: Page, texts: Texts) -> Iterator[str]:
    assert page.family is not None
    yield f"# {page.name}"
    yield ""
    for label, key in ((texts.cause, "cause"), (texts.fix, "fix"), (texts.setting, "setting")):
        if key in page.family:
            yield _render_part(label, page.family[key][texts.language], texts)


def _render_entry(entry: Entry, classes: list[str], texts: Texts) -> Iterator[str]:
    language = texts.language
    yield ""
    yield f"## {entry.code} {entry.name}".rstrip()
    yield ""
    yield _end_sentence(_escape(entry.meaning[language]), language)
    yield ""
    for label, part in (
        (texts.ran, Catalogue().ran[language].get(entry.executed, "")),
        (texts.cause, entry.cause[language]),
        (texts.fix, entry.fix[language]),
        (texts.setting, entry.setting[language]),
    ):
        if part:
            yield _render_part(label, part, texts)
    if classes:
        names = ", ".join(f"`{name}`" for name in classes)
        yield f"- **{_RAISED[language]}**{texts.colon}{names}"


def _render_part(label: str, part: str, texts: Texts) -> str:
    return f"- **{label[0].upper()}{label[1:]}**{texts.colon}{_escape(part)}"


def _render_rows(entries: list[Entry], texts: Texts, *, with_fix: bool) -> Iterator[str]:
    language = texts.language
    titles = [_CODE[language], texts.meaning, texts.ran, *([texts.fix, texts.more] if with_fix else [])]
    yield ""
    yield "| " + " | ".join(title[0].upper() + title[1:] for title in titles) + " |"
    yield "|" + "---|" * len(titles)
    for entry in entries:
        cells = [f"`{entry.code}`", _escape(entry.meaning[language]), entry.executed.upper()]
        if with_fix:
            cells += [_escape(entry.fix[language]), ", ".join(f"`{child}`" for child in entry.children)]
        yield "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _end_sentence(text: str, language: str) -> str:
    """The text with a capital letter and a full stop."""
    stop = "." if language == "en" else "。"
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "。")) else stop)
