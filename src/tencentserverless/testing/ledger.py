"""The executions that the fixture reads from a server, and the message of a failed assertion about them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_MAX_SHOWN = 10  # executions in a message


@dataclass(frozen=True, slots=True)
class Execution:
    """The executions of one request.

    :ivar request_id: the id in the function's context and log; ``result.function_request_id``
    :ivar event: the event, decoded; ``...`` (Ellipsis) for one of more than 4 KB
    :ivar payload: SHA-256 of the event's JSON text, in hex
    :ivar begun: how many times it was given to an instance; 2 means that it ran twice
    :ivar ended: how many times an instance has ended it
    :ivar status: of the last end: 0, or the platform's status code; None before that
    """

    function: str
    request_id: str
    event: Any = field(hash=False)
    payload: str
    begun: int
    ended: int
    status: int | None
    region: str
    namespace: str
    version: str

    def __str__(self) -> str:
        end = "has not ended" if self.status is None else f"ended {self.ended}x, status {self.status}"
        event = "a large event" if self.event is ... else f"event {json.dumps(self.event, ensure_ascii=False)}"
        return f"request {self.request_id} began {self.begun}x, {end}, {event}"


def read_executions(entries: Iterable[Mapping[str, Any]]) -> list[Execution]:
    """The entries of a server's ledger, the oldest first."""
    return [Execution(**{**entry, "event": _decode(entry["event"])}) for entry in entries]


def _decode(text: str | None) -> Any:
    return ... if text is None else json.loads(text)


def explain(wanted: str, found: Sequence[Execution], ran: Sequence[Execution], rules: Iterable[Any]) -> str:
    """The message of a failed assertion.

    :param wanted: what was expected
    :param found: the executions that fit the assertion
    :param ran: all executions
    :param rules: the faults that count, as the server reports them
    """
    times = sum(each.begun for each in found)
    lines = [f"expected {wanted}, but the ledger has {times}"]
    lines += [f"  {each}" for each in found]
    if not found:
        counts: Counter[str] = Counter()
        for each in ran:
            counts[each.function] += each.begun
        shown = ", ".join(f"{name} {count}x" for name, count in counts.items())
        lines.append(f"  in all, there ran: {shown or 'nothing'}")
        lines += [f"  {each.function}: {each}" for each in ran[:_MAX_SHOWN]]
    lines += [f"  fault {_show_rule(rule)} fired {rule['fired']}x" for rule in rules]
    return "\n".join(lines)


def _show_rule(rule: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in rule.items() if name not in ("fitted", "fired"))
