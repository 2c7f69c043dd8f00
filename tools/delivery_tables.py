"""Write the tables of docs/delivery.md from the data of the code: ``python tools/delivery_tables.py``.

With ``--check``, it writes nothing, and fails if the page differs from the code.
"""

import sys
from pathlib import Path

from tencentserverless._core import flow, retry, wire
from tencentserverless.models import Verdict

PAGE = Path(__file__).resolve().parent.parent / "docs" / "delivery.md"
BEGIN = "<!-- begin {}: written by tools/delivery_tables.py -->"
END = "<!-- end {} -->"


def _describe_pause(seconds: "float | None") -> str:
    return "" if seconds is None else f"from {seconds:g} s"


def _list_statuses() -> "list[str]":
    rows = ["| Status | Did it run? | Error | Pause before another try |", "|---|---|---|---|"]
    for status, (verdict, error) in sorted(wire.STATUSES.items()):
        pause = _describe_pause(retry.TRANSIENT_STATUSES.get(status))
        rows.append(f"| {status} | {verdict.name} | `{error.__name__}` | {pause} |")
    rows.append("| any other | MAYBE | `TencentServerlessSDKException` | " + _list_other_pauses() + " |")
    return rows


def _list_other_pauses() -> str:
    others = {status: pause for status, pause in retry.TRANSIENT_STATUSES.items() if status not in wire.STATUSES}
    return ", ".join(f"{status}: {_describe_pause(pause)}" for status, pause in sorted(others.items()))


def _list_codes() -> "list[str]":
    rows = ["| Code, or category before the dot | Did it run? | Pause before another try |", "|---|---|---|"]
    for code in sorted(wire.REFUSALS | set(retry.TRANSIENT_CODES)):
        pause = _describe_pause(retry.TRANSIENT_CODES.get(code))
        rows.append(f"| `{code}` | {wire.api_verdict(code).name} | {pause} |")
    rows.append(f"| any other | {wire.api_verdict('Unheard.Of').name} | |")
    return rows


def _list_repairs() -> "list[str]":
    rows = ["| Refusal | Mended at once, and once a call, by |", "|---|---|"]
    rows += [f"| `{code}` | {repair.words} |" for code, repair in sorted(flow.REPAIRS.items())]
    return rows


def _list_consents() -> "list[str]":
    rows = ["| Did that try run the function? | Tried again | with `idempotent=True` |", "|---|---|---|"]
    for verdict in Verdict:
        answers = ["yes" if retry.is_consented(verdict, consent) else "never" for consent in (False, True)]
        rows.append(f"| {verdict.name} | {answers[0]} | {answers[1]} |")
    return rows


TABLES = {"consents": _list_consents, "statuses": _list_statuses, "codes": _list_codes, "repairs": _list_repairs}


def fill(page: str) -> str:
    """The page with the tables of the current code."""
    for name, list_rows in TABLES.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, _, rest = page.partition(begin)
        _, found, tail = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE.name} has no place for the table {name}: it needs {begin} and {end}")
        page = "\n".join((head + begin, *list_rows(), end)) + tail
    return page


def main() -> None:
    """Write the page, or check it."""
    page = PAGE.read_text("utf-8")
    filled = fill(page)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(filled, "utf-8")
    elif page != filled:
        raise SystemExit("docs/delivery.md differs from the code; write it anew: python tools/delivery_tables.py")


if __name__ == "__main__":
    main()
