"""Actions of the API 3.0 of SCF other than calls: listing, logs, deploying."""

import contextlib
import difflib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.api.target import Target
from tencentserverless.cli.extras import is_windows
from tencentserverless.exception import CallError, TencentCloudSDKException
from tencentserverless.management import call_action

if TYPE_CHECKING:
    from tencentserverless.cli.output.failures import Failure

_PAGE = 100  # the most functions in one answer of the API
_MAX_NAMES = 1000
_SHOWN_NAMESPACES = 10
_ELSEWHERE = "A function of that name exists in: "  # the words of the local SCF


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
            try:
                return call_action(client, action, given, idempotent=only_reads)
            except KeyboardInterrupt:
                if only_reads:
                    raise
                raise _interrupted(action) from None
            except CallError as error:
                from tencentserverless.cli.output.failures import mark_action

                mark_action(error, action, only_reads=only_reads)
                raise

    def call_function(self, action: str, name: str, **parameters: object) -> dict[str, Any]:
        """Call an action on a function of the target's namespace, and return its answer.

        :raises Failure: if there is no such function; it names the functions with similar names
        """
        try:
            return self.call(action, FunctionName=name, Namespace=self.target.namespace, **parameters)
        except TencentCloudSDKException as error:
            if not is_missing(error):
                raise
            raise self.no_function(name, str(error.code), str(error.message)) from error

    def no_function(self, name: str, code: str, message: str) -> "Failure":
        """The failure for a function that does not exist. It names the functions with similar names.

        :param code: the error code of the API
        :param message: the API's words
        """
        from tencentserverless.cli.exits import Exit
        from tencentserverless.cli.output.failures import Failure

        _, found, places = message.partition(_ELSEWHERE)
        advice = f"one exists in: {places.rstrip('.')}; choose it with --region and --namespace"
        if not found:
            advice = self._advice(name)
        words = f"{code}: no function {name!r}; {advice}; run: scf explain {code}"
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

    def tell_where(self) -> str:
        """Return the places that have functions, in words, for a user who sees an empty list."""
        where: dict[str, int] = {}
        if self.target.is_local and not is_windows():  # the local SCF may be in a container
            where = _count_local(self.target.url)
        with contextlib.suppress(TencentCloudSDKException):  # these keys may have the right to list functions alone
            for each in () if where else self.call("ListNamespaces", Limit=_SHOWN_NAMESPACES)["Namespaces"]:
                count = self.call("ListFunctions", Namespace=each["Name"], Limit=1)["TotalCount"]
                where[f"--region {self.target.region} --namespace {each['Name']}"] = count
        found = ", ".join(f"{options} ({count})" for options, count in where.items() if count)
        words = f"there are functions in: {found}" if found else "choose others with --region and --namespace"
        return f"no functions in {self.target.place}; {words}"

    def list_of_function(
        self, action: str, key: str, name: str, number: Callable[[int], object] = int
    ) -> list[dict[str, Any]]:
        """All items of a function that an action lists, page by page.

        :param key: of the items in the answer
        :param number: makes the form in which the action takes Offset and Limit
        """
        items: list[dict[str, Any]] = []
        while True:
            page = self.call_function(action, name, Offset=number(len(items)), Limit=number(_PAGE))
            items += page[key]
            if not page[key] or len(items) >= page["TotalCount"]:
                return items

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


def _count_local(url: str) -> dict[str, int]:
    """Count the functions of the local SCF at a URL, by the options for their place; none if it is not found."""
    from tencentserverless.local.serve import find_functions

    places = [key.split("/")[:2] for key in find_functions(url, Path(), os.environ)]
    return Counter(f"--region {region} --namespace {namespace}" for region, namespace in places)


def _interrupted(action: str) -> Exception:
    """The failure after Ctrl-C while a change was under way."""
    from tencentserverless.cli.exits import Exit
    from tencentserverless.cli.output.failures import Failure

    return Failure(Exit.INTERRUPTED, f"interrupted; {action} was under way and may be done: look before you repeat it")


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
