"""The ledger of runs: every execution by its request id and the hash of its event.

An entry is written when an event is given to an instance, not when an answer is sent: so the ledger also has runs whose
answer was lost. An event that the worker returned unread did not run.
"""

import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from tencentserverless.local.registry.function_version import FunctionRecord

MAX_ENTRIES = 200_000  # ours: the oldest entries are removed
MAX_EVENT_BYTES = 4096  # ours: the text of a longer event is not kept


class Entry(msgspec.Struct, gc=False):
    """The executions of one request id.

    :param payload: SHA-256 of the event's JSON text, in hex
    :param event: that text; None if it is longer than ``MAX_EVENT_BYTES``
    :param begun: how often the event was given to an instance and not taken back unread
    :param ended: how often an instance has finished the event
    :param status: status of the last end: 0, or the platform's status code
    """

    request_id: str
    region: str
    namespace: str
    function: str
    version: str
    payload: str
    event: str | None
    begun: int = 0
    ended: int = 0
    status: int | None = None


class Ledger:
    """Keeps executions, the oldest first. Off until it is switched on, because it hashes every event.

    :param max_entries: the number of request ids to keep
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self.is_on: bool = False
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._twice: dict[str, Entry] = {}
        self._max_entries = max_entries

    def begin(self, record: FunctionRecord, request_id: str, event: bytes) -> None:
        """Record that an event is given to an instance."""
        entry = self._entries.get(request_id)
        if entry is None:
            payload = hashlib.sha256(event).hexdigest()
            key = record.key
            text = event.decode("utf-8", "replace") if len(event) <= MAX_EVENT_BYTES else None
            entry = Entry(request_id, key.region, key.namespace, key.name, record.version, payload, text)
            self._entries[request_id] = entry
            if len(self._entries) > self._max_entries:
                self._twice.pop(self._entries.popitem(last=False)[0], None)
        entry.begun += 1
        if entry.begun > 1:
            self._twice[request_id] = entry

    def end(self, request_id: str, status: int | None) -> None:
        """Record that an instance has finished an event.

        :param status: None if nothing of it ran
        """
        entry = self._entries.get(request_id)
        if entry is None:
            return  # the event began before the ledger was switched on
        if status is None:
            entry.begun -= 1
            if entry.begun < 2:
                self._twice.pop(request_id, None)
        else:
            entry.ended += 1
            entry.status = status

    def search(
        self, request_id: str | None = None, payload: str | None = None, function: str | None = None
    ) -> Iterator[Entry]:
        """Find the executions that match all given values."""
        if request_id is not None:
            entry = self._entries.get(request_id)
            found = [entry] if entry else []
        else:
            found = list(self._entries.values())
        for entry in found:
            if payload in (None, entry.payload) and function in (None, entry.function) and entry.begun:
                yield entry

    def list_newest(self, function: str | None, start: int, limit: int) -> tuple[int, int, list[Entry]]:
        """Return a page of the executions: those that ran twice or more come first, then the newest.

        :return: how many there are, how many of them ran twice or more, and the page
        """
        twice = [each for each in reversed(self._twice.values()) if function in (None, each.function)]
        if function is None:
            count = len(self._entries)
            others = (each for each in reversed(self._entries.values()) if each.begun == 1)
        else:
            found = list(self.search(function=function))
            count, others = len(found), (each for each in reversed(found) if each.begun == 1)
        page = list(itertools.islice(itertools.chain(twice, others), start, start + limit))
        return count, len(twice), page

    def reset(self) -> None:
        """Delete all entries."""
        self._entries.clear()
        self._twice.clear()

    def __len__(self) -> int:
        return len(self._entries)
