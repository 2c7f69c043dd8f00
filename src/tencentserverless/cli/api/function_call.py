"""Calls of a function, once or many times, with their results printed."""

import dataclasses
import time

from tencentserverless.cli.api.actions import Api, is_missing
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing
from tencentserverless.cli.output.failures import Failure
from tencentserverless.cli.output.number_format import percentile, show_bytes, show_ms
from tencentserverless.exception import ResourceNotFound, TencentServerlessSDKException
from tencentserverless.models import InvokeResult
from tencentserverless.scf import Client


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
                self._print(invocation.result(self.timeout_seconds))
            elif self.as_json:
                printing.answer_json({"request_id": invocation.request_id})
            else:
                printing.answer(invocation.request_id)

    def _open(self) -> Client:
        return self.target.open_client()

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
            raise

    def _not_found(self, error: ResourceNotFound) -> Exception:
        """The error to raise: if the function does not exist, one that names functions with similar names."""
        return Api(self.target).no_function(self.name, str(error.code)) if is_missing(error) else error

    def _print(self, result: InvokeResult) -> None:
        self._print_log(result.log)
        if self.as_json:
            printing.answer_json(_facts(result))
            return
        if not result:  # a function returns at least null: this one has AsyncRunEnable
            printing.remark(f"started; it runs asynchronously as request {result.function_request_id}")
            return
        printing.answer(str(result))
        parts = [
            show_ms(result.duration_ms),
            f"billed {result.billed_duration_ms:,} ms",
            show_bytes(result.memory_bytes),
            f"request {result.function_request_id or result.request_id}",
        ]
        printing.remark(", ".join(parts))

    def _print_log(self, log: str) -> None:
        if self.shows_log and log:
            printing.show_log(log)

    def _print_spread(self, walls_ms: list[float]) -> None:
        middle, high = percentile(walls_ms, 0.5), percentile(walls_ms, 0.95)
        printing.remark(f"{len(walls_ms)} calls, p50 {show_ms(middle)}, p95 {show_ms(high)}, as seen from here")


def decode_result(result: InvokeResult) -> object:
    """The value that the function returned; its text where that is not JSON."""
    try:
        return result.json()
    except ValueError:
        return str(result)


def _facts(result: InvokeResult) -> dict[str, object]:
    return {
        "result": decode_result(result),
        "request_id": result.request_id,
        "function_request_id": result.function_request_id,
        "duration_ms": result.duration_ms,
        "billed_duration_ms": result.billed_duration_ms,
        "memory_bytes": result.memory_bytes,
        "log": result.log,
    }


def _log_of(error: TencentServerlessSDKException) -> str:
    """The tail of the log in the API's answer to a failed call."""
    answer = error.response
    for key in ("Response", "Result"):
        if isinstance(answer, dict):
            answer = answer.get(key, answer)
    return str(answer.get("Log") or "") if isinstance(answer, dict) else ""
