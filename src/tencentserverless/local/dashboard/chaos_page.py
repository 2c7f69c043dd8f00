"""The page of fault rules and of the ledger of runs."""

import msgspec

from tencentserverless.local.dashboard.queries import Query, read_body, read_cursor
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources

_PAGE = 200
_COUNTS = ("fitted", "fired")  # which answers have, and requests need not


class SwitchTable(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a change of the ledger."""

    is_on: bool


class RulesTable(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a change of the fault rules."""

    rules: list[dict[str, object]]


def show_faults(sources: Sources) -> JsonObject:
    """Return the fault rules."""
    return {"rules": sources.engine.report_faults()}


def set_faults(body: bytes, sources: Sources) -> JsonObject:
    """Put these rules in place of all. Counts that an answer had are passed over; those of new rules begin at 0."""
    rules = [
        {name: value for name, value in rule.items() if name not in _COUNTS and value is not None}
        for rule in read_body(body, RulesTable).rules
    ]
    try:
        sources.engine.set_faults(msgspec.json.encode({"rules": rules}))
    except ValueError as error:
        raise Refusal(400, "parameter", f"the rules can't be read, none counts: {error}") from None
    return show_faults(sources)


def show_ledger(query: Query, sources: Sources) -> JsonObject:
    """Return a page of the ledger: what ran twice first, then the newest."""
    start = read_cursor(query) or 0
    count, twice, found = sources.engine.read_ledger(query.text("function") or None, start, _PAGE + 1)
    return {
        "is_on": sources.engine.is_ledger_on(),
        "count": count,
        "twice": twice,
        "items": [{**each, "ran_twice": _ran_twice(each)} for each in found[:_PAGE]],
        "next": str(start + _PAGE) if found[_PAGE:] else None,
    }


def switch_ledger(body: bytes, sources: Sources) -> JsonObject:
    """Switch the ledger."""
    sources.engine.switch_ledger(is_on=read_body(body, SwitchTable).is_on)
    return show_ledger(Query(b""), sources)


def reset_ledger(sources: Sources) -> JsonObject:
    """Empty the ledger."""
    sources.engine.reset_ledger()
    return show_ledger(Query(b""), sources)


def _ran_twice(entry: JsonObject) -> bool:
    begun = entry["begun"]
    return isinstance(begun, int) and begun > 1
