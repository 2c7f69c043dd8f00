"""Write the tables of pages in docs/ from the data of the code: ``python tools/page_tables.py``.

With ``--check``, it writes nothing, and fails if a page differs from the code.
"""

import enum
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from tencentserverless._core import flow, retry, wire
from tencentserverless.local import lifecycle
from tencentserverless.local.project.keys import KINDS, Effect
from tencentserverless.local.registry import event_states
from tencentserverless.local.scheduler import instance_states
from tencentserverless.local.worker import worker_states
from tencentserverless.models import Verdict

_State = TypeVar("_State", bound=enum.Enum)
_Move = TypeVar("_Move", bound=enum.Enum)
DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN = "<!-- begin {}: written by tools/page_tables.py -->"
END = "<!-- end {} -->"


def _describe_pause(seconds: float | None) -> str:
    return "" if seconds is None else f"from {seconds:g} s"


def _list_statuses() -> list[str]:
    rows = ["| Status | Did it run? | Error | Pause before another try |", "|---|---|---|---|"]
    for status, (verdict, error) in sorted(wire.STATUSES.items()):
        pause = _describe_pause(retry.TRANSIENT_STATUSES.get(status))
        rows.append(f"| {status} | {verdict.name} | `{error.__name__}` | {pause} |")
    rows.append("| any other | MAYBE | `TencentServerlessSDKException` | " + _list_other_pauses() + " |")
    return rows


def _list_other_pauses() -> str:
    others = {status: pause for status, pause in retry.TRANSIENT_STATUSES.items() if status not in wire.STATUSES}
    return ", ".join(f"{status}: {_describe_pause(pause)}" for status, pause in sorted(others.items()))


def _list_codes() -> list[str]:
    rows = ["| Code, or category before the dot | Did it run? | Pause before another try |", "|---|---|---|"]
    for code in sorted(wire.REFUSALS | set(retry.TRANSIENT_CODES)):
        pause = _describe_pause(retry.TRANSIENT_CODES.get(code))
        rows.append(f"| `{code}` | {wire.api_verdict(code).name} | {pause} |")
    rows.append(f"| any other | {wire.api_verdict('Unheard.Of').name} | |")
    return rows


def _list_repairs() -> list[str]:
    rows = ["| Refusal | Mended at once, and once a call, by |", "|---|---|"]
    rows += [f"| `{code}` | {repair.words} |" for code, repair in sorted(flow.REPAIRS.items())]
    return rows


def _list_consents() -> list[str]:
    rows = ["| Did that try run the function? | Tried again | with `idempotent=True` |", "|---|---|---|"]
    for verdict in Verdict:
        answers = ["yes" if retry.is_consented(verdict, consent) else "never" for consent in (False, True)]
        rows.append(f"| {verdict.name} | {answers[0]} | {answers[1]} |")
    return rows


def _list_keys() -> Iterator[str]:
    for kind in KINDS:
        yield ""
        yield f"### {kind.title}"
        for place, keys in kind.tables.items():
            yield ""
            yield f"| {f'`{place}`' if place else 'At the top'} | `scf local start` | `scf deploy` |"
            yield "|---|---|---|"
            for effect in Effect:
                names = [f"`{key}`" for key, each in keys.items() if each is effect]
                if names:
                    yield f"| {', '.join(sorted(names))} | {effect.value[0]} | {effect.value[1]} |"
    yield ""


def _list_states(transitions: Mapping[tuple[_State, _Move], _State]) -> list[str]:
    moves: dict[_State, list[str]] = {}
    for (state, move), after in transitions.items():
        moves.setdefault(state, []).append(f"{move.name} to {after.name}")
        moves.setdefault(after, [])
    states = [state for state in type(next(iter(moves))) if state in moves]
    rows = [f"| {state.name} | {', '.join(moves[state]) or 'none: it has ended'} |" for state in states]
    return ["| State | Moves |", "|---|---|", *rows]


#: The tables of each page, by the name in their marks.
PAGES: Mapping[str, Mapping[str, Callable[[], Iterable[str]]]] = {
    "understand/architecture.md": {
        "server": lambda: _list_states(lifecycle.TRANSITIONS),
        "instance": lambda: _list_states(instance_states.TRANSITIONS),
        "worker": lambda: _list_states(worker_states.TRANSITIONS),
        "event": lambda: _list_states(event_states.TRANSITIONS),
    },
    "understand/delivery.md": {
        "consents": _list_consents,
        "statuses": _list_statuses,
        "codes": _list_codes,
        "repairs": _list_repairs,
    },
    "reference/projects.md": {"keys": _list_keys},
}


def fill(name: str, page: str) -> str:
    """The text of a page with the tables of the current code."""
    for table, list_rows in PAGES[name].items():
        begin, end = BEGIN.format(table), END.format(table)
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(end)
        if not found:
            raise SystemExit(f"{name} has no place for the table {table}: it needs {begin} and {end}")
        page = "\n".join((head + begin, *list_rows(), end)) + tail
    return page


def main() -> None:
    """Write the pages, or check them."""
    for name in PAGES:
        path = DOCS / name
        page = path.read_text("utf-8")
        filled = fill(name, page)
        if "--check" not in sys.argv[1:]:
            path.write_text(filled, "utf-8")
        elif page != filled:
            raise SystemExit(f"docs/{name} differs from the code; write it anew: python tools/page_tables.py")


if __name__ == "__main__":
    main()
