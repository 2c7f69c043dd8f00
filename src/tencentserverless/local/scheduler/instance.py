"""One instance: a worker, its temporary keys, and the invocations that it was given."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from tencentserverless.local import outcome
from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.function_version import WEB, FunctionRecord
from tencentserverless.local.registry.web_settings import read_web_settings
from tencentserverless.local.scheduler.instance_states import TRANSITIONS, Move, State
from tencentserverless.local.worker.environment import key_variables
from tencentserverless.local.worker.worker import Worker

_KEY_MARGIN_SECONDS = 60
_NO_KEYS = b""
DEBUG_SECONDS = 7 * 24 * 3600  # a person at a breakpoint needs time
_ENDS_INSTANCE = frozenset((outcome.TIMED_OUT, outcome.MEMORY_EXCEEDED, outcome.EXITED))
_TAKES_CALLS = frozenset((State.IDLE, State.BUSY))


class RunLedger(Protocol):
    """The ledger, as an instance writes it: a run is recorded from the moment at which a worker gets its event."""

    is_on: bool

    def begin(self, record: FunctionRecord, request_id: str, event: bytes) -> None:
        """Record that a worker gets an event."""

    def end(self, request_id: str, status: int | None) -> None:
        """Record the end of a run; None if nothing of it ran."""


@dataclass(slots=True, eq=False, repr=False)
class Instance:
    """A worker process that has loaded its handler.

    :param invocations: the running call and the prefetched ones in the worker's channel, by request id
    :param start_ms: that it took to start; 0 once a call has been told
    :param fresh_until: a call that begins until then has its keys to its end, by the clock of the keys
    """

    record: FunctionRecord
    worker: Worker
    access_key: AccessKey
    keys: KeyRing
    ledger: RunLedger
    invocations: dict[str, Invocation] = field(default_factory=dict)
    idle_since: float = 0.0
    is_debugged: bool = False
    fresh_until: float = 0.0
    start_ms: float = 0.0
    state: State = State.STARTING

    def __repr__(self) -> str:
        calls = f"{len(self.invocations)} calls"
        return f"<Instance {self.record.key}:{self.record.version} pid {self.worker.pid}, {self.state.name}, {calls}>"

    @property
    def takes_calls(self) -> bool:
        """True if its process lives, and no call that it runs is its last one."""
        return self.worker.is_alive and self.state in _TAKES_CALLS

    def peek_output(self, limit_bytes: int) -> tuple[bytes, int]:
        """Return the end of its only call's output so far, and the size of it; of several calls it has none."""
        return self.worker.peek_output(limit_bytes) if len(self.invocations) == 1 else (b"", 0)

    def begin(self, invocation: Invocation) -> None:
        """Run the handler on an invocation's event; ``worker.on_end`` is told of the outcome."""
        self.invocations[invocation.request_id] = invocation
        if self.start_ms:
            invocation.cold_start_ms, self.start_ms = self.start_ms, 0.0
        if self.ledger.is_on:
            self.ledger.begin(self.record, invocation.request_id, invocation.event)
        self.state = TRANSITIONS[self.state, Move.BEGIN_LAST if invocation.ends_instance else Move.BEGIN]
        timeout_seconds = DEBUG_SECONDS if self.is_debugged else self.record.timeout_seconds
        environ = self._fresh_keys() if self.keys.clock() > self.fresh_until else _NO_KEYS
        self.worker.begin(invocation, environ, timeout_seconds)

    def prefetch(self, invocation: Invocation) -> bool:
        """Give the worker an invocation before the one that runs has ended. False if the worker does not take it."""
        if self.state is not State.BUSY or not self.worker.takes_keys:
            return False
        if not self.worker.prefetch(invocation, self._fresh_keys()):
            return False
        self.invocations[invocation.request_id] = invocation
        if self.ledger.is_on:
            self.ledger.begin(self.record, invocation.request_id, invocation.event)
        return True

    def finish(self, invocation: Invocation, result: Outcome | None) -> None:
        """An invocation has ended; ends the instance where the platform would discard it.

        :param result: None if nothing of it ran
        """
        if self.ledger.is_on:
            self.ledger.end(invocation.request_id, None if result is None else result.status)
        del self.invocations[invocation.request_id]
        if result is None:
            ends = not self.worker.is_alive
        else:
            status = result.status
            ends = status != 0 and (self._is_ended_by(status) or self.record.runs_async)
        if not self.invocations:
            self.state = TRANSITIONS[self.state, Move.DONE]
        if ends or self.state is State.STOPPING:
            self.end()

    def end(self) -> None:
        """Kill the process and everything in its group, and revoke its keys."""
        self.state = TRANSITIONS[self.state, Move.END]
        self.worker.kill()
        self.keys.revoke(self.access_key)

    def _is_ended_by(self, status: int) -> bool:
        """True if the platform discards an instance for the failure of one call.

        The status of a WebSocket connection may be that of a process that has ended, and its process lives. A request
        that took too long ends alone where others may run beside it (the guide on concurrent requests).
        """
        if self.record.type == WEB:
            is_alone = read_web_settings(self.record).requests_per_instance == 1
            return status == outcome.MEMORY_EXCEEDED or (status == outcome.TIMED_OUT and is_alone)
        return status in _ENDS_INSTANCE

    def _fresh_keys(self) -> bytes:
        """New temporary keys, as variables, if the present ones may end before a call does that begins now.

        A worker that can't take others is killed: nothing of the call has run, so it gets a new instance.
        """
        needed_seconds = self.record.timeout_seconds + _KEY_MARGIN_SECONDS
        if not self.keys.expires_within(self.access_key, needed_seconds):
            self.fresh_until = (self.access_key.expires_at or math.inf) - needed_seconds
            return _NO_KEYS
        if not self.worker.takes_keys:
            self.worker.kill()
            return _NO_KEYS
        self.keys.revoke(self.access_key)
        self.access_key = self.keys.issue()
        return msgspec.json.encode(key_variables(self.access_key))
