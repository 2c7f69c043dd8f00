"""Asks the API 3.0 of SCF for what is not a call: listing, logs, deploying."""

import contextlib
import difflib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.api.target import Target
from tencentserverless.exception import TencentCloudSDKException
from tencentserverless.management import call_action

if TYPE_CHECKING:
    from tencentserverless.cli.output.failures import Failure

_PAGE = 100  # the most that a list gives at once
_MAX_NAMES = 1000


class Api:
    """The API at a target. Errors are those of the SDK."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """The answer of an action, without its envelope.

        :param parameters: those that are None are not sent
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        only_reads = action.startswith(("Get", "List"))
        with self.target.open_client() as client, self.target.reached():
            return call_action(client, action, given, idempotent=only_reads)

    def call_function(self, action: str, name: str, **parameters: object) -> dict[str, Any]:
        """The same for an action on a function of the target's namespace; one that is not there is told its neighbours.

        :raises Failure: if there is no such function
        """
        try:
            return self.call(action, FunctionName=name, Namespace=self.target.namespace, **parameters)
        except TencentCloudSDKException as error:
            if not is_missing(error):
                raise
            raise self.no_function(name, str(error.code)) from error

    def no_function(self, name: str, code: str) -> "Failure":
        """The failure that a function is not there, which names its neighbours.

        :param code: the API's
        """
        from tencentserverless.cli.exits import Exit
        from tencentserverless.cli.output.failures import Failure

        return Failure(Exit.API, f"{code}: no function {name!r}; {self._advice(name)}; run: scf explain {code}")

    def list_functions(self) -> Iterator[dict[str, Any]]:
        """The functions of the target's namespace, page by page."""
        offset = 0
        while True:
            page = self.call("ListFunctions", Namespace=self.target.namespace, Offset=offset, Limit=_PAGE)
            yield from page["Functions"]
            offset += len(page["Functions"])
            if not page["Functions"] or offset >= page["TotalCount"]:
                return

    def _advice(self, name: str) -> str:
        """What to do about a function that is not there: the names nearest to its own, or where else to look."""
        names: list[str] = []
        with contextlib.suppress(TencentCloudSDKException):  # who may call need not be allowed to list
            for each in self.list_functions():
                names.append(each["FunctionName"])
                if len(names) >= _MAX_NAMES:
                    break
        place = self.target.place
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            return f"in {place} the nearest names are: {', '.join(near)}"
        if names:
            return f"in {place} there are: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        return f"looked in {place}; choose others with --region and --namespace"


def is_missing(error: Exception) -> bool:
    """Does it say that there is no such function? Some actions say FunctionName, some Function."""
    return getattr(error, "code", None) in ("ResourceNotFound.Function", "ResourceNotFound.FunctionName")


def wait_until(is_done: Callable[[], bool], timeout_seconds: float, pause_seconds: float = 0.5) -> bool:
    """Ask again and again until it is so; the value is whether it came to be in time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True
