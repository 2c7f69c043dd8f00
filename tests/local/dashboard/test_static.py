"""The files of the dashboard's pages: small, whole, from here alone, and in both languages."""

import ast
import configparser
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tencentserverless.local
from tencentserverless.local.dashboard.bundle import make_bundle

STATIC = Path(tencentserverless.local.__file__).parent / "dashboard" / "static"
VENDOR = STATIC / "vendor"
ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path for path in STATIC.rglob("*.js") if path.parent != VENDOR)
KIB = 1024
MOST_LINES = 400
MOST_COLUMNS = 120
MOST_STYLE_BYTES = 10 * KIB
MOST_BYTES = 250 * KIB
#: Where Chinese comes from English.
SHOWN = re.compile(r"""\bt\(\s*"((?:[^"\\]|\\.)*)\"""")
SHOWN_SOMEHOW = re.compile(r"(?<!function )\bt\(")
PLACEHOLDER = re.compile(r"\{\w+\}")
#: Each would make markup or a program of a text.
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|createContextualFragment|srcdoc"
    r"|\beval\b|new Function|javascript:"
)
#: Calls whose first argument is the template of a notice.
MAKES_NOTICE = ("Notice", "notice", "doubt")
MAKES_ANY = re.compile(rf"\b(?:{'|'.join(MAKES_NOTICE)})\s*\(")
IMPORT = re.compile(r"""\b(?:from|import)\s*"([^"]+)\"""")
LATER = re.compile(r"""\bimport\("([^"]+)"\)""")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


# What others have made


def read_hashes() -> dict[str, dict[str, dict[str, object]]]:
    return json.loads(read(VENDOR / "hashes.json"))


@pytest.mark.parametrize("name", sorted(read_hashes()["files"]))
def test_a_file_of_another_project_is_as_its_package_has_it(name: str) -> None:
    told = read_hashes()["files"][name]
    text = (VENDOR / name).read_bytes()
    if "replaced" in told:
        before, after = (each.encode() for each in told["replaced"])
        assert text.count(after) == 1
        text = text.replace(after, before)
    assert hashlib.sha256(text).hexdigest() == told["sha256"]


def test_every_file_of_another_project_is_listed_and_its_licence_goes_along() -> None:
    told = read_hashes()
    assert sorted(told["files"]) == sorted(path.name for path in VENDOR.iterdir() if path.name != "hashes.json")
    assert {(each["package"], each["version"]) for each in told["files"].values()} == {
        (each["package"], each["version"]) for each in told["licences"].values()
    }
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = config["metadata"]["license_files"].split()
    named = {path.name: path for pattern in patterns for path in ROOT.glob(pattern)}
    for name, licence in told["licences"].items():
        assert hashlib.sha256(named[name].read_bytes()).hexdigest() == licence["sha256"]


# Budgets


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_small_and_begins_with_what_it_is_for(path: Path) -> None:
    lines = read(path).splitlines()
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if len(line) > MOST_COLUMNS] == []
    assert lines[0].startswith("// ")


def test_the_pages_are_small() -> None:
    assert (STATIC / "style.css").stat().st_size <= MOST_STYLE_BYTES
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) <= MOST_BYTES


# Nothing from elsewhere, and no text becomes a program


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_makes_markup_of_a_text(path: Path) -> None:
    assert MARKUP.findall(read(path)) == []


def test_the_page_has_nothing_inline_and_nothing_from_outside() -> None:
    page = read(STATIC / "index.html")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []
    addresses = re.findall(r'\b(?:href|src)="([^"]+)"', page)
    assert addresses
    missing = [each for each in addresses if not (STATIC / each.removeprefix("/_local/static/")).is_file()]
    assert missing == ["/_local/static/bundle.js"]  # which is made of the modules


def reach(*patterns: re.Pattern[str]) -> set[Path]:
    """The files that the page needs, by imports of these forms."""
    reached: set[Path] = set()
    left = [STATIC / "app.js"]
    while left:
        path = left.pop()
        assert path.is_file(), f"{path} is imported, and not there"
        assert STATIC in path.parents
        if path not in reached:
            reached.add(path)
            left.extend((path.parent / name).resolve() for pattern in patterns for name in pattern.findall(read(path)))
    return reached


def test_every_import_is_a_file_of_ours_and_every_module_is_used() -> None:
    reached = reach(IMPORT, LATER)
    assert [name_of(path) for path in MODULES if path not in reached] == ["early.js"]
    assert '<script src="/_local/static/early.js"></script>' in read(STATIC / "index.html")


def test_the_page_is_one_script_of_every_module() -> None:
    assert '<script type="module" src="/_local/static/bundle.js"></script>' in read(STATIC / "index.html")
    taken: list[str] = []

    def take(name: str) -> str:
        taken.append(name)
        return read(STATIC / name)

    bundle = make_bundle(take)
    assert sorted(taken) == sorted(name_of(path) for path in reach(IMPORT, LATER))
    assert re.findall(r"^(?:import|export)\b", bundle, re.MULTILINE) == []


# Both languages


def list_shown() -> set[str]:
    return {text for path in MODULES for text in SHOWN.findall(read(path))}


def list_templates() -> set[str]:
    """The templates of the notices in the sources of the local SCF: texts, or names of texts in the same module."""
    texts = (read(path) for path in STATIC.parents[1].rglob("*.py"))
    return {text for words in texts if MAKES_ANY.search(words) for text in templates_of(ast.parse(words))}


def templates_of(tree: ast.Module) -> Iterator[str]:
    named: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    named.setdefault(target.id, set()).add(str(node.value.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and name_of_call(node) in MAKES_NOTICE:
            first = node.args[0]
            for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                if isinstance(part, ast.Constant):
                    yield str(part.value)
                elif isinstance(part, ast.Name):
                    yield from named.get(part.id, ())


def name_of_call(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def test_every_text_is_written_where_it_is_shown() -> None:
    somehow = {name_of(path): len(SHOWN_SOMEHOW.findall(read(path))) for path in MODULES}
    plainly = {name_of(path): len(SHOWN.findall(read(path))) for path in MODULES}
    assert somehow == plainly


def test_every_text_is_in_chinese_too_and_none_is_left_over() -> None:
    chinese = json.loads(read(STATIC / "languages" / "chinese.json"))
    assert sorted(chinese) == sorted(list_shown() | list_templates())
    for english, text in chinese.items():
        assert text.strip(), english
        assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(text)), english


def test_what_looks_like_chinese_has_chinese_commas() -> None:
    chinese = json.loads(read(STATIC / "languages" / "chinese.json"))
    wrong = re.compile("[\u4e00-\u9fff] ?[,;:!?]|[,;!?] ?[\u4e00-\u9fff]")
    assert [text for text in chinese.values() if wrong.search(text)] == []
