"""Every project below tests/projects starts with the functions, settings, notices and faults of its table.

``python -m tests.local.project.test_corpus`` writes the table anew, to be read line by line before it is committed.
"""

from pathlib import Path

import pytest

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.discovery import discover
from tencentserverless.local.project.handler_check import find_handler_fault
from tencentserverless.local.registry.package_contents import PackRules
from tencentserverless.local.worker.interpreters import OWN_RUNTIME

PROJECTS = Path(__file__).resolve().parents[2] / "projects"
TABLE = PROJECTS / "expected.txt"
ENVIRONMENT = {"GIVEN": "by the process"}
OUTPUTS = {"dev:shop:db.table": "orders"}
NAMES = sorted(path.name for path in PROJECTS.iterdir() if path.is_dir())


def list_functions(project, root):
    for key, record in sorted(project.records.items()):
        runtime = record.runtime.replace(OWN_RUNTIME, "(own)")
        words = [
            str(key),
            record.type,
            runtime,
            record.handler,
            f"{record.memory_mb} MB",
            f"{record.timeout_seconds} s",
        ]
        words += [f"code={record.code_folder.relative_to(root)}"]
        words += [f"starts in {record.init_timeout_seconds} s"] if record.init_timeout_seconds != 65 else []
        words += ["async"] if record.runs_async else []
        yield f"function {' '.join(words)}"
        yield from (f"  variable {name}={value!r}" for name, value in record.environment.items())
        for timer in record.timers:
            state = "open" if timer.is_enabled else "closed"
            yield f"  timer {timer.name} {state} {timer.qualifier} {timer.cron!r} {timer.argument!r}"
        for name, value in (("description", record.description), ("options", record.options)):
            yield from [f"  {name} {value!r}"] if value else []
        if record.packing != PackRules():
            yield f"  packs {record.packing}"
        if fault := find_handler_fault(record):
            yield f"  handler {record.handler}: {fault}"
        yield from [f"  no effect: {', '.join(project.idle[key])}"] if key in project.idle else []
        yield from (f"  doubt {line}" for line in project.doubts.get(key, ()))


def describe(name):
    """What a project starts with, as lines."""
    root = PROJECTS / name
    try:
        project = discover(root, "ap-guangzhou", ENVIRONMENT, 0.0, outputs=OUTPUTS)
    except StartupError as error:
        lines = [f"refused {line}" for line in str(error).splitlines()]
    else:
        lines = list(list_functions(project, root))
        lines += [f"notice {line}" for line in project.notices]
        lines += [f"unserved {line}" for line in project.unserved]
        lines += [f"fault {line}" for line in project.faults]
    return [line.replace(f"{root}/", "").replace(str(root), ".") for line in lines]


def read_table():
    table, name = {}, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            table[name].append(line[2:])
        elif line and not line.startswith("#"):
            name = line
            table[name] = []
    return table


@pytest.mark.parametrize("name", NAMES)
def test_it_starts_as_the_table_says(name):
    assert describe(name) == read_table()[name]


def test_every_row_has_its_project():
    assert sorted(read_table()) == NAMES
    assert len(NAMES) >= 60


if __name__ == "__main__":
    head = "# What each project starts with: functions, their parts, notices, faults. Read by test_corpus.py.\n"
    body = ("\n".join((name, *(f"  {line}" for line in describe(name)))) for name in NAMES)
    TABLE.write_text(head + "\n" + "\n\n".join(body) + "\n", encoding="utf-8")
