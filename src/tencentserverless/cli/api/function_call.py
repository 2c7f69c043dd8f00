"""Calls of a function, once or many times, with their results printed."""

import contextlib
import dataclasses
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tencentserverless.cli.api.actions import Api, is_missing
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.extras import is_windows
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure
from tencentserverless.cli.output.number_format import percentile, show_ms
from tencentserverless.cli.output.results import print_result
from tencentserverless.exception import (
    FunctionLoadError,
    ResourceNotFound,
    TencentCloudSDKException,
    TencentServerlessSDKException,
)
from tencentserverless.models import Attempt, InvokeResult, Verdict
from tencentserverless.scf import Client

if TYPE_CHECKING:
    from tencentserverless.scf import Invocation

_FRAME = re.compile(r'^  File "(.+)/[^/"]+", line \d', re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function, and the parts of its result to print."""

    target: Target
    name: str
    qualifier: str
    event: object
    timeout_seconds: float | None
    shows_log: bool
    as_json: bool
    attempts: "list[Attempt]" = dataclasses.field(default_factory=list)

    def run(self, count: int) -> None:
        """Call the function ``count`` times, one call after the other, until the first failure."""
        walls_ms: list[float] = []
        with self._open() as client:
            try:
                for _ in range(count):
                    before = time.perf_counter()
                    result = self._invoke(client)
                    walls_ms.append((time.perf_counter() - before) * 1000)
                    self._print(result)
            finally:
                if count > 1 and walls_ms:
                    self._print_spread(walls_ms)

    def start(self, *, waits: bool) -> None:
        """Start an asynchronous invocation. Print its request id, or wait and print its result."""
        with self._open() as client, self.target.reached():
            try:
                invocation = client.spawn(
                    self.name,
                    self.event,
                    namespace=self.target.namespace,
                    qualifier=self.qualifier,
                    timeout=self.timeout_seconds,
                )
            except ResourceNotFound as error:
                raise self._not_found(error) from error
            except ValueError as error:  # nothing was sent: the event is too large, or the name is not valid
                raise Failure(Exit.INPUT, str(error)) from error
            if waits:
                printing.remark(f"request {invocation.request_id}")
                self._print(self._wait(invocation))
            elif self.as_json:
                printing.answer_json({"request_id": invocation.request_id})
            else:
                printing.answer(invocation.request_id)

    def _open(self) -> Client:
        return self.target.open_client(on_attempt=lambda attempt, _: self.attempts.append(attempt))

    def _invoke(self, client: Client) -> InvokeResult:
        try:
            with self.target.reached():
                return client.invoke(
                    self.name,
                    self.target.namespace,
                    "Tail" if self.shows_log else "None",
                    self.qualifier,
                    data=self.event,
                    timeout=self.timeout_seconds,
                )
        except ResourceNotFound as error:
            raise self._not_found(error) from error
        except ValueError as error:  # as in start
            raise Failure(Exit.INPUT, str(error)) from error
        except TencentServerlessSDKException as error:
            self._print_log(_log_of(error))
            if isinstance(error, FunctionLoadError):
                self._print_advice(error)
            raise
        except KeyboardInterrupt:
            raise self._interrupted() from None

    def _wait(self, invocation: "Invocation") -> InvokeResult:
        try:
            return invocation.result(self.timeout_seconds)
        except KeyboardInterrupt:
            show = f"scf invocations show {invocation.request_id} --function {self.name}{self.target.option}"
            raise Failure(Exit.INTERRUPTED, f"interrupted; {self.name} goes on; for its result, run: {show}") from None

    def _interrupted(self) -> Failure:
        """The failure after Ctrl-C, which says whether the function ran."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.executed is Verdict.NO:
            return Failure(Exit.INTERRUPTED, f"interrupted; this call of {self.name} did not run")
        words = f"interrupted; {self.name} may have run, or still run"
        return Failure(Exit.INTERRUPTED, f"{words}; to see, run: scf logs {self.name}{self.target.option}")

    def _not_found(self, error: ResourceNotFound) -> Exception:
        """The error to raise: if the function does not exist, one that names functions with similar names."""
        if not is_missing(error):
            return error
        return Api(self.target).no_function(self.name, str(error.code), str(error.message))

    def _print_advice(self, error: FunctionLoadError) -> None:
        """Print how to install a module that a function of a local SCF misses, if that is known."""
        place = _FRAME.search(error.detail)
        if place is None or not self.target.is_local or is_windows():
            return
        from tencentserverless.local.serve import find_command_of_runtime

        with contextlib.suppress(TencentCloudSDKException):  # these keys may have the right to call alone
            found = Api(self.target).call_function("GetFunction", self.name, Qualifier=self.qualifier)
            command = find_command_of_runtime(error.message or "", Path(place[1]), found["Runtime"])
            if command:
                printing.notice(command)

    def _print(self, result: InvokeResult) -> None:
        self._print_log(result.log)
        print_result(result, as_json=self.as_json)

    def _print_log(self, log: str) -> None:
        if self.shows_log and log:
            printing.show_log(log)

    def _print_spread(self, walls_ms: list[float]) -> None:
        middle, high = percentile(walls_ms, 0.5), percentile(walls_ms, 0.95)
        printing.remark(f"{len(walls_ms)} calls, p50 {show_ms(middle)}, p95 {show_ms(high)}, as seen from here")


def _log_of(error: TencentServerlessSDKException) -> str:
    """The tail of the log in the API's answer to a failed call."""
    answer = error.response
    for key in ("Response", "Result"):
        if isinstance(answer, dict):
            answer = answer.get(key, answer)
    return str(answer.get("Log") or "") if isinstance(answer, dict) else ""
