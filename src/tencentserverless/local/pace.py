"""The cloud's pace: a function is Creating, Updating, Publishing or Deleting for a while after the answer.

Source: cloud.tencent.com/document/api/583/115197 (status of functions). A change is stored before its answer, as at any
pace; only the state of this moment is kept here. So a server that starts again has every function Active, with the
change, or without a function that was Deleting.

That a function which is Updating runs its code of before is documented for an update that fails; that another change is
refused in between, by the error codes. How long a state lasts is our choice.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord

ACTIVE = "Active"
CREATING, UPDATING, PUBLISHING, DELETING = "Creating", "Updating", "Publishing", "Deleting"  # keys of CLOUD_SECONDS
_CALLED = (UPDATING, PUBLISHING)  # states in which $LATEST runs
_IN_PROGRESS = "FailedOperation.FunctionStatusError"


@dataclass(frozen=True, slots=True)
class Change:
    """A state of a function that lasts for a while.

    :param version: the version that is published; ``$LATEST`` for the other states
    :param old: of ``Updating``: the version that calls run until its end
    :param on_end: called when the state ends
    """

    status: str
    version: str = LATEST
    old: FunctionRecord | None = None
    on_end: Callable[[], None] = lambda: None


class Pace:
    """The states of functions that change.

    :param seconds: by state; none for a server whose changes are done with their answer
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds
        self._changes: dict[FunctionKey, list[Change]] = {}  # those of a function follow each other

    @property
    def is_on(self) -> bool:
        """True if states last for a while."""
        return bool(self._seconds)

    @property
    def is_busy(self) -> bool:
        """True if any function changes now."""
        return bool(self._changes)

    def begin(self, key: FunctionKey, change: Change) -> None:
        """Let a state of a function begin, or follow the one that it has. Without a pace, it ends at once."""
        if not self._seconds:
            change.on_end()
            return
        changes = self._changes.setdefault(key, [])
        changes.append(change)
        if len(changes) == 1:
            self._wait(key, change)

    def status(self, key: FunctionKey, version: str = LATEST) -> str:
        """Return the Status of a version, as GetFunction shows it."""
        changes = self._changes.get(key)
        if not changes:
            return ACTIVE
        if version != LATEST:
            if any(each.status == PUBLISHING and each.version == version for each in changes):
                return PUBLISHING
            return DELETING if changes[0].status == DELETING else ACTIVE
        return changes[0].status

    def check(self, key: FunctionKey, code: str, version: str = LATEST) -> None:
        """Refuse an action on a function that changes.

        :param code: the action's code for this
        :raises ApiError: if the version is not Active
        """
        status = self.status(key, version)
        if status != ACTIVE:
            seconds = self._seconds.get(status, 0)
            raise ApiError(
                code,
                f"Function {key.name!r} is {status}, which lasts {seconds:g} s here; try again when GetFunction shows "
                f"the Status {ACTIVE}.",
            )

    def check_is_there(self, key: FunctionKey) -> None:
        """Refuse a change of a function that is deleted already and is only still shown: to store it would undo that.

        :raises ApiError: if the function is Deleting
        """
        if self.status(key) == DELETING:
            self.check(key, _IN_PROGRESS)

    def check_call(self, record: FunctionRecord) -> None:
        """Refuse a call of a version that can't run yet, or no more.

        :raises ApiError: if it is Creating, Publishing or Deleting
        """
        status = self.status(record.key, record.version)
        if record.version != LATEST or status not in _CALLED:
            self.check(record.key, _IN_PROGRESS, record.version)

    def running(self, record: FunctionRecord) -> FunctionRecord:
        """Return the version that a call runs: of a function that is Updating, the one of before."""
        changes = self._changes.get(record.key)
        if changes and record.version == LATEST and changes[0].old is not None:
            return changes[0].old
        return record

    def records(self) -> Iterator[FunctionRecord]:
        """Iterate over the versions of before that calls still run."""
        for changes in self._changes.values():
            yield from (each.old for each in changes if each.old is not None)

    def _wait(self, key: FunctionKey, change: Change) -> None:
        seconds = self._seconds.get(change.status, 0.0)
        asyncio.get_running_loop().call_later(seconds, self._end, key)

    def _end(self, key: FunctionKey) -> None:
        changes = self._changes[key]
        ended = changes.pop(0)
        if changes:
            self._wait(key, changes[0])
        else:
            del self._changes[key]
        ended.on_end()
