"""Proof of what ran: every execution by its request id and by the hash of its event.

Written where an event is handed to an instance, not where an answer leaves: it knows what ran also where nobody heard
of it. An event that came back unread did not run.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

from tencentserverless.local.registry.records import FunctionRecord

MAX_ENTRIES = 200_000  # ours; the oldest give way


class Entry(msgspec.Struct, gc=False):
    """The executions of one request id.

    :param payload: SHA-256 of the event's JSON text, in hex
    :param begun: how often it was handed to an instance and not taken back unread
    :param ended: how often an instance was done with it
    :param status: of the last end: 0, or the platform's status code
    """

    request_id: str
    region: str
    namespace: str
    function: str
    version: str
    payload: str
    begun: int = 0
    ended: int = 0
    status: int | None = None


class Ledger:
    """Executions, the oldest first. Off until it is switched on: it hashes every event.

    :param max_entries: request ids that are kept
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self.is_on: bool = False
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._max_entries = max_entries

    def begin(self, record: FunctionRecord, request_id: str, event: bytes) -> None:
        """An event is handed to an instance."""
        entry = self._entries.get(request_id)
        if entry is None:
            payload = hashlib.sha256(event).hexdigest()
            key = record.key
            entry = Entry(request_id, key.region, key.namespace, key.name, record.version, payload)
            self._entries[request_id] = entry
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        entry.begun += 1

    def end(self, request_id: str, status: int | None) -> None:
        """An instance is done with it.

        :param status: None if nothing of it ran
        """
        entry = self._entries.get(request_id)
        if entry is None:
            return  # it began before the ledger did
        if status is None:
            entry.begun -= 1
        else:
            entry.ended += 1
            entry.status = status

    def search(
        self, request_id: str | None = None, payload: str | None = None, function: str | None = None
    ) -> Iterator[Entry]:
        """The executions that fit all that is given."""
        if request_id is not None:
            entry = self._entries.get(request_id)
            found = [entry] if entry else []
        else:
            found = list(self._entries.values())
        for entry in found:
            if payload in (None, entry.payload) and function in (None, entry.function) and entry.begun:
                yield entry

    def reset(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
