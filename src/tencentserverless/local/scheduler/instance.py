"""One instance: a worker, its temporary keys, and the invocations that it was given."""

from dataclasses import dataclass, field
from typing import Protocol

from tencentserverless.local import outcome
from tencentserverless.local.access_keys import AccessKey, KeyRing
from tencentserverless.local.invocation import Invocation
from tencentserverless.local.outcome import Outcome
from tencentserverless.local.registry.records import FunctionRecord
from tencentserverless.local.worker.environment import (
    key_variables,
)
from tencentserverless.local.worker.worker import Worker

_KEY_MARGIN_SECONDS = 60
DEBUG_SECONDS = 7 * 24 * 3600  # a person at a breakpoint needs time
_ENDS_INSTANCE = frozenset((outcome.TIMED_OUT, outcome.MEMORY_EXCEEDED, outcome.EXITED))


class RunLedger(Protocol):
    """The ledger, as an instance writes it: a run is recorded from the moment at which a worker gets its event."""

    is_on: bool

    def begin(self, record: FunctionRecord, request_id: str, event: bytes) -> None:
        """Record that a worker gets an event."""

    def end(self, request_id: str, status: int | None) -> None:
        """Record the end of a run; None if nothing of it ran."""


@dataclass(slots=True, eq=False)
class Instance:
    """A worker process that has loaded its handler.

    :param discard_after_call: end the instance after its current call
    :param invocations: the running call and the prefetched ones in the worker's channel, by request id
    """

    record: FunctionRecord
    worker: Worker
    access_key: AccessKey
    keys: KeyRing
    ledger: RunLedger
    invocations: dict[str, Invocation] = field(default_factory=dict)
    idle_since: float = 0.0
    is_debugged: bool = False
    discard_after_call: bool = False

    @property
    def is_alive(self) -> bool:
        """True if the process runs, as far as is known."""
        return self.worker.is_alive

    def begin(self, invocation: Invocation) -> None:
        """Run the handler on a call's event; the outcome goes to ``worker.on_end``."""
        self._note(invocation)
        self.discard_after_call = invocation.ends_instance
        timeout_seconds = DEBUG_SECONDS if self.is_debugged else self.record.timeout_seconds
        if self._needs_new_keys() and not self.worker.takes_keys:
            self.worker.kill()  # nothing of the call has run: the call gets a new instance
        self.worker.begin(invocation.request_id, invocation.event, self._fresh_keys(), timeout_seconds)

    def prefetch(self, invocation: Invocation) -> bool:
        """Prefetch a call: give it to the worker while another call runs.

        Returns False if the worker does not take it.
        """
        if not self.worker.prefetch(invocation.request_id, invocation.event, self._fresh_keys()):
            return False
        self._note(invocation)
        return True

    def finish(self, request_id: str, result: Outcome | None) -> Invocation:
        """Note the end of a call; end the instance if the platform would discard it.

        :param result: None if nothing of the call ran
        :return: the call
        """
        if self.ledger.is_on:
            self.ledger.end(request_id, None if result is None else result.status)
        if result is None:
            ends = not self.is_alive
        else:
            ends = (
                self.discard_after_call
                or result.status in _ENDS_INSTANCE
                or (self.record.runs_async and not result.has_succeeded)
            )
        if ends:
            self.end()
        return self.invocations.pop(request_id)

    def end(self) -> None:
        """Kill the process and everything in its group, and revoke its keys."""
        self.worker.kill()
        self.keys.revoke(self.access_key)

    def _note(self, invocation: Invocation) -> None:
        self.invocations[invocation.request_id] = invocation
        if self.ledger.is_on:
            self.ledger.begin(self.record, invocation.request_id, invocation.event)

    def _needs_new_keys(self) -> bool:
        """True if the instance's keys may expire before the end of a call that begins now."""
        return self.keys.expires_within(self.access_key, self.record.timeout_seconds + _KEY_MARGIN_SECONDS)

    def _fresh_keys(self) -> dict[str, str]:
        """Issue new temporary keys, as variables, if the present keys are expiring and the worker can take new ones."""
        if not self._needs_new_keys() or not self.worker.takes_keys:
            return {}
        self.keys.revoke(self.access_key)
        self.access_key = self.keys.issue()
        return key_variables(self.access_key)

    def __repr__(self) -> str:
        state = f"{len(self.invocations)} calls" if self.is_alive else "dead"
        return f"<Instance {self.record.key}:{self.record.version} pid {self.worker.pid}, {state}>"
