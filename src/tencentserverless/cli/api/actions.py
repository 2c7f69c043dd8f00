"""Actions of the API 3.0 of SCF other than calls: listing, logs, deploying."""

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

_PAGE = 100  # the most functions in one answer of the API
_MAX_NAMES = 1000


class Api:
    """The API at a target. Errors are those of the SDK."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def call(self, action: str, **parameters: object) -> dict[str, Any]:
        """Call an action, and return its answer without the envelope.

        :param parameters: of the action; a parameter that is None is not sent
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        only_reads = action.startswith(("Get", "List"))
        with self.target.open_client() as client, self.target.reached():
            return call_action(client, action, given, idempotent=only_reads)

    def call_function(self, action: str, name: str, **parameters: object) -> dict[str, Any]:
        """Call an action on a function of the target's namespace, and return its answer.

        :raises Failure: if there is no such function; it names the functions with similar names
        """
        try:
            return self.call(action, FunctionName=name, Namespace=self.target.namespace, **parameters)
        except TencentCloudSDKException as error:
            if not is_missing(error):
                raise
            raise self.no_function(name, str(error.code)) from error

    def no_function(self, name: str, code: str) -> "Failure":
        """The failure for a function that does not exist. It names the functions with similar names.

        :param code: the error code of the API
        """
        from tencentserverless.cli.exits import Exit
        from tencentserverless.cli.output.failures import Failure

        words = f"{code}: no function {name!r}; {self._advice(name)}; run: scf explain {code}"
        facts = {"name": "ResourceNotFound", "code": code, "executed": "no"}
        return Failure(Exit.API, words, facts=facts)

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
        """Advice on a function that does not exist: similar names, or the options that choose another place."""
        names: list[str] = []
        with contextlib.suppress(TencentCloudSDKException):  # these keys may have the right to call, but not to list
            for each in self.list_functions():
                names.append(each["FunctionName"])
                if len(names) >= _MAX_NAMES:
                    break
        place = self.target.place
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            return f"in {place} the nearest names are: {', '.join(near)}"
        if names:
            shown = names[:8] + ["..."] * (len(names) > 8)
            return f"in {place} there are: {', '.join(shown)}"
        return f"there is none in {place}; choose another place with --region and --namespace"


def is_missing(error: Exception) -> bool:
    """True if the error says that there is no such function. Some actions say FunctionName, some Function."""
    return getattr(error, "code", None) in ("ResourceNotFound.Function", "ResourceNotFound.FunctionName")


def wait_until(is_done: Callable[[], bool], timeout_seconds: float, pause_seconds: float = 0.5) -> bool:
    """Ask again and again until ``is_done``; the value is True if that was in time."""
    deadline = time.monotonic() + timeout_seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True
